"""A cloud and a cluster served here, the real controller as a process between them, and what users do to them."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, TypeVar

import yaml
from tests.loss.load import Load
from tests.loss.machines import ON_THE_WIRE, VPC, WORKERS, give_interfaces, node_spec, world
from tests.loss.refusals import Refusals, refusals
from tests.loss.wishes import CLUSTER, LOCAL, PORT, Mode, deployment, service

from kubesim.hollow import Hollow, NodesFile
from kubesim.server.serving import Running, serving
from kubesim.server.serving import Settings as KubeSettings
from yunqiao.cli.sandboxed.programs import Program, start
from yunqiao.cli.sandboxed.ranges import free_range
from yunqiao.cli.sandboxed.sandbox import environment
from yunqiao.model.keys import balancer_name
from yunsim import worldfile
from yunsim.products.slb.traffic import backend_key
from yunsim.serving import Server
from yunsim.serving import serving as serving_cloud

T = TypeVar("T")
SERVICES, DEPLOYMENTS, NODES = "services", "deployments.apps", "nodes"
MERGE = "application/merge-patch+json"
KEYS = {"accessKeyID": "TFRBSS1sb3Nz", "accessKeySecret": "bm8tc2VjcmV0"}
"""`LTAI-loss` and `no-secret` in base64, as the cloud-config has them."""
SOON = 15.0
BEFORE, AFTERWARDS = 0.3, 0.7
"""Seconds of load around what a test does."""
LATENCY = 0.03
"""Seconds that every call of the cloud takes."""
SLOWEST = 100.0
"""Requests a second that a load must have had to count."""
GRACE = 10.0
"""Seconds that a deleted pod goes on answering at most: its own grace is shorter."""


@dataclass(frozen=True, slots=True)
class Look:
    """Weights by instance id or address of a pod, and those of them that are healthy."""

    weights: dict[str, int]
    healthy: set[str]


@dataclass
class Site:
    """Both servers, the hollow nodes, and the controllers that run."""

    folder: Path
    cloud: Server
    cluster: Running
    hollow: Hollow
    refusals: Refusals
    controllers: list[Program] = field(default_factory=list)

    # --- controllers --------------------------------------------------------------------------------------------

    async def begin(self, *flags: str) -> Program:
        """Start a controller; it leads at once unless the flags say otherwise."""
        folder = self.folder / f"controller-{len(self.controllers)}"
        folder.mkdir()
        arguments = [
            f"--kubeconfig={self.folder / 'kubeconfig'}", f"--cloud-config={self.folder / 'cloud-config'}",
            "--configure-cloud-routes=false",  # pods have addresses of the VPC
            "--health-probe-bind-addr=0", "--metrics-bind-addr=0", *(flags or ["--leader-elect=false"]),
        ]  # fmt: skip
        self.controllers.append(await start("cloud-controller-manager", arguments, folder, environment(self.cloud.url)))
        return self.controllers[-1]

    async def end(self, *programs: Program) -> None:
        """Stop these controllers in good order, or all."""
        await asyncio.gather(*(one.stop() for one in programs or self.controllers))

    async def kill(self, program: Program) -> None:
        """SIGKILL."""
        program.process.kill()
        await program.process.wait()

    async def logs(self, program: Program, text: str) -> None:
        """Wait until a controller has logged something."""
        await self.until(f"a controller logs {text!r}", lambda: text in program.log.read_text(errors="replace"))

    # --- what users do ------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def load(
        self,
        name: str,
        mode: Mode,
        replicas: int = 3,
        *,
        annotations: Mapping[str, str] | None = None,
        pod: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[Load]:
        """Pods behind a balancer that answers, and requests to it while the block runs."""
        self.deploy(name, replicas, **(pod or {}))
        self.expose(name, mode, annotations)
        await self.available(name, replicas)
        address = await self.address(name)
        await self.answers(address)
        async with Load(address, PORT) as load:
            await asyncio.sleep(BEFORE)
            yield load
            await asyncio.sleep(AFTERWARDS)
        assert load.pace >= SLOWEST
        self.cluster.verbs.delete(SERVICES, name, "default")
        self.cluster.verbs.delete(DEPLOYMENTS, name, "default", propagation="Background")

    def deploy(self, name: str, replicas: int, **pod: Any) -> None:
        """Pods of that name; see `deployment` for what can be said of them."""
        self.cluster.verbs.create(DEPLOYMENTS, deployment(name, replicas, **pod), "default")

    def expose(self, name: str, mode: Mode, annotations: Mapping[str, str] | None = None) -> None:
        """A balancer for the pods of that name."""
        self.cluster.verbs.create(SERVICES, service(name, mode, annotations or {}), "default")

    def patch(self, resource: str, name: str, **body: Any) -> None:
        """A merge patch."""
        self.cluster.verbs.patch(resource, name, body, MERGE, "" if resource == NODES else "default")

    def roll(self, name: str) -> None:
        """Change the template of a Deployment."""
        template = {"metadata": {"annotations": {"rolled": str(time.monotonic())}}}
        self.patch(DEPLOYMENTS, name, spec={"template": template})

    def say_ready(self, node: str, status: str) -> None:
        """Set the condition Ready of a Node; its machine works all the time."""
        conditions = self.cluster.verbs.get(NODES, node)["status"]["conditions"]
        changed = [{**one, "status": status} if one["type"] == "Ready" else one for one in conditions]
        self.cluster.verbs.patch(NODES, node, {"status": {"conditions": changed}}, MERGE, subresource="status")

    def drain(self, node: str) -> None:
        """Cordon and evict, as `kubectl drain`."""
        self.patch(NODES, node, spec={"unschedulable": True})
        for pod in [pod for pod in self.pods() if pod["spec"].get("nodeName") == node]:
            self.cluster.verbs.delete("pods", pod["metadata"]["name"], "default")

    # --- what came of it ----------------------------------------------------------------------------------------

    def lost(self, load: Load, after: float = 0.0) -> list[object]:
        """What went wrong with requests sent so many seconds after the load began, or later."""
        refused = self.refusals.since(load.began + after)
        found = [*(one for one in load.failures if one.at >= after), *refused]
        if found:
            self._testify()
        return found

    def _testify(self) -> None:
        """Print what the cloud was asked of late, whether its listeners run, and the controllers' last words."""
        for call in self.cloud.cloud.journal.since(0)[-60:]:
            sys.stdout.write(f"{call.time:%H:%M:%S.%f} {call.outcome} {call.action} {call.params}\n")
        for balancer in self.cloud.cloud.world.states["slb"].load_balancers.values():
            running = {one.port: one.status for one in balancer.listeners.values()}
            sys.stdout.write(f"{balancer.id} {balancer.address} {balancer.status} {running}\n")
        for controller in self.controllers:
            sys.stdout.write(f"--- {controller.name}\n{controller.tail(30)}\n")

    def listener(self, name: str, port: int = PORT) -> dict[str, Any]:
        """Protocol and settings of a running listener of a Service's balancer; empty when there is none."""
        found = [one for one in self._balancer(name).listeners.values() if (one.port, one.status) == (port, "running")]
        return {"protocol": found[0].protocol, **found[0].settings} if found else {}

    def writes(self, name: str, since: int) -> list[str]:
        """The actions after that number of the journal that changed something at a Service's balancer."""
        own = self._balancer(name).id
        calls = self.cloud.cloud.journal.since(since)
        return [
            one.action for one in calls if one.params.get("LoadBalancerId") == own and not one.action.startswith("Desc")
        ]

    # --- what there is ------------------------------------------------------------------------------------------

    def pods(self, name: str = "") -> list[Any]:
        """The pods that are not on their way out, of one Deployment or all."""
        listed = self.cluster.verbs.list("pods", "default")["items"]
        staying = [pod for pod in listed if "deletionTimestamp" not in pod["metadata"]]
        return [pod for pod in staying if name in ("", pod["metadata"]["labels"]["app"])]

    def nodes_of(self, name: str) -> set[str]:
        """Where the pods of a Deployment run."""
        return {pod["spec"]["nodeName"] for pod in self.pods(name)}

    def backends(self, name: str) -> dict[str, int]:
        """Weights by instance id, or by address of a pod, over all groups of a Service's balancer."""
        return {_called(one): one.weight for one in self._members(name)}

    def _members(self, name: str) -> list[Any]:
        return [one for group in self._balancer(name).groups.values() for one in group.backends.values()]

    def _balancer(self, name: str) -> Any:
        uid = self.cluster.verbs.get(SERVICES, name, "default")["metadata"]["uid"]
        balancers = self.cloud.cloud.world.states["slb"].load_balancers.values()
        (found,) = [one for one in balancers if one.tags.get("kubernetes.do.not.delete") == balancer_name(uid)]
        return found

    def service(self, name: str) -> Any:
        """A Service as the API has it."""
        return self.cluster.verbs.get(SERVICES, name, "default")

    def look(self, name: str) -> Look:
        """The backends of a Service's balancer now."""
        own, health = self._balancer(name).id, self.cloud.carrying.engine.health()
        states = [pair for slot, states in health.items() if slot[0] == own for pair in states.items()]
        keys = {key for key, state in states if state == "normal"}
        healthy = {_called(one) for one in self._members(name) if backend_key(one) in keys}
        return Look(self.backends(name), healthy)

    @asynccontextmanager
    async def watched(self, name: str) -> AsyncIterator[list[Look]]:
        """Looks at the backends while the block ran, one for each change of their weights."""
        told = [self.look(name)]

        def look() -> None:
            if self.backends(name) != told[-1].weights:
                told.append(self.look(name))

        async def watch() -> None:
            while True:
                await asyncio.sleep(0.005)
                look()

        watching = asyncio.create_task(watch())
        try:
            yield told
        finally:
            watching.cancel()
            look()

    async def until(self, what: str, check: Callable[[], T], seconds: float = SOON) -> T:
        """Wait until something is so, and give it; AssertionError with the controllers' last words if it is not."""
        end = time.monotonic() + seconds
        while not (found := check()):
            if time.monotonic() > end:
                tails = "\n".join(one.tail(20) for one in self.controllers)
                raise AssertionError(f"{what}: not so after {seconds:g} s\n{tails}")
            await asyncio.sleep(0.01)
        return found

    async def available(self, name: str, replicas: int, seconds: float = SOON) -> None:
        """Wait until a rollout is done: that many pods of the newest template are available, and no other is left."""

        def done() -> bool:
            found = self.cluster.verbs.get(DEPLOYMENTS, name, "default")
            status = found.get("status") or {}
            counts = {status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")}
            current = status.get("observedGeneration") == found["metadata"]["generation"]
            pods = self._all_pods(name)
            return current and counts == {replicas} and pods == self.pods(name) and len(pods) == replicas

        await self.until(f"{replicas} pods of {name} are available, and no others", done, seconds)

    def _all_pods(self, name: str) -> list[Any]:
        listed = self.cluster.verbs.list("pods", "default")["items"]
        return [pod for pod in listed if pod["metadata"]["labels"]["app"] == name]

    def wanted(self, name: str, mode: Mode) -> set[str]:
        """Whom a Service's backends should be: every ready worker, those with ready pods, or these pods."""
        if mode is CLUSTER:
            return {f"i-{node['metadata']['name']}" for node in self.cluster.verbs.list(NODES)["items"] if _ready(node)}
        if mode is LOCAL:
            return {f"i-{pod['spec']['nodeName']}" for pod in self.pods(name) if _ready(pod)}
        return {pod["status"]["podIP"] for pod in self.pods(name) if _ready(pod)}

    async def settled(self, name: str, mode: Mode) -> None:
        """Wait until the backends are whom they should be."""
        await self.until(
            f"the backends of {name} are right", lambda: set(self.backends(name)) == self.wanted(name, mode)
        )

    async def address(self, name: str) -> str:
        """Where a Service's balancer listens on the wire, once its status has an address."""

        def published() -> str:
            status = self.cluster.verbs.get(SERVICES, name, "default").get("status") or {}
            ingress = (status.get("loadBalancer") or {}).get("ingress") or [{}]
            return str(ingress[0].get("ip", ""))

        return self.cloud.cloud.world.wire_address(await self.until(f"{name} has an address", published))

    async def answers(self, address: str, port: int = PORT) -> None:
        """Wait until requests there are answered."""
        for _ in range(100):
            async with Load(address, port, per_second=100) as first:
                await asyncio.sleep(0.1)
            if not first.failures:
                return
        raise AssertionError(f"{address}:{port} does not answer: {first.failures[-1]}")


def _called(backend: Any) -> str:
    return str(backend.server_ip or backend.server_id)


def _ready(obj: Any) -> bool:
    conditions = obj["status"].get("conditions", ())
    return any((one["type"], one["status"]) == ("Ready", "True") for one in conditions)


@asynccontextmanager
async def site(folder: Path, *, patient: bool = True) -> AsyncIterator[Site]:
    """Cloud and cluster, three workers and a machine to spare, and no controller yet.

    With `patient` health checks a new backend takes traffic when it has proved itself, as on the cloud.
    """
    (folder / "cloud-config").write_text(json.dumps({"Global": {**KEYS, "region": "cn-hangzhou"}}))
    settings = KubeSettings(tls=False, kubeconfig=folder / "kubeconfig")
    async with AsyncExitStack() as stack:
        number = stack.enter_context(free_range())
        file = worldfile.parse(yaml.safe_dump(world(number) | {"patient_health_checks": patient}))
        cloud = await stack.enter_async_context(serving_cloud(file, "127.0.0.1", 0, latency=LATENCY))
        give_interfaces(cloud)
        cluster = await stack.enter_async_context(serving(settings))
        wire = {IPv4Network(VPC): IPv4Network(ON_THE_WIRE.format(number))}
        nodes = NodesFile(wire, tuple(map(node_spec, WORKERS)))
        hollow = await stack.enter_async_context(Hollow(cluster.verbs, nodes, grace=GRACE))
        made = Site(folder, cloud, cluster, hollow, stack.enter_context(refusals()))
        stack.push_async_callback(made.end)
        yield made
