"""What a dry run says of routes is what a run then does, and it writes nothing."""

from yunqiao.controllers.routes.rehearsal import rehearse


async def rehearsed(bench):
    site = bench.site
    return await rehearse(
        bench.cluster.nodes(), bench.cluster.get, bench.cloud.send, site.instances, bench.rules, bench.time
    )


async def test_routes_are_rehearsed_as_they_are_then_written_and_removed(bench):
    bench.join("w1", "w2", "w3")
    await bench.settle()
    bench.leave("w2")
    bench.join("w4", cidrs=("172.16.40.0/24",))
    bench.cloud.calls.clear()
    bench.cluster.patches.clear()
    before = bench.cloud.routes()
    played = await rehearsed(bench)
    assert (bench.cloud.writes(), bench.cluster.patches, bench.cloud.routes()) == ([], [], before)
    assert (played.troubles, played.warnings) == ((), [])
    bench.restart()
    await bench.settle()
    assert [(call.action, call.params) for call in played.steps] == [
        (call.action, call.params) for call in bench.cloud.writes()
    ]
    assert {call.action for call in played.steps} == {"CreateRouteEntries", "DeleteRouteEntries"}


async def test_a_range_that_somebody_else_has_is_a_warning(bench):
    bench.boot("other")
    bench.cloud.put("172.16.1.0/24", "i-other")
    bench.join("w1", cidrs=("172.16.1.0/24",))
    played = await rehearsed(bench)
    assert played.steps == []
    assert [one for one in played.warnings if one.startswith("w1: ") and "i-other" in one]


async def test_a_look_that_is_refused_is_told(bench):
    bench.join("w1")
    bench.cloud.refused["DescribeRouteEntryList"] = (403, "Forbidden.RAM")
    played = await rehearsed(bench)
    assert "vpc:DescribeRouteEntryList" in str(played.troubles[0])
