"""The story of routes between a cluster and the simulated cloud, in one process, on a clock that moves at will.

`Cloud` is a Send with troubles to order: answers lost before or after the effect, calls that arrive late, reads that
are some seconds old, the end of the process at any call. `Cluster` holds the nodes as the API server does.
"""

import asyncio
import contextlib
import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from yunqiao.cloud.codes import outcome
from yunqiao.cloud.instances import Instances
from yunqiao.controllers.routes.known import Known
from yunqiao.controllers.routes.reconcile import Routes
from yunqiao.controllers.routes.rules import Rules
from yunqiao.controllers.routes.site import Site
from yunqiao.engine.loop import REFUSED_AFTER
from yunqiao.model.cluster import Condition, Metadata, Node, NodeAddress, NodeInfo, NodeSpec, NodeStatus
from yunqiao.model.errors import Fault, Lost, NotYet, Refused, Stale
from yunqiao.model.step import Call, Patch
from yunsim.dispatch import perform
from yunsim.errors import ApiError
from yunsim.products.ecs.state import State as EcsState
from yunsim.products.vpc.state import RouteTable
from yunsim.products.vpc.state import State as VpcState
from yunsim.world import World

CLUSTER, REGION, VPC = "abcdefghij", "cn-hangzhou", "vpc-test"
LAG = 3.0
"""Seconds by which a read may be old, and a call may be late."""
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class Ended(BaseException):
    """The process ends here."""


