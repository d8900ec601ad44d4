"""Which nodes get routes: instances of this VPC that are who they say; everybody else is left alone."""

import pytest
from tests.routes.conftest import REGION, VPC, Bench, new_node

from yunqiao.model.cluster import Condition
from yunqiao.model.errors import Refused


@pytest.mark.parametrize(
    "node",
    [
        new_node("x", "172.16.9.0/24", provider_id="ack-hybrid://x"),
        new_node("x", "172.16.9.0/24", provider_id="aws:///eu-west-1a/i-0123456789"),
        new_node("x", "172.16.9.0/24", provider_id="cn-beijing.i-w1"),
        new_node("x", "172.16.9.0/24", metadata={"labels": {"type": "virtual-kubelet"}}),
        new_node("x", "172.16.9.0/24", metadata={"labels": {"service.alibabacloud.com/exclude-node": ""}}),
        new_node("x", "172.16.9.0/24", metadata={"deletion_timestamp": "2026-01-01T00:00:00Z"}),
        new_node("x", provider_id="cn-hangzhou.i-w1", waits=False),
    ],
    ids=["hybrid", "foreign", "other region", "virtual", "excluded", "going", "without ranges"],
)
async def test_in_a_mixed_cluster_only_instances_get_routes(bench: Bench, node) -> None:
    bench.join("w1")
    bench.boot("x")
    bench.cluster.held["x"] = node
    await bench.settle()
    await bench.period()
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-w1"}
    assert [patch.name for patch in bench.cluster.patches] == ["w1"]


async def test_a_node_without_provider_id_gets_its_entry_when_it_has_one(bench: Bench) -> None:
    bench.join("w1")
    bench.cluster.change("w1", provider_id="")
    await bench.settle()
    assert bench.cloud.routes() == {}
    bench.cluster.change("w1", provider_id=f"{REGION}.i-w1")
    await bench.settle()
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-w1"}


async def test_an_entry_of_a_node_that_is_excluded_later_stays(bench: Bench) -> None:
    bench.join("w1")
    await bench.settle()
    label = {"labels": {"service.alibabacloud.com/exclude-node": ""}}
    bench.cluster.held["w1"] = new_node("w1", "172.16.0.0/24", metadata=label)
    await bench.period()
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-w1"}


async def test_a_node_that_claims_another_machine_gets_no_route(bench: Bench) -> None:
    instance = bench.boot("w1")
    bench.cluster.held["liar"] = new_node(
        "liar", "172.16.0.0/24", provider_id=f"{REGION}.i-w1", system_uuid="0fd1e7a4-0000-4000-8000-000000000000"
    )
    await bench.settle()
    assert bench.cloud.routes() == {}
    status, message = bench.cluster.condition("liar")
    assert status == "True"
    assert "0fd1e7a4" in message
    assert instance.serial_number in message


async def test_without_a_number_the_address_must_be_the_instances(bench: Bench) -> None:
    bench.join("w1", ips=("10.9.9.9",))
    await bench.settle()
    assert bench.cloud.routes() == {}
    assert "has none of its addresses (10.9.9.9)" in bench.cluster.condition("w1")[1]


async def test_claims_are_asked_for_once(bench: Bench) -> None:
    bench.join("w1", "w2")
    await bench.settle()
    bench.cluster.change("w1", unschedulable=True)
    await bench.period()
    assert bench.cloud.counted()["DescribeInstances"] == 1


async def test_an_instance_that_is_not_there_is_told_and_looked_for_again(bench: Bench) -> None:
    bench.cluster.held["w1"] = new_node("w1", "172.16.0.0/24")
    await bench.settle()
    assert "i-w1, which is not found in cn-hangzhou" in bench.cluster.condition("w1")[1]
    bench.boot("w1")
    bench.time.time += 60.0
    await bench.settle()
    assert bench.cluster.condition("w1")[0] == "False"


async def test_an_instance_that_vanishes_does_not_take_the_entry_along_before_its_node(bench: Bench) -> None:
    bench.join("w1")
    await bench.settle()
    del bench.cloud.world.states["ecs"].instances["i-w1"]
    bench.restart()
    await bench.settle()
    await bench.period()
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-w1"}
    bench.leave("w1")
    await bench.settle()
    assert bench.cloud.routes() == {}


