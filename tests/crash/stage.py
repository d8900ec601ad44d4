"""Two Services, the cloud, and the controller between them, which may end at any call and begin anew.

The controller's own story and plan run here unchanged; the network and the clock are the test's.
`before_event` has what users do just before an event of that number.
"""

import asyncio
import contextlib
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace
from tests.core.conftest import CLUSTER, LAG, SOON, UID, Cluster, Ended, Time, annotated, new_world
from tests.crash.weather import ANSWERS, Weather

from yunqiao.cloud.codes import outcome
from yunqiao.controllers.services.known import VERIFY_EVERY
from yunqiao.controllers.services.reconcile import Services
from yunqiao.controllers.services.rules import Rules
from yunqiao.controllers.services.site import Site
from yunqiao.engine.loop import REFUSED_AFTER
from yunqiao.model.cluster import Condition, Metadata, Node, NodeSpec, NodeStatus, Service, ServicePort, ServiceSpec
from yunqiao.model.errors import Fault, Lost, NotYet, Refused, Stale, Trouble
from yunqiao.model.snapshot import Snapshot
from yunqiao.model.step import Call, Patch
from yunsim.dispatch import perform
from yunsim.errors import ApiError
from yunsim.world import SteppedClock, World

NGINX, APACHE = "default/nginx", "shop/apache"
UIDS = {NGINX: UID, APACHE: "77777777-93ab-4a6e-a8b9-1c2d3e4f5a6b"}
THEIR_FINALIZER = "example.com/their-own"
TURNS = 80
"""More turns than any change takes, every trouble included."""


@dataclass
class Life:
    """One process of the controller: nothing that it still had in mind happens once it has ended."""

    services: Services
    due: dict[str, float] = field(default_factory=dict)
    """When each Service comes up next; a retry comes soon, so that nothing settles before it."""
    alive: bool = True

    def add(self, key: str, at: float) -> None:
        """Of several wishes the earliest holds."""
        self.due[key] = min(self.due.get(key, float("inf")), at)


