"""The real controller as a process, between a yunsim and a kubesim that are served here and held at will.

Each of three Services has the same call under way when the process is killed: one of the calls never arrives, one takes
effect before the next process starts, and one when that has begun to look, or is done.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import yaml
from tests.crash import foreign
from tests.crash.picture import difference, picture

from kubesim.server.serving import Running, serving
from kubesim.server.serving import Settings as KubeSettings
from kubesim.storage import Change
from yunqiao.cli.sandboxed.programs import Program, start
from yunqiao.cli.sandboxed.ranges import free_range
from yunqiao.cli.sandboxed.sandbox import environment
from yunqiao.controllers.services import record
from yunqiao.model.cluster import Service
from yunqiao.model.keys import balancer_name
from yunsim import worldfile
from yunsim.faults import Fault, LostAnswerError
from yunsim.serving import Server
from yunsim.serving import serving as serving_cloud

NAMES = ("one", "two", "three")
SERVICES, SLICES = "services", "endpointslices.discovery.k8s.io"
MERGE = "application/merge-patch+json"
PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
INTRANET = {PREFIX + "address-type": "intranet"}
SHIFTS = ((0, 1), (1, 2))
"""The nodes with endpoints, at first and after the change."""
"""The labels of the nodes."""
KEYS = {"accessKeyID": "TFRBSS1jcmFzaA==", "accessKeySecret": "bm8tc2VjcmV0"}
"""`LTAI-crash` and `no-secret` in base64, as the cloud-config has them."""
WRITE, LOOK = 1.0, 2.0
"""What a `slow` fault here calls the seconds for which it holds a call, which is until it is let go."""
SOON, QUIET = 20.0, 0.5
"""Seconds that anything may take, and without a call after which nothing more is expected."""
NODE_PORTS = {name: 30100 + 10 * number for number, name in enumerate(NAMES)}


def _world(network: str) -> dict[str, Any]:
    """One VPC of loopback addresses that nobody else uses now, with four instances."""
    return {
        "region": "cn-hangzhou",
        "zones": ["cn-hangzhou-h"],
        "keys": [{"id": "LTAI-crash", "secret": "no-secret"}],
        "vpcs": [{"id": "vpc-test", "cidr": f"{network}.0.0/16"}],
        "vswitches": [{"id": "vsw-test", "vpc": "vpc-test", "zone": "cn-hangzhou-h", "cidr": f"{network}.0.0/20"}],
        "virtual_node_vswitch": "vsw-test",
        "instances": [
            {"id": f"i-w{number}", "hostname": f"w{number}", "vswitch": "vsw-test", "ip": f"{network}.0.1{number}"}
            for number in range(4)
        ],
        "metadata_instance": "i-w0",
    }


@dataclass
class Gate:
    """Stands in for yunsim's sleep: a slow call waits here until it is let through, or is lost."""

    waiting: dict[float, list[asyncio.Future[None]]] = field(default_factory=lambda: {WRITE: [], LOOK: []})

    async def sleep(self, kind: float) -> None:
        here = asyncio.get_running_loop().create_future()
        self.waiting[kind].append(here)
        await here

    def lose(self, kind: float) -> None:
        """The first that waits never reaches the cloud."""
        self.waiting[kind].pop(0).set_exception(LostAnswerError())

    def let(self, kind: float, number: int | None = None) -> None:
        """So many of those that wait go on, all by default."""
        through = self.waiting[kind][:number]
        del self.waiting[kind][:number]
        for one in through:
            one.set_result(None)