async def test_a_cloud_that_hides_all_instances_makes_no_routed_node_unavailable(bench: Bench) -> None:
    """A RAM policy that filters by tag or resource group answers with an empty list, as if nothing were there."""
    bench.join("w1", "w2")
    await bench.settle()
    bench.cloud.world.states["ecs"].instances.clear()
    bench.join("w3")
    bench.cloud.world.states["ecs"].instances.clear()
    bench.restart()
    await bench.settle()
    await bench.period()
    assert bench.cluster.unavailable() == {"w1": "False", "w2": "False", "w3": "True"}
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-w1", "172.16.1.0/24": "i-w2"}


async def test_an_id_that_ecs_refuses_holds_up_nobody_else(bench: Bench) -> None:
    send = bench.cloud.send

    async def strict(call):
        if call.action == "DescribeInstances" and "i-bad" in call.params["InstanceIds"]:
            raise bench.cloud._trouble(call, 400, "InvalidInstanceIds.Malformed", "malformed")
        return await send(call)

    bench.site.send = bench.site.instances.send = strict
    bench.join("w1", "w2", "bad")
    await bench.settle()
    assert bench.cluster.unavailable() == {"bad": "True", "w1": "False", "w2": "False"}


async def test_a_node_that_waits_without_a_range_is_told_why(bench: Bench) -> None:
    bench.join("w1")
    bench.cluster.change("w1", pod_cidrs=[])
    await bench.settle()
    status, message = bench.cluster.condition("w1")
    assert (status, "--allocate-node-cidrs" in message) == ("True", True)


@pytest.mark.parametrize(
    ("cidr", "says"),
    [
        ("172.17.0.0/24", "is outside --cluster-cidr=172.16.0.0/16,fd00::/48"),
        ("fd01::/64", "is outside --cluster-cidr"),
        ("0.0.0.0/0", "no range of a node's pods"),
        ("100.64.3.0/24", "lies in 100.64.0.0/10"),
    ],
)
async def test_a_range_that_cannot_be_a_nodes_is_refused_with_the_reason(bench: Bench, cidr: str, says: str) -> None:
    if "outside" in says:
        bench.restart(cluster_cidrs=("172.16.0.0/16", "fd00::/48"))
    bench.join("w1", cidrs=(cidr,))
    await bench.settle()
    assert bench.cloud.routes() == {}
    assert says in bench.cluster.condition("w1")[1]


async def test_an_entry_that_was_there_before_the_flag_was_set_stays(bench: Bench) -> None:
    bench.join("w1")
    await bench.settle()
    bench.restart(cluster_cidrs=("192.168.0.0/16",))
    await bench.settle()
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-w1"}
    assert bench.cluster.condition("w1")[0] == "False"


async def test_dual_stack_nodes_get_an_entry_for_each_family(bench: Bench) -> None:
    bench.join("w1", cidrs=("172.16.0.0/24", "fd00:1::/64"))
    await bench.settle()
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-w1", "fd00:1::/64": "i-w1"}
    (call,) = bench.cloud.writes()
    assert (call.params["RouteEntries.1.IpVersion"], call.params["RouteEntries.2.IpVersion"]) == ("4", "6")


async def test_two_nodes_with_one_range_are_told_apart(bench: Bench) -> None:
    bench.join("w1", "w2", cidrs=("172.16.0.0/24",))
    await bench.settle()
    assert bench.cluster.unavailable() == {"w1": "False", "w2": "True"}
    assert "node w1 of cluster" in bench.cluster.condition("w2")[1]
    await bench.period()
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-w1"}


async def test_a_condition_that_somebody_else_wrote_is_set_right(bench: Bench) -> None:
    bench.join("w1")
    await bench.settle()
    bench.cluster.held["w1"] = new_node("w1", "172.16.0.0/24")
    await bench.settle()
    assert bench.cluster.condition("w1")[0] == "False"


async def test_what_we_told_a_node_is_no_news_and_what_others_told_it_is(bench: Bench) -> None:
    bench.join("w1")
    before = bench.cluster.held["w1"]
    assert bench.routes.noticed(None, before)
    await bench.settle()
    after = bench.cluster.held["w1"]
    assert not bench.routes.noticed(before, after)
    assert bench.routes.noticed(after, before)
    assert bench.routes.noticed(after, None)


