"""Nothing that is not ours is ever touched: entries of people, of other clusters, of former controllers."""

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.routes.conftest import CLUSTER, Bench, new_node

from yunqiao.cloud import vpc
from yunqiao.model.route import mark
from yunsim.errors import ApiError

INSTANCES = ("w0", "w1", "w2", "other")
WORDS = st.sampled_from(["", "a VPN", mark("w0", "stranger"), mark("w7", "stranger"), "k8s/80/nginx/default/x"])
CIDRS = st.sampled_from(
    [f"172.16.{third}.{fourth}/{length}" for third in (0, 1, 2, 5) for length, fourth in ((24, 0), (26, 64), (22, 0))]
    + ["0.0.0.0/0", "192.168.7.0/24", "fd00:1::/64"]
)


def written(bench: Bench) -> set[tuple[str, str]]:
    """What our writes named: range and instance."""
    batches = [call for call in bench.cloud.writes() if call.action.endswith("RouteEntries")]
    return {(route.cidr, route.next_hop) for call in batches for route in vpc.written_routes(call)}


def entries(bench: Bench) -> dict[str, tuple[str, str, str]]:
    found = [one for one in bench.cloud.table.entries.values() if one.type == "Custom"]
    return {one.destination: (one.next_hop_id, one.name, one.description) for one in found}


@given(st.lists(st.tuples(CIDRS, st.sampled_from(INSTANCES), WORDS), max_size=8), st.lists(st.integers(0, 2)))
@settings(max_examples=60, deadline=None)
async def test_entries_of_others_stay_as_they_are(foreign, leaving) -> None:
    bench = Bench()
    bench.boot("other")
    bench.join("w0", "w1", "w2")
    for cidr, instance, words in foreign:
        with contextlib.suppress(ApiError):  # the table has such an entry
            bench.cloud.put(cidr, f"i-{instance}", **({"Description": words} if words else {}))
    before = entries(bench)
    mine = {f"172.16.{number}.0/24": f"i-w{number}" for number in range(3)}
    theirs = {cidr: one for cidr, one in before.items() if one[2] or mine.get(cidr) != one[0]}
    await bench.settle()
    for number in dict.fromkeys(leaving):
        bench.leave(f"w{number}")
    await bench.settle()
    await bench.period()
    after = entries(bench)
    assert {cidr: after.get(cidr) for cidr in theirs} == theirs
    assert not {(cidr, hop) for cidr, (hop, _, _) in theirs.items()} & written(bench)
    stays = {f"172.16.{number}.0/24" for number in range(3) if number not in leaving}
    assert all(hop == mine[cidr] for cidr, (hop, _, _) in after.items() if cidr in stays and cidr not in theirs)
    ours_left = {cidr for cidr, one in after.items() if cidr not in theirs}
    assert ours_left <= stays


def second_cluster(bench: Bench) -> Bench:
    """Another cluster in the same VPC, with a cluster of nodes of its own."""
    other = Bench()
    other.time, other.cloud = bench.time, bench.cloud
    other.restart(cluster="another0id")
    return other


async def test_two_clusters_with_ranges_apart_do_not_see_each_other() -> None:
    one = Bench()
    other = second_cluster(one)
    one.join("w1")
    other.boot("x1")
    other.cluster.held["x1"] = new_node("x1", "172.20.0.0/24")
    for bench in (one, other, one, other):
        await bench.settle()
    assert one.cloud.routes() == {"172.16.0.0/24": "i-w1", "172.20.0.0/24": "i-x1"}
    one.leave("w1")
    await one.period()
    await other.period()
    assert one.cloud.routes() == {"172.20.0.0/24": "i-x1"}
    assert other.cluster.condition("x1")[0] == "False"


async def test_two_clusters_with_the_same_range_keep_what_each_has() -> None:
    one = Bench()
    other = second_cluster(one)
    one.join("w1")
    await one.settle()
    other.boot("x1")
    other.cluster.held["x1"] = new_node("x1", "172.16.0.0/24")
    await other.settle()
    await one.period()
    await other.period()
    assert one.cloud.routes() == {"172.16.0.0/24": "i-w1"}
    assert one.cluster.condition("w1")[0] == "False"
    status, message = other.cluster.condition("x1")
    assert status == "True"
    assert f"node w1 of cluster {CLUSTER}" in message


async def test_a_range_inside_another_clusters_is_not_cut_out_of_it() -> None:
    one = Bench()
    other = second_cluster(one)
    one.boot("w1")
    one.cluster.held["w1"] = new_node("w1", "172.16.0.0/20")
    await one.settle()
    other.boot("x1")
    other.cluster.held["x1"] = new_node("x1", "172.16.3.0/24")
    await other.settle()
    assert one.cloud.routes() == {"172.16.0.0/20": "i-w1"}
    assert "172.16.3.0/24 is a part of 172.16.0.0/20" in other.cluster.condition("x1")[1]


