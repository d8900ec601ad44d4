"""Pods find each other: entries follow the nodes, and the nodes are told what the tables say."""

from tests.routes.conftest import CLUSTER, Bench

from yunqiao.model.route import mark


async def test_a_node_gets_an_entry_and_is_told(bench: Bench) -> None:
    bench.join("w1")
    await bench.settle()
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-w1"}
    assert bench.cluster.condition("w1") == ("False", "RouteController created a route")
    (entry,) = [one for one in bench.cloud.table.entries.values() if one.type == "Custom"]
    assert (entry.name, entry.description) == ("w1", mark("w1", CLUSTER))
    assert bench.told == [("w1", "CreatedRoute", f"172.16.0.0/24 leads to this node in {bench.cloud.table.id}")]


async def test_a_deleted_node_takes_its_entry_along(bench: Bench) -> None:
    bench.join("w1", "w2")
    await bench.settle()
    bench.leave("w1")
    await bench.settle()
    assert bench.cloud.routes() == {"172.16.1.0/24": "i-w2"}


async def test_nothing_changed_costs_one_look_a_period(bench: Bench) -> None:
    bench.join("w1", "w2")
    await bench.settle()
    before = len(bench.cloud.calls)
    await bench.settle()
    assert bench.cloud.calls[before:] == []
    calls = await bench.period()
    assert sorted(call.action for call in calls) == ["DescribeRouteEntryList", "DescribeRouteTableList"]
    assert len(bench.cluster.patches) == 2
