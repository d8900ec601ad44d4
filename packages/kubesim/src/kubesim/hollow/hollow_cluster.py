"""Everything hollow together: the controllers of a control plane, and nodes without machines.

async with Hollow(verbs, nodes_file.load(None)) as hollow:
    ...                                   # deployments become pods, and the pods answer
    await hollow.stop_node("worker-1")    # the machine dies: NotReady, silent
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from kubesim.api.verbs import Verbs
from kubesim.hollow import nodes_file
from kubesim.hollow.broadcast_jobs import BroadcastJobs
from kubesim.hollow.cluster import Cluster
from kubesim.hollow.controller import Controller
from kubesim.hollow.core_endpoints import CoreEndpoints
from kubesim.hollow.daemonsets import DaemonSets
from kubesim.hollow.deployments import Deployments
from kubesim.hollow.endpointslices import EndpointSlices
from kubesim.hollow.homes import Place
from kubesim.hollow.kubelet import LEASE_NAMESPACE
from kubesim.hollow.node_lifecycle import NodeLifecycle
from kubesim.hollow.nodes import Nodes
from kubesim.hollow.nodes_file import NodesFile, NodeSpec
from kubesim.hollow.programs import Program
from kubesim.hollow.replicasets import ReplicaSets
from kubesim.hollow.scheduler import Scheduler
from kubesim.hollow.wire import Wire

GRACE = 2.0
"""Seconds that a deleted pod goes on answering at most."""


class Hollow:
    """A control plane and its nodes; use it with `async with`, or `start` and `close`."""

    def __init__(
        self,
        verbs: Verbs,
        nodes: NodesFile,
        *,
        grace: float = GRACE,
        lowest_port: int | None = None,
        server: Place | None = None,
        programs: Mapping[str, Program] | None = None,
    ) -> None:
        """Take the API and the nodes; `grace` in seconds; `lowest_port` that may be bound is found out if None.

        `server` is where the API server listens: machines that have a network of their own are heard of from there.
        `programs` are what containers run, by image; all others run nothing, for ever.
        """
        self.wire = Wire(nodes.wire, lowest_port=lowest_port)
        self._file = nodes
        self._grace = grace
        self._server = server
        self._programs = programs or {}
        self._cluster = Cluster(verbs)
        self._tasks: list[asyncio.Task[None]] = []
        self._nodes: Nodes

    async def start(self) -> None:
        """Start the controllers, then every node of the file."""
        self._cluster.ensure_namespace(LEASE_NAMESPACE)
        self._cluster.load()
        self._nodes = Nodes(self._cluster, self.wire, grace=self._grace, server=self._server, programs=self._programs)
        kinds = (
            NodeLifecycle,
            Scheduler,
            Deployments,
            ReplicaSets,
            DaemonSets,
            BroadcastJobs,
            EndpointSlices,
            CoreEndpoints,
        )
        controllers: list[Controller] = [kind(self._cluster).controller for kind in kinds]
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(each.run()) for each in (*controllers, self._nodes.proxy.controller)]
        self._tasks.append(loop.create_task(self._cluster.follow()))
        for spec in self._file.nodes:
            self._nodes.start(spec)

    async def wait(self) -> None:
        """Wait for ever; raises what stopped a part that should never stop."""
        await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """Stop everything: no socket and no task remains."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._nodes.close()
        await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def add_node(self, spec: NodeSpec) -> None:
        """Start one more node. Raises StatusError when it cannot register."""
        self._nodes.start(spec)

    async def stop_node(self, name: str, *, noticed_after: float = 0.0, silently: bool = False) -> None:
        """Let a node's machine die: nothing on it answers, and its Node is not ready. Raises KeyError.

        Its ports refuse, or, silently, let everybody wait as a machine without power does. The control plane notices
        after so many seconds (--node-monitor-grace-period, 50 in a real one).
        """
        self._spec(name)
        await self._nodes.halt(name, silently=silently)
        self._nodes.notice(name, noticed_after)

    def start_node(self, name: str) -> None:
        """Start a stopped node again. Raises KeyError."""
        self._nodes.start(self._spec(name))

    async def restart_node(self, name: str) -> None:
        """Stop a node's machine and start it again, too quickly for anybody to notice. Raises KeyError."""
        await self._nodes.halt(name)
        self._nodes.start(self._spec(name))

    async def remove_node(self, name: str) -> None:
        """Stop a node's machine for good and delete its Node, and with it its pods. Raises KeyError."""
        self._spec(name)
        await self._nodes.halt(name)
        del self._nodes.specs[name]
        self._cluster.delete("nodes", ("", name))

    async def move_node(self, spec: NodeSpec) -> None:
        """Let the machine of that name come up elsewhere: its Node goes and registers anew. Raises KeyError."""
        await self.remove_node(spec.name)
        self.add_node(spec)

    def _spec(self, name: str) -> NodeSpec:
        try:
            return self._nodes.specs[name]
        except KeyError:
            known = ", ".join(sorted(self._nodes.specs))
            raise KeyError(f"no hollow node is called {name!r}; there are {known}") from None


async def run(verbs: Verbs, nodes: Path | None = None, *, grace: float = GRACE) -> None:
    """Run the nodes of that file (or the default ones) and all controllers until cancelled.

    Raises NodesFileError and OSError for a file that cannot be used.
    """
    async with Hollow(verbs, nodes_file.load(nodes), grace=grace) as hollow:
        await hollow.wait()
