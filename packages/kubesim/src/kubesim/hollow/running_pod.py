"""A pod while it runs on a hollow node: its sockets, its probes, and the time it has left once it is told to go."""

import asyncio

from kubesim.hollow.pod_server import PodServer
from kubesim.hollow.pod_status import declared_ports, probed_ports
from kubesim.hollow.probes import ReadinessProbe
from kubesim.hollow.programs import Execution
from kubesim.hollow.silence import Silence
from kubesim.objects import Object


class RunningPod:
    """What one pod holds on its node."""

    def __init__(self, pod: Object, address: str, since: str, server: PodServer) -> None:
        """Take the pod, its address in the API, the time it started and its sockets."""
        self.uid: str = pod["metadata"]["uid"]
        self.address = address
        self.since = since
        self._server = server
        self._probes: dict[str, ReadinessProbe] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._told_at: float | None = None
        self.execution: Execution | None = None

    def add_probe(self, container: str, probe: ReadinessProbe) -> None:
        """Begin to probe a container."""
        self._probes[container] = probe
        self._tasks.append(asyncio.get_running_loop().create_task(probe.run()))

    def execute(self, execution: Execution) -> None:
        """Begin to run the programs of its containers."""
        self.execution = execution
        self._tasks.append(asyncio.get_running_loop().create_task(execution.run()))

    def ready(self, pod: Object) -> dict[str, bool]:
        """Which containers are ready, by name; one without a probe always is."""
        names = [container["name"] for container in pod["spec"]["containers"]]
        return {name: name not in self._probes or self._probes[name].ready for name in names}

    def open_ports(self, pod: Object, named: frozenset[int]) -> None:
        """Listen at the declared ports; a pod that declares none listens wherever somebody expects it to.

        Raises OSError when a port is taken.
        """
        self._server.open(declared_ports(pod) or probed_ports(pod) | named)

    @property
    def is_going(self) -> bool:
        """Whether it has been told to go."""
        return self._told_at is not None

    def go(self, delay: float, grace: float) -> float:
        """Tell the pod to go; seconds until to tell it again, 0 when its time is over.

        Both count from the first time: for `delay` seconds its preStop hook runs and it serves as ever, then it drains
        until `grace` seconds are over.
        """
        now = asyncio.get_running_loop().time()
        self._told_at = now if self._told_at is None else self._told_at
        since = now - self._told_at
        if since < min(delay, grace):
            return min(delay, grace) - since
        self._server.drain()
        return max(0.0, grace - since)

    async def stop(self, silence: Silence | None = None) -> None:
        """End probes and sockets; a silence takes the sockets over."""
        for task in self._tasks:
            task.cancel()
        if silence:
            self._server.fall_silent(silence)
        else:
            self._server.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
