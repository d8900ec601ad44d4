"""A thousand nodes: few calls while they join, and none of note while nothing changes."""

from tests.routes.conftest import Bench, new_node

NODES = 1000


def crowd(bench: Bench) -> None:
    bench.cloud.world.quotas["vpc_quota_route_entrys_num"] = 2000
    state = bench.cloud.world.states["ecs"]
    for number in range(NODES):
        name = f"w{number}"
        state.add_instance(bench.cloud.world, "vsw-test", own_id=f"i-{name}")
        bench.cluster.held[name] = new_node(name, f"172.{16 + number // 256}.{number % 256}.0/24")


async def test_a_thousand_nodes_at_once_cost_a_call_for_every_fifty(bench: Bench) -> None:
    crowd(bench)
    await bench.settle()
    assert len(bench.cloud.routes()) == NODES
    assert set(bench.cluster.unavailable().values()) == {"False"}
    assert len(bench.cluster.patches) == NODES
    counted = bench.cloud.counted()
    assert counted["DescribeInstances"] == NODES / 100
    assert counted["CreateRouteEntries"] == NODES / 50
    assert counted["DescribeRouteEntryList"] <= 1 + NODES / 100
    assert sum(counted.values()) <= NODES / 50 + 2 * NODES / 100 + 3

    before = len(bench.cloud.calls)
    await bench.settle()
    assert len(bench.cloud.calls) == before

    calls = [call.action for call in await bench.period()]
    assert calls == ["DescribeRouteTableList", *["DescribeRouteEntryList"] * 10]

    bench.join("late", cidrs=("172.30.0.0/24",))
    before = len(bench.cloud.calls)
    await bench.settle()
    news = [call.action for call in bench.cloud.calls[before:]]
    assert news == ["DescribeInstances", "DescribeVSwitches", "CreateRouteEntries", "DescribeRouteEntryList"]

    for number in range(NODES):
        bench.leave(f"w{number}")
    before = len(bench.cloud.writes())
    await bench.settle()
    assert len(bench.cloud.writes()) - before == NODES / 50
    assert bench.cloud.routes() == {"172.30.0.0/24": "i-late"}
