"""The process ends, or an answer is lost, at any call and any write: the end is the same, and nothing is done twice."""

import pytest

from yunqiao.controllers.nodes.rules import Rules

TROUBLES = ["ended-before", "ended-after", "lost-before", "lost-after"]


def new(new_bench):
    """One node that must be found, one that says who it is, one that is somebody else's."""
    bench = new_bench(rules=Rules("cn-hangzhou", "vpc-test", routes=True))
    made = bench.cloud.add("i-one", private_ip="10.0.1.1", public_ip="203.0.113.7")
    bench.cloud.add("i-two", private_ip="10.0.1.2")
    bench.cluster.join("one", "10.0.1.1", uuid=made.serial_number)
    bench.cluster.join("two", "10.0.1.2", provider_id="cn-hangzhou.i-two")
    bench.cluster.join("theirs", "10.0.1.3", provider_id="aws:///eu-1a/i.x")
    return bench


def picture(bench):
    """Everything that a user sees of nodes and interfaces, without versions and times."""
    nodes = {}
    for name in bench.cluster.names():
        raw = bench.cluster.raw(name)
        conditions = {one["type"]: one["status"] for one in raw["status"]["conditions"]}
        nodes[name] = (raw["spec"], raw["metadata"].get("labels"), raw["status"].get("addresses"), conditions)
    checks = {one.id: one.source_dest_check for one in bench.cloud.world.states["ecs"].interfaces.values()}
    return nodes, sorted(checks.values())


async def undisturbed(new_bench):
    bench = new(new_bench)
    await bench.run(120)
    return picture(bench), len(bench.cloud.calls), len(bench.cluster.writes)


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_trouble_at_any_call_to_the_cloud_ends_well(new_bench, trouble):
    wanted, calls, writes = await undisturbed(new_bench)
    for place in range(calls):
        bench = new(new_bench)
        bench.cloud.troubles = [""] * place + [trouble]
        await bench.run(120)
        assert picture(bench) == wanted, place
        assert len(bench.cluster.writes) == writes


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_trouble_at_any_write_to_kubernetes_ends_well(new_bench, trouble):
    wanted, _, writes = await undisturbed(new_bench)
    for place in range(writes):
        bench = new(new_bench)
        bench.cluster.troubles = [""] * place + [trouble]
        await bench.run(120)
        assert picture(bench) == wanted, place
        assert len(bench.cluster.writes) <= writes


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_trouble_at_a_deletion_ends_with_the_one_node_gone(new_bench, trouble):
    bench = new(new_bench)
    await bench.run(60)
    bench.cloud.release("i-one")
    bench.cluster.hear("one", "Unknown")
    bench.cluster.troubles = [trouble]
    await bench.run(20 * 60, step=2)
    assert bench.cluster.names() == ["theirs", "two"]
