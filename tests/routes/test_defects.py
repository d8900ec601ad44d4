"""Known defects of the controller that clusters have today, one by one; none of them is here."""

import time as real_time

import pytest
from tests.routes.conftest import REGION, VPC, Bench, new_node

from yunqiao.cloud import vpc
from yunqiao.cloud.ecs import Instance
from yunqiao.cloud.layers import dry_run
from yunqiao.controllers.routes.judge import grounds
from yunqiao.controllers.routes.rules import Place, Rules
from yunqiao.controllers.routes.seen import Seen, Table
from yunqiao.controllers.routes.triggers import concerns
from yunqiao.controllers.routes.want import want
from yunqiao.model.route import Route
from yunqiao.model.step import Call, Reply
from yunqiao.settings import Unusable, load


async def test_rd1_an_entry_of_a_node_that_went_while_nobody_watched_is_removed(bench: Bench) -> None:
    bench.join("w1", "w2")
    await bench.settle()
    bench.leave("w1")
    bench.restart()
    await bench.settle()
    assert bench.cloud.routes() == {"172.16.1.0/24": "i-w2"}


async def test_rd1_so_is_one_that_the_former_controller_made(bench: Bench) -> None:
    bench.join("w1", "w2")
    bench.cloud.put("172.16.0.0/24", "i-w1")
    await bench.settle()
    bench.leave("w1")
    bench.restart()
    await bench.settle()
    assert bench.cloud.routes() == {"172.16.1.0/24": "i-w2"}


async def test_rd2_both_spellings_of_a_provider_id_are_one_instance(bench: Bench) -> None:
    bench.join("w1")
    await bench.settle()
    bench.cluster.change("w1", provider_id=f"alicloud://{REGION}.i-w1")
    writes = len(bench.cloud.writes())
    assert await bench.period()
    assert len(bench.cloud.writes()) == writes
    assert bench.cluster.condition("w1")[0] == "False"


async def test_rd3_a_node_of_another_region_is_left_alone(bench: Bench) -> None:
    bench.join("w1", provider_id="cn-beijing.i-w1")
    bench.cloud.put("172.16.0.0/24", "i-w1")
    await bench.settle()
    await bench.period()
    assert bench.cloud.writes() == []
    assert bench.cluster.patches == []


async def test_rd4_a_range_that_leads_elsewhere_is_no_success(bench: Bench) -> None:
    bench.join("w1")
    bench.boot("other")
    bench.cloud.put("172.16.0.0/24", "i-other", Description="a VPN")
    await bench.settle()
    status, message = bench.cluster.condition("w1")
    assert status == "True"
    assert "leads 172.16.0.0/24 to i-other already" in message
    assert '"a VPN"' in message
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-other"}
    assert ("w1", "CreateRouteFailed") in [(name, reason) for name, reason, _ in bench.told]


async def test_rd4_when_the_other_entry_goes_ours_comes(bench: Bench) -> None:
    bench.join("w1")
    bench.boot("other")
    bench.cloud.put("172.16.0.0/24", "i-other")
    await bench.settle()
    bench.cloud.table.entries.clear()
    await bench.period()
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-w1"}
    assert bench.cluster.condition("w1")[0] == "False"


async def test_rd5_a_look_that_fails_makes_no_node_reachable(bench: Bench) -> None:
    bench.join("w1")
    bench.cloud.refused["DescribeRouteEntryList"] = (500, "InternalError")
    for _ in range(5):
        await bench.turn()
    assert bench.cluster.condition("w1")[0] == "True"
    bench.cloud.refused.clear()
    await bench.settle()
    assert bench.cluster.condition("w1")[0] == "False"


async def test_rd5_a_look_that_is_forbidden_is_told_and_leaves_what_was_known(bench: Bench) -> None:
    bench.join("w1")
    await bench.settle()
    bench.join("w2")
    bench.cloud.refused["DescribeRouteEntryList"] = (403, "Forbidden.RAM")
    bench.restart()
    await bench.settle()
    assert bench.cluster.condition("w1")[0] == "False"
    status, message = bench.cluster.condition("w2")
    assert status == "True"
    assert "vpc:DescribeRouteEntryList" in message
    assert "request-" not in message


async def test_rd6_an_entry_that_is_there_already_clears_the_condition_at_once(bench: Bench) -> None:
    bench.join("w1")
    await bench.settle()
    bench.cluster.held["w1"] = new_node("w1", "172.16.0.0/24", uid="another")
    await bench.settle()
    assert bench.cluster.condition("w1")[0] == "False"
    assert len(bench.cloud.writes()) == 1