@dataclass
class Site:
    """Both servers, the controller that runs now, and what its three Services should look like in the end."""

    folder: Path
    cloud: Server
    cluster: Running
    gate: Gate
    controller: Program | None = None
    expected: dict[str, object] = field(default_factory=dict)
    theirs: dict[str, str] = field(default_factory=dict)

    # --- the controller -----------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Start the controller; it leads at once."""
        arguments = [
            f"--kubeconfig={self.folder / 'kubeconfig'}", f"--cloud-config={self.folder / 'cloud-config'}",
            "--leader-elect=false", "--health-probe-bind-addr=0", "--metrics-bind-addr=0",
        ]  # fmt: skip
        self.controller = await start("cloud-controller-manager", arguments, self.folder, environment(self.cloud.url))

    async def kill(self) -> None:
        """SIGKILL: nothing that it still had in mind happens."""
        self.controller.process.kill()
        await self.controller.process.wait()

    # --- what users do ------------------------------------------------------------------------------------------

    def create(self) -> None:
        """Two ports, served by the nodes of the first shift."""
        for name in NAMES:
            self.cluster.verbs.create(SLICES, _slice(name, SHIFTS[0]), "default")
            spec = {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "ports": self._ports(name, 80, 81)}
            body = {"metadata": {"name": name, "annotations": INTRANET}, "spec": spec}
            self.cluster.verbs.create(SERVICES, body, "default")

    def change(self) -> None:
        """Another second port on another node port, and at the same time the nodes of the second shift."""
        for name in NAMES:
            endpoints = {"endpoints": _slice(name, SHIFTS[1])["endpoints"]}
            self.cluster.verbs.patch(SLICES, name, endpoints, MERGE, "default")
            self.cluster.verbs.patch(SERVICES, name, {"spec": {"ports": self._ports(name, 80, 82)}}, MERGE, "default")

    def delete(self) -> None:
        for name in NAMES:
            self.cluster.verbs.delete(SERVICES, name, "default")
            self.cluster.verbs.delete(SLICES, name, "default")

    def _ports(self, name: str, *ports: int) -> list[dict[str, Any]]:
        base = NODE_PORTS[name] - 80
        return [{"name": f"p{port}", "port": port, "nodePort": base + port, "targetPort": 80} for port in ports]

    # --- in the middle of something ------------------------------------------------------------------------------

    async def killed_while_calling(self, action: str) -> None:
        """End the process while each Service has that call under way: one is lost, one done, one still to come."""
        await self.until(f"all call {action}", lambda: len(self.gate.waiting[WRITE]) == len(NAMES))
        await self.kill()
        self.cloud.cloud.faults.remove()
        self.gate.lose(WRITE)
        self.gate.let(WRITE, 1)

    async def late_while_the_next_begins(self) -> None:
        """What is still to come arrives when the next process has listed what there is."""
        self.cloud.cloud.faults.add(Fault("slow", skip=1, seconds=LOOK))
        await self.begin()
        await self.until("the next one has listed what there is, and goes on", lambda: bool(self.gate.waiting[LOOK]))
        self.gate.let(WRITE)
        self.cloud.cloud.faults.remove()
        await asyncio.sleep(0)
        self.gate.let(LOOK)

    async def late_when_all_is_done(self, chapter: str) -> None:
        """What is still to come arrives when the next process is done; the one after that finds it."""
        await self.begin()
        await self.ends_as(chapter, f"{chapter}, with a call still to come")
        self.gate.let(WRITE)
        await self.kill()
        await self.begin()

    async def killed_before(self, path: str) -> None:
        """End the process while it waits for the answer to a patch that never arrives."""
        (fault,) = self.cluster.server.faults.ordered
        await self.until(f"all patch {path}", lambda: fault.met >= len(NAMES))
        await self.kill()
        self.cluster.server.faults.clear()
        await self.begin()

    def calm(self) -> None:
        """No trouble any more, whatever a test has left."""
        self.cloud.cloud.faults.remove()
        self.cluster.server.faults.clear()
        for kind in self.gate.waiting:
            self.gate.let(kind)

    def writes(self) -> list[str]:
        """The actions so far that change something."""
        return [one.action for one in self.cloud.cloud.journal.entries if not one.action.startswith("Describe")]

    def hold(self, action: str) -> None:
        """Let the next such call of each Service wait on its way to the cloud."""
        self.cloud.cloud.faults.add(Fault("slow", action=action, seconds=WRITE, count=len(NAMES)))

    def hang(self, path: str) -> None:
        """Let no patch of such a path arrive."""
        wanted = {"kind": "hang", "method": "PATCH", "path": path, "count": 0}
        self.cluster.server.faults.order(wanted)

    @contextmanager
    def killing_at(self, is_it: Callable[[Change], bool]) -> Iterator[list[Change]]:
        """SIGKILL in the very moment at which such a change is stored, before its answer is on the way."""
        seen: list[Change] = []

        def follow(change: Change) -> None:
            if not seen and change.resource == SERVICES and is_it(change):
                seen.append(change)
                self.controller.process.kill()

        self.cluster.verbs.storage.followers.append(follow)
        try:
            yield seen
        finally:
            self.cluster.verbs.storage.followers.remove(follow)

    # --- what there is ------------------------------------------------------------------------------------------

    def shown(self) -> object:
        """The picture of cloud and Services; UIDs, and the digests over them, differ by nature."""
        found = {name: self._service(name) for name in NAMES}
        uids = {one.metadata.uid: name for name, one in found.items() if one is not None}
        called = {uid: f"uid of {name}" for uid, name in uids.items()}
        called |= {balancer_name(uid): f"balancer of {name}" for uid, name in uids.items()}
        services = {name: one and _without_digest(one) for name, one in found.items()}
        return picture(self.cloud.cloud.world, services, called)

    def _service(self, name: str) -> Service | None:
        listed = self.cluster.verbs.list(SERVICES, "default")["items"]
        found = [one for one in listed if one["metadata"]["name"] == name]
        return msgspec.json.decode(json.dumps(found[0]), type=Service) if found else None

    async def until(self, what: str, check: Callable[[], bool]) -> None:
        """Wait until something is so; tells the end of the controller's log when it is not so in time."""
        try:
            async with asyncio.timeout(SOON):
                while not check():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"{what}: not so after {SOON:g} s\n{self.controller.tail(30)}") from None

    async def settled(self, chapter: str) -> None:
        """Wait until every note is clean and no call came for a while: so the chapter should end."""
        journal, last, since = self.cloud.cloud.journal, -1, 0.0

        def at_rest() -> bool:
            nonlocal last, since
            now = time.monotonic()
            last, since = journal.last, now if journal.last != last else since
            return now - since > QUIET and all(self._at_rest(name) for name in NAMES)

        await self.until(f"all is quiet when {chapter}", at_rest)
        self.expected[chapter] = self.shown()

    def _at_rest(self, name: str) -> bool:
        service = self._service(name)
        if service is None or service.metadata.deletion_timestamp is not None:
            return service is None
        note = record.read(service)
        return bool(note.applied) and not note.dirty

    async def ends_as(self, chapter: str, story: str) -> None:
        """Wait until everything is as it was when nothing went wrong, and nothing of others was touched."""
        try:
            await self.until(story, lambda: self.shown() == self.expected[chapter])
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{difference(self.shown(), self.expected[chapter])}") from None
        assert foreign.theirs(self.cloud.cloud.world) == self.theirs, f"{story}: something of others was touched"


