"""The node controller between the simulated cloud and the simulated API server, in one process, on a clock of its own.

`Cloud` is a Send into a World, with troubles to order. `Cluster` holds Nodes as the API server does: patches, their
preconditions and their conflicts are real. `Bench` runs the controller between them, which can end and begin anew.
"""

import contextlib
import copy
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
import pytest

from kubesim.api.patching import STRATEGIC_PATCH
from kubesim.api.verbs import Verbs
from kubesim.errors import StatusError
from yunqiao.cloud.codes import outcome
from yunqiao.cloud.instances import Instances
from yunqiao.controllers.nodes.kinds import UNINITIALIZED
from yunqiao.controllers.nodes.reconcile import Nodes
from yunqiao.controllers.nodes.rules import Rules
from yunqiao.controllers.nodes.site import Site
from yunqiao.engine import batches
from yunqiao.engine.queue import Queue
from yunqiao.kube.wire import Request, trouble
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Fault, Lost, Trouble
from yunqiao.model.kubernetes import NODE
from yunqiao.model.step import Call, Deletion, Patch
from yunsim.dispatch import perform
from yunsim.errors import ApiError
from yunsim.products.ecs.state import Instance
from yunsim.products.ecs.state import State as EcsState
from yunsim.products.vpc.state import State as VpcState
from yunsim.world import World

REGION, VPC = "cn-hangzhou", "vpc-test"
LAG = 3.0
"""Seconds by which a look may be old, and a call may be late."""
TAINT = {"key": UNINITIALIZED, "value": "true", "effect": "NoSchedule"}


class Ended(BaseException):
    """The process ends here."""


