"""A node joins: it finds its instance without anybody's help, and may be used when all is written, not before."""

import pytest

from yunqiao.controllers.nodes.kinds import UNINITIALIZED
from yunqiao.controllers.nodes.rules import Rules

NOT_READY = "node.kubernetes.io/not-ready"


async def test_a_node_without_a_provider_id_is_found_by_address_and_number(bench):
    made = bench.cloud.add("i-one", private_ip="10.0.1.1", public_ip="203.0.113.7", instance_type="ecs.g7.large")
    bench.cluster.join("one", "10.0.1.1", uuid=made.serial_number.upper())
    await bench.run()
    assert bench.provider_id("one") == "cn-hangzhou.i-one"
    assert bench.addresses("one") == [("ExternalIP", "203.0.113.7"), ("InternalIP", "10.0.1.1"), ("Hostname", "one")]
    assert UNINITIALIZED not in bench.taints("one")
    assert bench.labels("one") == {
        "beta.kubernetes.io/instance-type": "ecs.g7.large",
        "node.kubernetes.io/instance-type": "ecs.g7.large",
        "failure-domain.beta.kubernetes.io/zone": "cn-hangzhou-h",
        "topology.kubernetes.io/zone": "cn-hangzhou-h",
        "failure-domain.beta.kubernetes.io/region": "cn-hangzhou",
        "topology.kubernetes.io/region": "cn-hangzhou",
        "node.alibabacloud.com/instance-charge-type": "PostPaid",
        "node.alibabacloud.com/spot-strategy": "NoSpot",
    }
    assert bench.reasons("one") == ["InitializedNode"]
    assert not bench.cloud.world.states["ecs"].instances["i-one"].interfaces[0].source_dest_check


async def test_a_node_costs_one_patch_of_each_kind_and_no_call_once_it_is_done(bench):
    made = bench.cloud.add("i-one", private_ip="10.0.1.1", public_ip="203.0.113.7")
    bench.cluster.join("one", "10.0.1.1", uuid=made.serial_number)
    await bench.run(250)
    assert [step.subresource for step in bench.cluster.writes] == ["status", ""]
    assert [call.action for call in bench.cloud.calls] == [
        "DescribeNetworkInterfaces",
        "DescribeInstances",
        "ModifyNetworkInterfaceAttribute",
    ]


async def test_nothing_is_written_on_a_node_that_has_registered_anew_meanwhile(bench):
    """Its status is not patched with what was found for the one before."""
    bench.cloud.add("i-one", private_ip="10.0.1.1", public_ip="203.0.113.7")
    bench.cloud.add("i-two", private_ip="10.0.1.2")
    bench.cluster.join("one", "10.0.1.1")
    seen = []

    def anew(step):
        if not seen:
            seen.append(step)
            bench.cluster.verbs.delete("nodes", "one")
            bench.cluster.join("one", "10.0.1.2")

    bench.cluster.before_write = anew
    await bench.run()
    assert bench.provider_id("one") == "cn-hangzhou.i-two"
    assert bench.addresses("one") == [("InternalIP", "10.0.1.2"), ("Hostname", "one")]
    assert seen[0] not in bench.cluster.writes


async def test_a_node_that_goes_while_it_is_looked_at_keeps_no_other_waiting(bench):
    bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cloud.add("i-two", private_ip="10.0.1.2")
    bench.cluster.join("one", "10.0.1.1")
    bench.cluster.join("two", "10.0.1.2")
    answer = bench.site.send

    async def meanwhile(call):
        if "one" in bench.cluster.names():
            bench.cluster.verbs.delete("nodes", "one")
        return await answer(call)

    bench.site.send = bench.site.instances.send = meanwhile
    await bench.run(0)
    assert bench.provider_id("two") == "cn-hangzhou.i-two"
    assert bench.cluster.names() == ["two"]


async def test_with_routes_a_node_is_never_schedulable_without_saying_that_it_has_none(bench, new_bench):
    bench = new_bench(rules=Rules("cn-hangzhou", "vpc-test", routes=True))
    bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cluster.join("one", "10.0.1.1", provider_id="cn-hangzhou.i-one")
    seen = []
    bench.cluster.before_write = lambda _: seen.append(
        (UNINITIALIZED in bench.taints("one"), bench.condition("one", "NetworkUnavailable").get("status"))
    )
    await bench.run()
    assert seen == [(True, None), (True, "True")]
    assert UNINITIALIZED not in bench.taints("one")
    said = bench.condition("one", "NetworkUnavailable")
    assert (said["reason"], said["message"]) == ("NoRouteCreated", "Node created without a route")


@pytest.mark.parametrize("provider_id", ["cn-hangzhou.i-one", "alicloud://cn-hangzhou.i-one"])
async def test_both_spellings_of_a_provider_id_are_read_and_left(bench, provider_id):
    bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cluster.join("one", "10.0.1.1", provider_id=provider_id)
    await bench.run()
    assert bench.provider_id("one") == provider_id
    assert UNINITIALIZED not in bench.taints("one")