async def test_rd7_an_empty_table_is_looked_at_once(bench: Bench) -> None:
    bench.join(*(f"w{number}" for number in range(5)))
    await bench.turn()
    looks = [call for call in bench.cloud.calls if call.action == "DescribeRouteEntryList"]
    assert len(looks) == 2  # before and after the one write


@pytest.mark.parametrize(
    "changed",
    [
        new_node("w1", "172.16.1.0/24", provider_id="cn-hangzhou.i-other"),
        new_node("w1", "172.16.2.0/24"),
        new_node("w1", "172.16.1.0/24", "fd00::/64"),
        new_node("w1", "172.16.1.0/24", uid="another"),
        new_node("w1", "172.16.1.0/24", ips=("10.1.0.7",)),
    ],
)
def test_rd8_each_change_that_bears_on_routes_is_noticed(changed) -> None:
    assert concerns(new_node("w1", "172.16.1.0/24")) != concerns(changed)


async def test_rd8_a_changed_range_moves_the_entry(bench: Bench) -> None:
    bench.join("w1")
    await bench.settle()
    bench.cluster.held["w1"] = new_node("w1", "172.16.9.0/24", uid="another")
    await bench.settle()
    assert bench.cloud.routes() == {"172.16.9.0/24": "i-w1"}


async def test_rd9_of_a_nodes_two_entries_only_the_one_that_failed_is_told(bench: Bench) -> None:
    """Somebody writes the first one after it was looked for, so that both are in the batch and one fails."""
    bench.boot("other")
    bench.join("w1", cidrs=("172.16.0.0/24", "fd00:1::/64"))
    send = bench.site.send

    async def overtaken(call: Call) -> Reply:
        if call.action == "CreateRouteEntries" and not bench.cloud.routes():
            bench.cloud.put("172.16.0.0/24", "i-other")
        return await send(call)

    bench.site.send = overtaken
    await bench.settle()
    assert entries(bench) == [{"172.16.0.0/24", "fd00:1::/64"}]
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-other", "fd00:1::/64": "i-w1"}
    status, message = bench.cluster.condition("w1")
    assert (status, "172.16.0.0/24" in message, "fd00:1::/64" in message) == ("True", True, False)


async def test_rd9_of_a_nodes_two_entries_only_the_one_that_failed_is_written_again(bench: Bench) -> None:
    bench.join("w1", cidrs=("172.16.0.0/24", "fd00:1::/64"))
    send = bench.site.send

    async def busy_with_one(call: Call) -> Reply:
        """The table takes the second entry of the first batch, and is busy with something else for the first one."""
        if call.action != "CreateRouteEntries" or bench.cloud.routes():
            return await send(call)
        first, *others = vpc.written_routes(call)
        told = {"FailedCode": "VPC_ROUTE_ENTRY_STATUS_ERROR", "FailedMessage": "The route entry is not stable."}
        reply = await send(vpc.create_routes(REGION, VPC, others, call.why))
        return {**reply, "FailedRouteEntries": [{"DstCidrBlock": first.cidr, "NextHop": first.next_hop, **told}]}

    bench.site.send = busy_with_one
    await bench.settle()
    assert entries(bench) == [{"fd00:1::/64"}, {"172.16.0.0/24"}]
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-w1", "fd00:1::/64": "i-w1"}
    assert bench.cluster.condition("w1")[0] == "False"


def entries(bench: Bench) -> list[set[str]]:
    """The ranges in each batch that reached the cloud."""
    return [{one.cidr for one in vpc.written_routes(call)} for call in bench.cloud.writes()]


async def test_rd10_a_node_is_available_when_every_table_leads_to_it(bench: Bench) -> None:
    second = bench.cloud.add_table("vtb-second")
    bench.boot("other")
    bench.cloud.put("172.16.0.0/24", "i-other", second)
    bench.restart(table_ids=(bench.cloud.table.id, second.id))
    bench.join("w1", "w2")
    await bench.settle()
    assert bench.cluster.unavailable() == {"w1": "True", "w2": "False"}
    assert bench.cloud.routes(second) == {"172.16.0.0/24": "i-other", "172.16.1.0/24": "i-w2"}
    assert "vtb-second" in bench.cluster.condition("w1")[1]