class Time:
    """A model.clock.Clock that only the test moves."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)


def new_world() -> World:
    world = World(states={"ecs": EcsState(), "vpc": VpcState()})
    vpc = world.states["vpc"].add_vpc(world, "10.0.0.0/8", own_id=VPC)
    world.states["vpc"].add_vswitch(world, vpc.id, "10.0.0.0/16", "cn-hangzhou-h", own_id="vsw-test")
    return world


@dataclass
class Cloud:
    """A Send into a World; `troubles` has one for each call.

    They are "", lost-before, lost-after, ended-before, ended-after, throttled, late (a write takes effect LAG seconds
    after its sender gave up) and old (a look shows what there was LAG seconds ago).
    """

    time: "Time"
    world: World = field(default_factory=new_world)
    troubles: list[str] = field(default_factory=list)
    failing: dict[str, BaseException] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    _past: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    _late: list[tuple[float, Call]] = field(default_factory=list)

    def remember(self) -> None:
        """What there is now is what an old look, if one is ordered, shows for LAG seconds from now on."""
        if "old" in self.troubles:
            self._past = [*self._past[-20:], (self.time.now(), copy.deepcopy(self.world.states))]

    def set_status(self, own_id: str, status: str) -> None:
        """A machine is Stopped, or is Running again."""
        self.remember()
        self.world.states["ecs"].instances[own_id].status = status

    def add(self, own_id: str, **more: Any) -> Instance:
        self.remember()
        made: Instance = self.world.states["ecs"].add_instance(self.world, "vsw-test", own_id=own_id, **more)
        return made

    def release(self, own_id: str) -> None:
        self.set_status(own_id, "Stopped")
        perform(self.world, "ecs", "DeleteInstance", {"RegionId": REGION, "InstanceId": own_id})

    async def send(self, call: Call) -> dict[str, Any]:
        self._arrive()
        self.calls.append(call)
        ordered = self.troubles.pop(0) if self.troubles else ""
        if call.action in self.failing:
            raise self.failing[call.action]
        if ordered == "ended-before":
            raise Ended
        if ordered == "throttled":
            raise outcome(Fault(call.action, 400, "Throttling.User", "too fast", "request-id"), call.product)
        if ordered == "late" and call.write:
            self._late.append((self.time.now() + LAG, call))
        if ordered == "lost-before" or (ordered == "late" and call.write):
            raise Lost("the connection ended")
        reply = self._old(call) if ordered == "old" and not call.write else self._answer(call)
        if ordered == "lost-after":
            raise Lost("the connection ended")
        if ordered == "ended-after":
            raise Ended
        return reply

    def count(self, action: str) -> int:
        return sum(call.action == action for call in self.calls)

    def _arrive(self) -> None:
        """Calls whose sender has long given up reach the cloud."""
        due = [call for when, call in self._late if when <= self.time.now()]
        self._late = [(when, call) for when, call in self._late if when > self.time.now()]
        for call in due:
            with contextlib.suppress(Trouble):  # nobody waits for it
                self._answer(call)

    def _old(self, call: Call) -> dict[str, Any]:
        since = [states for when, states in self._past if when >= self.time.now() - LAG]
        now, self.world.states = self.world.states, since[0] if since else self.world.states
        try:
            return self._answer(call)
        finally:
            self.world.states = now

    def _answer(self, call: Call) -> dict[str, Any]:
        if call.write:
            self.remember()
        try:
            reply = perform(self.world, call.product, call.action, call.params)
        except ApiError as error:
            fault = Fault(call.action, error.status, error.code, error.message, "request-id")
            raise outcome(fault, call.product) from None
        if self.hidden and "Instances" in reply:
            shown = [one for one in reply["Instances"]["Instance"] if one["InstanceId"] not in self.hidden]
            reply["Instances"]["Instance"] = shown
        return reply


@dataclass
class Cluster:
    """Nodes as the API server holds them; `troubles` has one for each write."""

    verbs: Verbs = field(default_factory=Verbs)
    troubles: list[str] = field(default_factory=list)
    writes: list[Patch | Deletion] = field(default_factory=list)
    before_write: Any = None
    _cache: dict[str, Node] = field(default_factory=dict)
    _frozen: bool = False
    _reads: dict[tuple[str, str], Node] = field(default_factory=dict)

    def join(
        self,
        name: str,
        ip: str = "",
        *,
        provider_id: str = "",
        uuid: str = "",
        ready: str = "True",
        taints: tuple[dict[str, str], ...] = (TAINT,),
        **metadata: Any,
    ) -> None:
        spec: dict[str, Any] = {"taints": list(taints)}
        spec |= {"providerID": provider_id} if provider_id else {}
        addresses = [{"type": "InternalIP", "address": ip}, {"type": "Hostname", "address": name}] if ip else []
        status = {
            "conditions": [{"type": "Ready", "status": ready}],
            "addresses": addresses,
            "nodeInfo": {"systemUUID": uuid},
        }
        self.verbs.create("nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, **metadata},
                                    "spec": spec, "status": status})  # fmt: skip

    def change(self, name: str, body: dict[str, Any], subresource: str = "") -> None:
        self.verbs.patch("nodes", name, body, STRATEGIC_PATCH, subresource=subresource)

    def hear(self, name: str, ready: str) -> None:
        """What is heard of a kubelet from now on: True, False or Unknown."""
        self.change(name, {"status": {"conditions": [{"type": "Ready", "status": ready}]}}, "status")

    def raw(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.verbs.get("nodes", name)
        return found

    def names(self) -> list[str]:
        return [one["metadata"]["name"] for one in self.verbs.list("nodes")["items"]]

    def freeze(self) -> None:
        """From now on the cache shows what there is now, whatever happens."""
        self.all()
        self._frozen = True

    def thaw(self) -> None:
        self._frozen = False

    def all(self) -> list[Node]:
        if not self._frozen:
            self._cache = {}
            for one in self.verbs.list("nodes")["items"]:
                self._cache[one["metadata"]["name"]] = self._read(one)
        return list(self._cache.values())

    def get(self, name: str) -> Node | None:
        if self._frozen:
            return self._cache.get(name)
        try:
            return self._read(self.raw(name))
        except StatusError:
            return None

    def _read(self, raw: dict[str, Any]) -> Node:
        """Each version of an object is read once, as a cache does."""
        version = (raw["metadata"]["uid"], raw["metadata"]["resourceVersion"])
        if version not in self._reads:
            self._reads[version] = msgspec.convert(raw, Node)
        return self._reads[version]

    async def patch(self, step: Patch) -> Node:
        request = Request("patch", NODE, "", step.name, step.subresource, body=step.body, strategic=step.strategic)
        body = json.loads(json.dumps(step.body))
        write = partial(self.verbs.patch, "nodes", step.name, body, STRATEGIC_PATCH, subresource=step.subresource)
        return msgspec.convert(self._written(step, request, write), Node)

    async def delete(self, step: Deletion) -> None:
        request = Request("delete", NODE, "", step.name)
        here = {"uid": step.uid, "resource_version": step.resource_version}
        self._written(step, request, partial(self.verbs.delete, "nodes", step.name, **here))

    def _written(self, step: Patch | Deletion, request: Request, write: Any) -> dict[str, Any]:
        if self.before_write is not None:
            self.before_write(step)
        ordered = self.troubles.pop(0) if self.troubles else ""
        if ordered == "ended-before":
            raise Ended
        if ordered == "lost-before":
            raise Lost("the API server does not answer")
        try:
            answer: dict[str, Any] = write()
        except StatusError as error:
            raise trouble(request, error.code, json.dumps(error.status()).encode()) from None
        self.writes.append(step)
        if ordered == "lost-after":
            raise Lost("the API server does not answer")
        if ordered == "ended-after":
            raise Ended
        return answer


@dataclass
class Bench:
    """Cloud, cluster and the controller between them."""

    time: Time = field(default_factory=Time)
    cloud: Cloud = field(init=False)
    cluster: Cluster = field(default_factory=Cluster)
    rules: Rules = field(default_factory=lambda: Rules(REGION, VPC))
    told: list[tuple[str, str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cloud = Cloud(self.time)
        self.restart()

    def restart(self) -> None:
        """A new process, or a new leader: it knows nothing but what the cache shows."""

        def tell(node: Node, kind: str, reason: str, text: str) -> None:
            self.told.append((node.metadata.name, kind, reason, text))

        cluster = self.cluster
        today = lambda: datetime(2026, 1, 1, tzinfo=UTC)  # noqa: E731
        self.site = Site(cluster.all, cluster.get, cluster.patch, cluster.delete, self.cloud.send,
                         Instances(self.cloud.send, REGION, self.time), tell, self.rules,
                         self.time, today)  # fmt: skip
        self.story = Nodes(self.site)
        self.queue: Queue[str] = Queue(self.time, lambda: 0.0, first=1.0)
        self.doubted: set[str] = set()
        self._heard: dict[str, Node] = {}

    def hear(self) -> None:
        """What a watch would tell since the last time."""
        now = {node.metadata.name: node for node in self.cluster.all()}
        for name in {*self._heard, *now}:
            old, new = self._heard.get(name), now.get(name)
            if old != new and self.story.noticed(old, new):
                self.queue.add(name)
        self._heard = now

    async def run(self, seconds: float = 60.0, step: float = 1.0) -> None:
        """Let so many seconds pass, with everything that the controller does meanwhile."""
        end = self.time.time + seconds
        while True:
            self.hear()
            while keys := self.queue.due(100):
                await self._turn(keys)
                self.hear()
            if self.time.time >= end:
                return
            self.time.time += step

    async def _turn(self, keys: list[str]) -> None:
        queue = self.queue
        try:
            await batches.turn(queue, keys, self.story.reconcile, self.story.report, self.doubted)
        except Ended:
            self.restart()
        finally:
            for key in keys:
                queue.done(key)

    def reasons(self, name: str) -> list[str]:
        return [reason for one, _, reason, _ in self.told if one == name]

    def text(self, name: str, reason: str) -> str:
        return next(text for one, _, why, text in self.told if (one, why) == (name, reason))

    def taints(self, name: str) -> list[str]:
        return [one["key"] for one in self.cluster.raw(name)["spec"].get("taints", [])]

    def labels(self, name: str) -> dict[str, str]:
        return dict(self.cluster.raw(name)["metadata"].get("labels", {}))

    def addresses(self, name: str) -> list[tuple[str, str]]:
        return [(one["type"], one["address"]) for one in self.cluster.raw(name)["status"].get("addresses", [])]

    def provider_id(self, name: str) -> str:
        return str(self.cluster.raw(name)["spec"].get("providerID", ""))

    def condition(self, name: str, kind: str) -> dict[str, Any]:
        return next((one for one in self.cluster.raw(name)["status"]["conditions"] if one["type"] == kind), {})


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def new_bench() -> type[Bench]:
    return Bench