async def test_a_condition_that_is_right_already_is_left_with_its_words(bench: Bench) -> None:
    bench.join("w1", waits=False)
    told = Condition("NetworkUnavailable", "False", "FlannelIsUp", "Flannel is running on this node")
    bench.cluster.held["w1"].status.conditions.append(told)
    await bench.settle()
    assert bench.cluster.condition("w1")[1] == "Flannel is running on this node"
    assert bench.cluster.patches == []


async def test_other_conditions_stay_and_the_time_is_that_of_the_change(bench: Bench) -> None:
    bench.join("w1")
    bench.cluster.held["w1"].status.conditions.append(Condition("Ready", "True"))
    await bench.settle()
    assert {one.type for one in bench.cluster.held["w1"].status.conditions} == {"Ready", "NetworkUnavailable"}
    (patch,) = bench.cluster.patches
    assert (patch.strategic, patch.subresource, patch.body["metadata"]) == (True, "status", {"uid": "uid-w1"})
    assert patch.body["status"]["conditions"][0]["lastTransitionTime"] == "2026-01-01T00:16:40Z"


async def test_the_vpc_is_that_of_the_nodes_when_nothing_else_says_it(bench: Bench) -> None:
    bench.restart(vpc_id="")
    bench.join("w1")
    await bench.settle()
    assert bench.cluster.condition("w1")[0] == "False"
    bench.leave("w1")
    await bench.settle()
    assert bench.cloud.routes() == {}


async def test_a_vpc_that_nothing_tells_is_asked_for_on_the_node(bench: Bench) -> None:
    bench.restart(vpc_id="")
    bench.cluster.held["w1"] = new_node("w1", "172.16.0.0/24")
    await bench.turn()
    assert isinstance(bench.troubles[-1], Refused)
    assert "set vpcid in the cloud-config (Global.vpcid)" in bench.cluster.condition("w1")[1]


async def test_nodes_in_two_vpcs_need_to_be_told_which(bench: Bench) -> None:
    world = bench.cloud.world
    world.states["vpc"].add_vpc(world, "192.168.0.0/16", own_id="vpc-two")
    world.states["vpc"].add_vswitch(world, "vpc-two", "192.168.0.0/24", "cn-hangzhou-h", own_id="vsw-two")
    bench.boot("x", "vsw-two")
    bench.join("w1")
    bench.cluster.held["x"] = new_node("x", "172.16.9.0/24")
    bench.restart(vpc_id="")
    await bench.turn()
    assert "several VPCs (vpc-test, vpc-two)" in bench.cluster.condition("x")[1]
    bench.restart(vpc_id="vpc-test")
    await bench.settle()
    assert bench.cluster.unavailable() == {"w1": "False", "x": "True"}
    assert "is in vpc-two" in bench.cluster.condition("x")[1]


async def test_without_nodes_of_ours_nothing_is_asked(bench: Bench) -> None:
    bench.restart(vpc_id="")
    bench.cluster.held["x"] = new_node("x", "172.16.9.0/24", provider_id="ack-hybrid://x")
    await bench.settle()
    assert bench.cloud.calls == []


async def test_a_table_that_does_not_exist_is_told_with_the_key_to_set(bench: Bench) -> None:
    bench.restart(table_ids=(bench.cloud.table.id, "vtb-none"))
    bench.join("w1")
    await bench.settle()
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-w1"}
    status, message = bench.cluster.condition("w1")
    assert status == "True"
    assert "route table vtb-none cannot be read: InvalidRouteTableId.NotFound" in message
    assert "routeTableIDs" in message


async def test_the_first_node_of_a_vswitch_with_a_table_of_its_own_brings_that_table_in(bench: Bench) -> None:
    bench.join("w1")
    await bench.settle()
    second = bench.cloud.add_table("vtb-second")
    state = bench.cloud.world.states["vpc"]
    state.add_vswitch(bench.cloud.world, VPC, "10.2.0.0/16", "cn-hangzhou-h", own_id="vsw-2", route_table_id=second.id)
    bench.boot("w2", "vsw-2")
    bench.cluster.held["w2"] = new_node("w2", "172.16.9.0/24")
    await bench.settle()
    assert bench.cloud.routes(second) == {"172.16.0.0/24": "i-w1", "172.16.9.0/24": "i-w2"} == bench.cloud.routes()
    assert bench.cluster.unavailable() == {"w1": "False", "w2": "False"}