async def test_a_range_that_contains_another_clusters_is_told() -> None:
    one = Bench()
    other = second_cluster(one)
    one.join("w1")
    await one.settle()
    other.boot("x1")
    other.cluster.held["x1"] = new_node("x1", "172.16.0.0/20")
    await other.settle()
    assert one.cloud.routes() == {"172.16.0.0/24": "i-w1"}
    assert "leads 172.16.0.0/24, which is a part of 172.16.0.0/20" in other.cluster.condition("x1")[1]


async def test_a_default_route_is_in_nobodys_way(bench: Bench) -> None:
    bench.boot("nat")
    bench.cloud.put("0.0.0.0/0", "i-nat")
    bench.join("w1")
    await bench.settle()
    assert bench.cloud.routes() == {"0.0.0.0/0": "i-nat", "172.16.0.0/24": "i-w1"}
    assert bench.cluster.condition("w1")[0] == "False"


async def test_an_entry_of_the_former_controller_is_marked_and_not_made_anew(bench: Bench) -> None:
    bench.join("w1")
    entry = bench.cloud.put("172.16.0.0/24", "i-w1")
    await bench.settle()
    assert [call.action for call in bench.cloud.writes()] == ["ModifyRouteEntry"]
    assert bench.cloud.table.entries[entry].description == mark("w1", CLUSTER)
    assert bench.cluster.condition("w1")[0] == "False"
    await bench.period()
    assert len(bench.cloud.writes()) == 1


async def test_an_entry_with_somebodys_words_serves_but_is_not_taken_over(bench: Bench) -> None:
    bench.join("w1")
    bench.cloud.put("172.16.0.0/24", "i-w1", Description="terraform")
    await bench.settle()
    assert bench.cloud.writes() == []
    assert bench.cluster.condition("w1")[0] == "False"
    bench.leave("w1")
    await bench.period()
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-w1"}


async def test_where_marking_is_forbidden_routes_work_all_the_same(bench: Bench) -> None:
    bench.join("w1", "w2")
    bench.cloud.put("172.16.0.0/24", "i-w1")
    bench.cloud.refused["ModifyRouteEntry"] = (403, "Forbidden.RAM")
    await bench.settle()
    await bench.period()
    assert bench.cluster.unavailable() == {"w1": "False", "w2": "False"}
    assert bench.cloud.counted()["ModifyRouteEntry"] == 1


async def test_many_entries_are_marked_a_few_a_turn(bench: Bench) -> None:
    names = [f"w{number}" for number in range(50)]
    for number, name in enumerate(names):
        bench.join(name)
        bench.cloud.put(f"172.16.{number}.0/24", f"i-{name}")
    again = await bench.turn()
    assert bench.cloud.counted()["ModifyRouteEntry"] == 20
    assert again is not None
    assert again <= 1
    await bench.settle()
    assert bench.cloud.counted()["ModifyRouteEntry"] == 50
    assert set(bench.cloud.counted()) <= {
        "DescribeInstances", "DescribeRouteTableList", "DescribeRouteEntryList", "ModifyRouteEntry",
    }  # fmt: skip


async def test_a_machine_that_comes_back_under_another_name_keeps_its_entry(bench: Bench) -> None:
    bench.join("w1")
    await bench.settle()
    bench.leave("w1")
    bench.cluster.held["renamed"] = new_node("renamed", "172.16.0.0/24", provider_id="cn-hangzhou.i-w1")
    await bench.settle()
    assert [call.action for call in bench.cloud.writes()] == ["CreateRouteEntries", "ModifyRouteEntry"]
    (entry,) = [one for one in bench.cloud.table.entries.values() if one.type == "Custom"]
    assert entry.description == mark("renamed", CLUSTER)


def only_entry(bench: Bench):
    (entry,) = [one for one in bench.cloud.table.entries.values() if one.type == "Custom"]
    return entry


async def test_an_entry_that_somebody_led_to_no_instance_is_not_removed(bench: Bench) -> None:
    bench.join("w1")
    await bench.settle()
    only_entry(bench).next_hop_type = "RouterInterface"
    bench.leave("w1")
    await bench.period()
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-w1"}


async def test_an_entry_of_ours_that_somebody_led_to_another_instance_is_led_back(bench: Bench) -> None:
    bench.join("w1")
    bench.boot("other")
    await bench.settle()
    only_entry(bench).next_hop_id = "i-other"
    await bench.period()
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-w1"}
    assert bench.cluster.condition("w1")[0] == "False"