class Time:
    """The clock of the controller, and of the world."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)


@dataclass
class WorldTime:
    """The same clock as the world reads it."""

    time: Time

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.time.time)


def new_world(time: Time) -> World:
    world = World(states={"ecs": EcsState(), "vpc": VpcState()}, clock=WorldTime(time))
    state = world.states["vpc"]
    state.add_vpc(world, "10.0.0.0/8", own_id=VPC)
    state.add_vswitch(world, VPC, "10.1.0.0/16", "cn-hangzhou-h", own_id="vsw-test")
    return world


@dataclass
class Cloud:
    """`troubles` has one for each call; `settling` is how long (seconds) an entry is Pending after it was written."""

    time: Time
    world: World
    troubles: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)
    settling: float = 0.0
    _past: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    _late: list[tuple[float, Call]] = field(default_factory=list)

    async def send(self, call: Call) -> dict[str, Any]:
        self._arrive()
        self.calls.append(call)
        trouble = self.troubles.pop(0) if self.troubles else ""
        if trouble == "ended-before":
            raise Ended
        if trouble == "lost-before":
            raise Lost("the connection ended")
        if trouble == "throttled":
            raise self._trouble(call, 400, "Throttling.User", "too fast")
        if trouble == "late" and call.write:
            self._late.append((self.time.now() + LAG, call))
            raise Lost("the connection ended")
        reply = self._old(call) if trouble == "old" and not call.write else self._answer(call)
        if trouble == "lost-after":
            raise Lost("the connection ended")
        if trouble == "ended-after":
            raise Ended
        return reply

    def writes(self) -> list[Call]:
        return [call for call in self.calls if call.write]

    def counted(self) -> dict[str, int]:
        return dict(Counter(call.action for call in self.calls))

    @property
    def table(self) -> RouteTable:
        return self.world.states["vpc"].system_table(VPC)

    def routes(self, table: RouteTable | None = None) -> dict[str, str]:
        """Next hops by destination."""
        entries = (table or self.table).entries.values()
        return {one.destination: one.next_hop_id for one in entries if one.type == "Custom"}

    def put(self, cidr: str, hop: str, table: RouteTable | None = None, **words: str) -> str:
        """Somebody writes an entry by hand; gives its id."""
        asked = {"RouteTableId": (table or self.table).id, "DestinationCidrBlock": cidr, "NextHopId": hop, **words}
        made = perform(self.world, "vpc", "CreateRouteEntry", {"RegionId": REGION, "NextHopType": "Instance", **asked})
        return str(made["RouteEntryId"])

    def add_table(self, name: str) -> RouteTable:
        """A further table, which no vSwitch has yet."""
        made: RouteTable = self.world.states["vpc"].add_route_table(self.world, VPC, own_id=name)
        return made

    def _answer(self, call: Call) -> dict[str, Any]:
        if call.action in self.refused:
            status, code = self.refused[call.action]
            raise self._trouble(call, status, code, "refused for the test")
        if call.write:
            self._past.append((self.time.now(), copy.deepcopy(self.world.states)))
            del self._past[:-20]
        try:
            reply = perform(self.world, call.product, call.action, {"RegionId": self.world.region, **call.params})
        except ApiError as error:
            raise self._trouble(call, error.status, error.code, error.message) from None
        return self._unsettled(reply) if call.action == "DescribeRouteEntryList" else reply

    def _trouble(self, call: Call, status: int, code: str, message: str) -> Exception:
        return outcome(Fault(call.action, status, code, message, f"request-{len(self.calls)}"), call.product)

    def _unsettled(self, reply: dict[str, Any]) -> dict[str, Any]:
        for one in reply["RouteEntrys"]["RouteEntry"]:
            made = self.world.states["vpc"].route_tables[one["RouteTableId"]].entries[one["RouteEntryId"]]
            if (self.world.clock.now() - made.modified).total_seconds() < self.settling:
                one["Status"] = "Pending"
        return reply

    def _old(self, call: Call) -> dict[str, Any]:
        """The answer as it would have been LAG seconds ago: before every write since then."""
        since = [states for when, states in self._past if when >= self.time.now() - LAG]
        now, self.world.states = self.world.states, since[0] if since else self.world.states
        try:
            return self._answer(call)
        finally:
            self.world.states = now

    def _arrive(self) -> None:
        """Calls whose sender has long given up reach the cloud."""
        due = [call for when, call in self._late if when <= self.time.now()]
        self._late = [(when, call) for when, call in self._late if when > self.time.now()]
        for call in due:
            with contextlib.suppress(Stale, Refused, NotYet, Lost):  # nobody waits for it
                self._answer(call)


@dataclass
class Cluster:
    """Nodes as the API server holds them; `behind` has those that the watch still shows otherwise (None: not at all).

    `before_patch` is asked before each patch: what it raises is what the patch comes to. `troubles` has one for each
    patch: "", lost-before, lost-after, ended-before, ended-after; a process that has `ended` patches nothing more.
    """

    held: dict[str, Node] = field(default_factory=dict)
    behind: dict[str, Node | None] = field(default_factory=dict)
    patches: list[Patch] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    before_patch: Callable[[Patch], None] = lambda _: None
    troubles: list[str] = field(default_factory=list)
    ended: bool = False

    def nodes(self) -> list[Node]:
        shown = {**self.held, **self.behind}
        return [node for _, node in sorted(shown.items()) if node is not None]

    async def get(self, name: str) -> Node | None:
        self.reads.append(name)
        return self.held.get(name)

    async def patch(self, patch: Patch) -> None:
        trouble = self.troubles.pop(0) if self.troubles and not self.ended else ""
        self._goes_wrong(trouble, "before")
        self.before_patch(patch)
        self._patched(patch)
        self._goes_wrong(trouble, "after")

    def _goes_wrong(self, trouble: str, when: str) -> None:
        self.ended = self.ended or trouble == f"ended-{when}"
        if self.ended:
            raise Ended
        if trouble == f"lost-{when}":
            raise Lost("the connection ended")

    def _patched(self, patch: Patch) -> None:
        node = self.held.get(patch.name)
        if node is None or node.metadata.uid != patch.body["metadata"]["uid"]:
            raise Stale("the node is gone")
        self.patches.append(patch)
        (given,) = patch.body["status"]["conditions"]
        condition = msgspec.convert({key: one for key, one in given.items() if key != "lastHeartbeatTime"}, Condition)
        others = [one for one in node.status.conditions if one.type != condition.type]
        status = msgspec.structs.replace(node.status, conditions=[*others, condition])
        self.held[patch.name] = msgspec.structs.replace(node, status=status)

    def change(self, name: str, **spec: Any) -> None:
        node = self.held[name]
        self.held[name] = msgspec.structs.replace(node, spec=msgspec.structs.replace(node.spec, **spec))

    def condition(self, name: str) -> tuple[str, str]:
        """Status and message of NetworkUnavailable."""
        found = [one for one in self.held[name].status.conditions if one.type == "NetworkUnavailable"]
        return (found[0].status, found[0].message) if found else ("", "")

    def unavailable(self) -> dict[str, str]:
        return {name: self.condition(name)[0] for name in sorted(self.held)}


def new_node(name: str, *cidrs: str, provider_id: str = "", waits: bool = True, **more: Any) -> Node:
    """A node as the node controller leaves it: initialised, and told that it has no route."""
    waiting = Condition("NetworkUnavailable", "True", "NoRouteCreated", "Node created without a route")
    return Node(
        metadata=Metadata(name=name, uid=more.pop("uid", f"uid-{name}"), **more.pop("metadata", {})),
        spec=NodeSpec(provider_id=provider_id or f"{REGION}.i-{name}", pod_cidrs=list(cidrs)),
        status=NodeStatus(
            conditions=[waiting] if waits else [],
            addresses=[NodeAddress(type="InternalIP", address=one) for one in more.pop("ips", ())],
            node_info=NodeInfo(system_uuid=more.pop("system_uuid", "")),
        ),
    )


@dataclass
class Bench:
    """Cloud, cluster and the controller between them, which can end and begin anew."""

    time: Time = field(default_factory=Time)
    cloud: Cloud = field(init=False)
    cluster: Cluster = field(default_factory=Cluster)
    rules: Rules = field(default_factory=lambda: Rules(REGION, CLUSTER, VPC))
    told: list[tuple[str, str, str]] = field(default_factory=list)
    troubles: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cloud = Cloud(self.time, new_world(self.time))
        self.restart()

    def restart(self, **rules: Any) -> None:
        self.cluster.ended = False
        self.rules = Rules(**{**{name: getattr(self.rules, name) for name in Rules.__dataclass_fields__}, **rules})

        def tell(node: Node, _kind: str, reason: str, text: str) -> None:
            self.told.append((node.metadata.name, reason, text))

        self.site = Site(
            self.cluster.nodes, self.cluster.get, self.cluster.patch, self.cloud.send,
            Instances(self.cloud.send, REGION, self.time), tell, self.rules, self.time,
            today=WorldTime(self.time).now, known=Known(),
        )  # fmt: skip
        self.routes = Routes(self.site)

    def join(self, *names: str, **more: Any) -> None:
        """Instances come up, and register as nodes that have a range each."""
        for name in names:
            self.boot(name)
            number = len(self.cluster.held)
            cidrs = more.get("cidrs") or (f"172.16.{number}.0/24",)
            given = {key: value for key, value in more.items() if key != "cidrs"}
            self.cluster.held[name] = new_node(name, *cidrs, **given)

    def boot(self, name: str, vswitch: str = "vsw-test") -> Any:
        return self.cloud.world.states["ecs"].add_instance(self.cloud.world, vswitch, own_id=f"i-{name}")

    def leave(self, name: str) -> None:
        del self.cluster.held[name]

    async def turn(self) -> float | None:
        """One turn; gives the seconds until the next, and keeps what it raised."""
        try:
            return await self.routes.reconcile("routes")
        except Ended:
            await asyncio.sleep(0)  # what it had begun ends with it
            self.restart()
            return 0.0
        except NotYet as trouble:
            self.troubles.append(trouble)
            return trouble.after
        except Refused as trouble:
            self.troubles.append(trouble)
            self.routes.report("routes", trouble)
            return REFUSED_AFTER
        except (Lost, Stale) as trouble:
            self.troubles.append(trouble)
            return 1.0

    async def settle(self, soon: float = 45.0, turns: int = 60) -> None:
        """Work until nothing is left to do soon."""
        for _ in range(turns):
            again = await self.turn()
            if again is None or again > soon:
                return
            self.time.time += again
        raise AssertionError("it never settled")

    async def period(self) -> list[Call]:
        """Look once more, as is done every period; gives the calls that took."""
        self.time.time += self.rules.period
        before = len(self.cloud.calls)
        await self.settle()
        return self.cloud.calls[before:]


@pytest.fixture
def bench() -> Bench:
    return Bench()