async def test_rd11_the_look_of_the_period_writes_in_batches_too(bench: Bench) -> None:
    bench.join(*(f"w{number}" for number in range(60)))
    await bench.settle()
    bench.cloud.table.entries.clear()
    calls = await bench.period()
    assert [call.action for call in calls if call.write] == ["CreateRouteEntries"] * 2
    assert len(bench.cloud.routes()) == 60


async def test_rd12_no_node_is_forgotten_in_whatever_number_they_come(bench: Bench) -> None:
    bench.join("w0")
    bench.cloud.troubles = ["", "", "", "", "throttled"]
    for number in range(1, 130):
        bench.join(f"w{number}")
    await bench.settle()
    assert set(bench.cluster.unavailable().values()) == {"False"}
    assert len(bench.cloud.routes()) == 130


async def test_rd13_a_node_that_came_back_with_another_range_leaves_no_old_entry(bench: Bench) -> None:
    bench.join("w1")
    await bench.settle()
    bench.leave("w1")
    await bench.settle()
    bench.cluster.held["w1"] = new_node("w1", "172.16.9.0/24", uid="another")
    await bench.settle()
    bench.leave("w1")
    await bench.settle()
    assert bench.cloud.routes() == {}


def settings(*flags: str):
    return load(flags, {}, lambda _: "", lambda _: False)


def test_rd14_the_cluster_range_is_judged_at_the_start() -> None:
    with pytest.raises(Unusable, match=r"10\.0\.0\.0/33"):
        settings("--cluster-cidr=10.0.0.0/33")
    assert settings("--cluster-cidr=172.16.0.0/16,fd00::/48").cluster_cidrs == ("172.16.0.0/16", "fd00::/48")
    for left_over in ('"--cluster-cidr=10.0.0.0/8",', "${ClusterCIDR}"):
        told = settings(f"--cluster-cidr={left_over}")
        assert told.cluster_cidrs == ()
        assert any("the nodes' pod CIDRs are used" in str(note) for note in told.notes)
    assert settings("--cluster-cidr=").cluster_cidrs == ()


async def test_rd15_tables_are_listed_once_a_period_and_to_the_last_page(bench: Bench) -> None:
    for number in range(60):
        bench.cloud.add_table(f"vtb-{number}")
    bench.boot("w1")
    state = bench.cloud.world.states["vpc"]
    state.add_vswitch(bench.cloud.world, VPC, "10.2.0.0/16", "cn-hangzhou-h", own_id="vsw-2", route_table_id="vtb-59")
    bench.boot("w2", "vsw-2")
    for name, cidr in (("w1", "172.16.1.0/24"), ("w2", "172.16.2.0/24")):
        bench.cluster.held[name] = new_node(name, cidr)
    await bench.settle()
    both = {"172.16.1.0/24": "i-w1", "172.16.2.0/24": "i-w2"}
    assert bench.cloud.routes() == both == bench.cloud.routes(state.route_tables["vtb-59"])
    assert bench.cloud.routes(state.route_tables["vtb-7"]) == {}
    assert bench.cloud.counted()["DescribeRouteTableList"] == 2
    bench.join("w3")
    await bench.settle()
    assert bench.cloud.counted()["DescribeRouteTableList"] == 2


async def test_rd16_a_dry_run_writes_nothing(bench: Bench) -> None:
    bench.join("w1")
    bench.site.send = bench.site.instances.send = dry_run(lambda _: {})(bench.cloud.send)
    await bench.turn()
    assert bench.cloud.writes() == []
    assert bench.cloud.routes() == {}


def test_rd17_many_routes_are_compared_with_many_nodes_quickly() -> None:
    """5,000 nodes among 10,000 entries; compared pair by pair that would be 50 million comparisons."""
    nodes = [new_node(f"w{number}", f"10.{number // 256}.{number % 256}.0/24") for number in range(5000)]
    instances = {f"i-{node.metadata.name}": Instance(f"i-{node.metadata.name}", vpc_id=VPC) for node in nodes}
    routes = {
        cidr: Route("vtb-1", cidr, "i-x", description="theirs", status="Available")
        for number in range(10000)
        if (cidr := f"11.{number // 256}.{number % 256}.0/24")
    }
    rules = Rules(REGION, "c", VPC)
    begun = real_time.monotonic()
    wanted = want(nodes, instances, rules, Place(VPC, ("vtb-1",)))
    (ground,) = grounds(wanted, Seen({"vtb-1": Table(routes)}), "c", 0.0)
    assert not any(verdict.text for _, verdict in ground.verdicts)
    assert real_time.monotonic() - begun < 3.0
