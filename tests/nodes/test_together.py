"""All three controllers on one cloud and one cluster: a thousand nodes join at once, and no two ask for the same."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.nodes.conftest import REGION, VPC, Bench

from yunqiao.cloud.paging import chunks
from yunqiao.controllers.nodes.kinds import UNINITIALIZED
from yunqiao.controllers.nodes.rules import MOST
from yunqiao.controllers.nodes.rules import Rules as NodeRules
from yunqiao.controllers.routes.reconcile import KEY, Routes
from yunqiao.controllers.routes.rules import Rules as RouteRules
from yunqiao.controllers.routes.site import Site as RouteSite
from yunqiao.controllers.services.claims import Claims
from yunqiao.engine import batches, loop
from yunqiao.engine.queue import Queue
from yunqiao.model.cluster import Node
from yunqiao.model.step import Patch

NODES, PER_ROUTE_CALL = 1000, 50


@dataclass
class Together:
    """The bench of the node controller, with the route controller and the Service controller's check of nodes."""

    bench: Bench = field(default_factory=lambda: Bench(rules=NodeRules(REGION, VPC, routes=True)))
    routes_told: list[Patch] = field(default_factory=list)
    _heard: dict[str, Node] = field(default_factory=dict)
    _doubted: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        bench, cluster = self.bench, self.bench.cluster
        bench.cloud.world.quotas["vpc_quota_route_entrys_num"] = 2 * NODES

        async def get(name: str) -> Node | None:
            return cluster.get(name)

        async def patch(step: Patch) -> None:
            self.routes_told.append(step)
            await cluster.patch(step)

        instances = bench.site.instances
        self.claims = Claims(instances, REGION)
        rules = RouteRules(REGION, "abcdefghij", VPC)
        told = lambda node, kind, reason, text: bench.told.append((node.metadata.name, kind, reason, text))  # noqa: E731
        self.routes = Routes(
            RouteSite(
                cluster.all, get, patch, bench.cloud.send, instances, told, rules, bench.time, bench.site.today
            )
        )  # fmt: skip
        self.checking: Queue[str] = Queue(bench.time, lambda: 0.0, first=1.0)
        self.routing: Queue[str] = Queue(bench.time, lambda: 0.0, first=1.0)
        self.routing.add(KEY)

    def join(self, *, named: bool) -> None:
        """A thousand machines register at once; they are found by their addresses, or say which instances they are."""
        for number in range(NODES):
            name, ip = f"w{number}", f"10.0.{1 + number // 250}.{1 + number % 250}"
            made = self.bench.cloud.add(f"i-{name}", private_ip=ip)
            who = {"provider_id": f"{REGION}.i-{name}"} if named else {}
            self.bench.cluster.join(name, ip, uuid=made.serial_number, **who)
            cidr = f"172.{16 + number // 256}.{number % 256}.0/24"
            self.bench.cluster.change(name, {"spec": {"podCIDR": cidr, "podCIDRs": [cidr]}})

    def hear(self) -> None:
        """What a watch would tell each of the three since the last time."""
        self.bench.hear()
        now = {node.metadata.name: node for node in self.bench.cluster.all()}
        for name in {*self._heard, *now}:
            old, new = self._heard.get(name), now.get(name)
            if old == new:
                continue
            if self.claims.noticed(old, new):
                self.checking.add(name)
            if self.routes.noticed(old, new):
                self.routing.add(KEY, after=1.0)
        self._heard = now

    async def run(self, seconds: int) -> None:
        """Let time pass; each second all three do what is due, side by side."""
        for _ in range(seconds):
            self.hear()
            await asyncio.gather(*self._work())
            self.bench.time.time += 1.0

    def _work(self) -> list[Any]:
        joining = [self.bench._turn(list(keys)) for keys in chunks(self.bench.queue.due(NODES), MOST)]
        checks = [self._check(list(keys)) for keys in chunks(self.checking.due(NODES), MOST)]
        return [*joining, *checks, *(self._route(key) for key in self.routing.due(1))]

    async def _check(self, keys: list[str]) -> None:
        await batches.turn(self.checking, keys, self.claims.check, self.claims.report, self._doubted)
        for key in keys:
            self.checking.done(key)

    async def _route(self, key: str) -> None:
        await loop.turn(self.routing, key, self.routes.reconcile, self.routes.report, self._doubted)
        self.routing.done(key)


@pytest.mark.parametrize("named", [False, True], ids=["found by address", "named"])
async def test_a_thousand_nodes_that_join_cost_three_controllers_no_more_looks_than_one(named):
    together = Together()
    together.join(named=named)
    await together.run(30)
    bench = together.bench
    names = bench.cluster.names()
    assert [name for name in names if UNINITIALIZED in bench.taints(name)] == []
    assert {bench.condition(name, "NetworkUnavailable").get("status") for name in names} == {"False"}
    assert len(together.claims.doubts) == NODES
    assert set(together.claims.doubts.values()) == {""}
    table = bench.cloud.world.states["vpc"].system_table(VPC)
    assert sum(entry.type == "Custom" for entry in table.entries.values()) == NODES

    counted = Counter(call.action for call in bench.cloud.calls)
    assert counted["DescribeInstances"] <= NODES / MOST
    assert counted["DescribeNetworkInterfaces"] <= NODES / MOST
    assert counted["CreateRouteEntries"] <= NODES / PER_ROUTE_CALL
    assert counted["ModifyNetworkInterfaceAttribute"] == NODES

    by_routes = {id(step) for step in together.routes_told}
    kinds = Counter((step.name, step.subresource, id(step) in by_routes) for step in bench.cluster.writes)
    assert kinds == {(name, *kind): 1 for name in names for kind in (("", False), ("status", False), ("status", True))}

    bench.cloud.calls.clear()
    bench.cluster.writes.clear()
    await together.run(60)
    assert (bench.cloud.calls, bench.cluster.writes) == ([], [])