def _without_digest(service: Service) -> Service:
    notes = service.metadata.annotations
    if "yunqiao/record" in notes:
        note = json.loads(notes["yunqiao/record"])
        notes = {**notes, "yunqiao/record": json.dumps({**note, "applied": bool(note.get("applied"))})}
    return msgspec.structs.replace(service, metadata=msgspec.structs.replace(service.metadata, annotations=notes))


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    """Cloud and cluster, with nodes of which two work in each shift, and no controller yet."""
    (folder / "cloud-config").write_text(json.dumps({"Global": {**KEYS, "region": "cn-hangzhou"}}))
    settings = KubeSettings(tls=False, kubeconfig=folder / "kubeconfig")
    async with AsyncExitStack() as stack:
        file = worldfile.parse(yaml.safe_dump(_world(f"127.{stack.enter_context(free_range())}")))
        cloud = await stack.enter_async_context(serving_cloud(file, "127.0.0.1", 0))
        cluster = await stack.enter_async_context(serving(settings))
        gate = Gate()
        cloud.cloud.sleep = gate.sleep
        cloud.cloud.world.clock.freeze()
        foreign.settle_in(cloud.cloud.world)
        made = Site(folder, cloud, cluster, gate, theirs=foreign.theirs(cloud.cloud.world))
        for number in range(4):
            cluster.verbs.create("nodes", _node(number))
        try:
            yield made
        finally:
            if made.controller is not None and made.controller.process.returncode is None:
                await made.kill()


def _slice(name: str, nodes: tuple[int, ...]) -> dict[str, Any]:
    """The endpoints of a Service, one on each of these nodes."""
    endpoints = [
        {"addresses": [f"10.1.{node}.1"], "conditions": {"ready": True}, "nodeName": f"w{node}"} for node in nodes
    ]
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4", "endpoints": endpoints, "ports": [{"name": "p80", "port": 80}],
    }  # fmt: skip


def _node(number: int) -> dict[str, Any]:
    return {
        "metadata": {"name": f"w{number}"},
        "spec": {"providerID": f"cn-hangzhou.i-w{number}"},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