@dataclass
class Stage:
    """`clusters` has each Service as Kubernetes holds it, `bugs` what the controller raised that is no Trouble."""

    time: Time = field(default_factory=Time)
    world: World = field(default_factory=new_world)
    clusters: dict[str, Cluster] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    weather: Weather = field(default_factory=Weather)
    calls: list[Call] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    bugs: list[BaseException] = field(default_factory=list)
    meddled: set[str] = field(default_factory=set)
    before_event: dict[int, Callable[[], None]] = field(default_factory=dict)
    _past: list[tuple[float, bytes]] = field(default_factory=list)
    _late: list[tuple[int, float, Callable[[], None]]] = field(default_factory=list)
    _stale_until: float = float("-inf")
    _unseen: dict[str, tuple[float, Service | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world.clock = SteppedClock(frozen_at=datetime(2026, 1, 1, tzinfo=UTC))  # equal things are equal in full
        self.restart()

    # --- the process --------------------------------------------------------------------------------------------

    def restart(self) -> None:
        """A new process: it has listed every Service, and knows nothing else."""
        self._unseen.clear()
        services = Services(Site(
            self._snapshot, self._patch, self._send, lambda *said: self.told.append(" ".join(said[1:])),
            Rules(CLUSTER, vpc_id="vpc-test", vswitch_ids=("vsw-test",)), self.time, trusts_records=True,
        ))  # fmt: skip
        self.life = Life(services)
        self.wake()

    def wake(self, *keys: str) -> None:
        """The watch has shown that something changed about these Services (none named: all)."""
        for key in keys or self.clusters:
            self.life.add(key, self.time.now())

    async def settle(self) -> None:
        """Work until nothing is due soon."""
        for _ in range(TURNS):
            due = self.life.due
            if not due or (first := min(due.values())) > self.time.now() + SOON:
                return
            self.time.time = max(self.time.now(), first)
            await self._turns([key for key, when in due.items() if when <= self.time.now()])
        raise AssertionError(f"it never settled; the last calls: {[call.why for call in self.calls[-8:]]}")

    async def verify(self) -> list[str]:
        """Let every Service be looked at once more, as happens within the hour; what was written for that."""
        self.time.time += VERIFY_EVERY
        written = len(self.written)
        self.wake()
        await self.settle()
        return self.written[written:]

    async def _turns(self, keys: list[str]) -> None:
        """All that is due, side by side; one process ends for all of them."""
        life = self.life
        for key in keys:
            del life.due[key]
        ends = await asyncio.gather(*(self._turn(life, key) for key in keys), return_exceptions=True)
        if self._stale_until == float("inf"):
            self._stale_until = float("-inf")
        self.bugs += [end for end in ends if isinstance(end, BaseException) and not isinstance(end, Ended)]
        if not life.alive:
            self.restart()

    async def _turn(self, life: Life, key: str) -> None:
        """As the engine's loop does it; what it would call a bug of ours goes to the caller."""
        try:
            after = await life.services.reconcile(key)
        except NotYet as trouble:
            after = trouble.after
        except Refused as trouble:
            life.services.report(key, trouble)
            after = REFUSED_AFTER
        except Trouble:
            after = 1.0
        if after is not None:
            life.add(key, self.time.now() + after)

    async def _event(self, what: str) -> str:
        """The next call or write leaves the process; the trouble that it meets."""
        life = self.life
        await asyncio.sleep(0)  # the other Service's turn
        if not life.alive:
            raise Ended
        if (wish := self.before_event.pop(self.weather.count, None)) is not None:
            wish()
        trouble = self.weather.next(what)
        self._arrive()
        if trouble.startswith("ended"):
            life.alive = False
        if trouble == "ended before":
            raise Ended
        if trouble == "lost before":
            raise Lost("the connection ended")
        return trouble

    # --- the cloud ----------------------------------------------------------------------------------------------

    async def _send(self, call: Call) -> dict[str, Any]:
        trouble = await self._event(call.action)
        self.calls.append(call)
        self.written += [f"{call.action}: {call.why}"] if call.write else []
        if trouble in ANSWERS:
            raise outcome(Fault(call.action, *ANSWERS[trouble], "request-id"), call.product)
        if trouble.startswith("stale"):
            self._stale_until = float("inf") if trouble == "stale" else self.time.now() + LAG
        if "late" in trouble and call.write:
            self._delay(trouble, lambda: self._answer(call))
            reply = {}
        else:
            reply = self._answer(call)
        self._end(trouble)
        return reply

    def _delay(self, trouble: str, effect: Callable[[], object]) -> None:
        self._late.append((self.weather.count + int(trouble.split()[-1]), self.time.now() + LAG, effect))

    def _end(self, trouble: str) -> None:
        """What the process hears of an event that took effect, or will."""
        if not self.life.alive:
            raise Ended
        if trouble == "lost after" or trouble.startswith("late"):
            raise Lost("the connection ended")

    def _answer(self, call: Call) -> dict[str, Any]:
        if call.write:
            self._remember()
        elif self.time.now() < self._stale_until:
            return self._old(call)
        return self._perform(call)

    def _perform(self, call: Call) -> dict[str, Any]:
        try:
            return perform(self.world, call.product, call.action, {"RegionId": self.world.region, **call.params})
        except ApiError as error:
            fault = Fault(call.action, error.status, error.code, error.message, "request-id")
            raise outcome(fault, call.product) from None

    def _remember(self) -> None:
        if any(trouble.startswith("stale") for trouble in self.weather.troubles.values()):
            self._past.append((self.time.now(), pickle.dumps(self.world.states["slb"])))

    def _old(self, call: Call) -> dict[str, Any]:
        """The answer from before every write of the last LAG seconds."""
        before = next((past for when, past in self._past if when >= self.time.now() - LAG), None)
        if before is None:
            return self._perform(call)
        now, self.world.states["slb"] = self.world.states["slb"], pickle.loads(before)
        try:
            return self._perform(call)
        finally:
            self.world.states["slb"] = now

    def _arrive(self) -> None:
        """Calls that were under way for long take effect; nobody waits for their answers."""
        due = [late for late in self._late if late[0] < self.weather.count or late[1] <= self.time.now()]
        self._late = [late for late in self._late if late not in due]
        for _, _, effect in due:
            with contextlib.suppress(Trouble):
                effect()

    def let_arrive(self) -> None:
        """Wait until no call is under way any more, and every watch and read shows what is there."""
        self.time.time += LAG
        self._arrive()

    # --- Kubernetes ---------------------------------------------------------------------------------------------

    def _snapshot(self, key: str) -> Snapshot | None:
        until, old = self._unseen.get(key, (float("-inf"), None))
        snapshot = self.clusters[key].snapshot(key)
        if self.time.now() < until and old is not None:
            return Snapshot(old, (), snapshot.candidates if snapshot else ())
        return snapshot

    async def _patch(self, patch: Patch) -> None:
        key = f"{patch.namespace}/{patch.name}"
        cluster = self.clusters[key]
        trouble = await self._event(f"patch of {key}")
        if trouble in ("throttled", "busy", "unavailable"):
            raise NotYet("too many requests")
        if trouble == "failed":
            raise Lost("internal error")
        if trouble == "conflict" and cluster.service is not None:
            self.meddle(key)
        if trouble == "unseen":
            self._unseen[key] = (self.time.now() + LAG, cluster.service)
        self.written.append(f"patch: {patch.why}")
        if "late" in trouble:
            self._delay(trouble, lambda: self._store(cluster, patch))
        else:
            self._store(cluster, patch)
        self._end(trouble)

    def _store(self, cluster: Cluster, patch: Patch) -> None:
        """The API server takes a patch: at once, so its coroutine never waits."""
        if cluster.service is None:
            raise Stale("not found")
        with contextlib.suppress(StopIteration):
            cluster.patch(patch).send(None)

    def meddle(self, key: str) -> None:
        """Somebody else adds a finalizer and a label."""
        self.meddled.add(key)
        meta = self.clusters[key].service.metadata
        finalizers = [*meta.finalizers, *({THEIR_FINALIZER} - set(meta.finalizers))]
        self._change(key, finalizers=finalizers, labels={**meta.labels, "their": "label"})

    def kept(self) -> bytes:
        """All that outlives a process: the cloud as it is, Services and nodes as they go over the wire."""
        services = {key: msgspec.json.encode(one.service) for key, one in self.clusters.items()}
        return pickle.dumps((self.world, services, list(map(msgspec.json.encode, self.nodes)), self.time.now()))

    @classmethod
    def restored(cls, kept: bytes) -> "Stage":
        """The same cloud and Services anew, with a new process."""
        world, services, nodes, now = pickle.loads(kept)
        stage = cls(world=world, nodes=[msgspec.json.decode(one, type=Node) for one in nodes])
        for key, text in services.items():
            stage.clusters[key] = Cluster(msgspec.json.decode(text, type=Service), stage.nodes)
        stage.time.time = now
        stage.restart()
        return stage

    def unmeddle(self) -> None:
        """Both must still be there; then they are taken away by whom they belong to."""
        for key in self.meddled:
            meta = self.clusters[key].service.metadata
            assert THEIR_FINALIZER in meta.finalizers, f"{key} has lost a finalizer of others"
            assert "their" in meta.labels, f"{key} has lost a label of others"
            labels = {name: text for name, text in meta.labels.items() if name != "their"}
            self._change(key, finalizers=[one for one in meta.finalizers if one != THEIR_FINALIZER], labels=labels)
            self.clusters[key]._store(self.clusters[key].service)
        self.meddled.clear()

    def _change(self, key: str, **metadata: Any) -> None:
        cluster = self.clusters[key]
        version = str(int(cluster.service.metadata.resource_version) + 1)
        meta = replace(cluster.service.metadata, resource_version=version, **metadata)
        cluster.service = replace(cluster.service, metadata=meta)

    # --- what users do ------------------------------------------------------------------------------------------

    def apply(self, key: str, uid: str = "", **spec: Any) -> None:
        """Create a Service of one port, or change its spec."""
        namespace, name = key.split("/")
        if key not in self.clusters or self.clusters[key].service is None:
            meta = Metadata(name=name, namespace=namespace, uid=uid or UIDS[key], resource_version="1",
                            annotations=annotated(address_type="intranet"))  # fmt: skip
            made = ServiceSpec(type="LoadBalancer", ports=[ServicePort(port=80, node_port=_node_port(key))])
            self.clusters[key] = Cluster(Service(metadata=meta, spec=made), self.nodes)
        self._change(key)
        self.clusters[key].ask(**spec)
        self.wake(key)

    def annotate(self, key: str, **annotations: str) -> None:
        """Add annotations, as kubectl annotate does: the others stay."""
        given = {**self.clusters[key].service.metadata.annotations, **annotated(**annotations)}
        self._change(key, annotations=given)
        self.wake(key)

    def delete(self, key: str) -> None:
        """Ask for a Service to go; a second time changes nothing."""
        service = self.clusters[key].service
        if service is not None and service.metadata.deletion_timestamp is None:
            self._change(key)
            self.clusters[key].delete()
            self.wake(key)

    def put_nodes(self, *numbers: int) -> None:
        """These are the nodes of the cluster from now on."""
        self.nodes[:] = [_node(number) for number in numbers]
        self.wake()


def _node_port(key: str) -> int:
    return 30080 if key == NGINX else 30090


def _node(number: int) -> Node:
    return Node(
        metadata=Metadata(name=f"w{number}"),
        spec=NodeSpec(provider_id=f"cn-hangzhou.i-w{number}"),
        status=NodeStatus(conditions=[Condition(type="Ready", status="True")]),
    )
