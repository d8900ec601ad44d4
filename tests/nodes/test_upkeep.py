"""Nodes that have been initialised: what is ours on them stays true, and everything else is left to others."""

from yunqiao.controllers.nodes.kinds import UNINITIALIZED
from yunqiao.controllers.nodes.rules import Rules
from yunqiao.model.errors import Fault, Refused

ZONE = "topology.kubernetes.io/zone"


async def one_node(bench, **more):
    bench.cloud.add("i-one", private_ip="10.0.1.1", **more)
    bench.cluster.join("one", "10.0.1.1")
    await bench.run(20)


async def test_a_label_of_ours_that_somebody_changes_is_put_right(bench):
    await one_node(bench)
    bench.cluster.change("one", {"metadata": {"labels": {ZONE: "elsewhere", "mine": "stays"}}})
    await bench.run(5)
    assert bench.labels("one")[ZONE] == "cn-hangzhou-h"
    assert bench.labels("one")["mine"] == "stays"


async def test_an_instance_that_gets_a_public_address_shows_it_within_the_period(bench):
    await one_node(bench)
    bench.cloud.world.states["ecs"].instances["i-one"].public_ip = "203.0.113.9"
    await bench.run(310)
    assert bench.addresses("one")[0] == ("ExternalIP", "203.0.113.9")


async def test_a_node_pool_and_spot_strategy_become_labels(bench):
    await one_node(bench, spot_strategy="SpotAsPriceGo", tags={"ack.alibabacloud.com/nodepool-id": "np1"})
    assert bench.labels("one")["node.alibabacloud.com/nodepool-id"] == "np1"
    assert bench.labels("one")["node.alibabacloud.com/spot-strategy"] == "SpotAsPriceGo"


async def test_ipv6_addresses_are_published_when_asked_for(new_bench):
    bench = new_bench(rules=Rules("cn-hangzhou", "vpc-test", ipv6=True))
    await one_node(bench, ipv6=("2001:db8::1",))
    assert bench.addresses("one") == [("InternalIP", "10.0.1.1"), ("InternalIP", "2001:db8::1"), ("Hostname", "one")]


async def test_a_kubelet_that_writes_its_own_addresses_is_not_fought_with(bench):
    bench.cloud.add("i-one", private_ip="10.0.1.1", public_ip="203.0.113.7")
    bench.cluster.join("one", "10.0.1.1", taints=())
    await bench.run(20)
    own = [{"$patch": "replace"}, {"type": "InternalIP", "address": "10.0.1.1"}, {"type": "Hostname", "address": "one"}]
    bench.cluster.change("one", {"status": {"addresses": own}}, "status")
    written = len(bench.cluster.writes)
    await bench.run(60 * 60, step=10)
    assert len(bench.cluster.writes) == written
    assert bench.reasons("one") == ["AddressesLeft"]


async def test_the_check_of_the_interface_stays_when_that_is_asked_for(new_bench):
    bench = new_bench(rules=Rules("cn-hangzhou", "vpc-test", checks_stay=True))
    await one_node(bench)
    assert UNINITIALIZED not in bench.taints("one")
    assert bench.cloud.world.states["ecs"].instances["i-one"].interfaces[0].source_dest_check


async def test_a_check_that_cannot_be_switched_off_keeps_the_taint_and_nothing_else(bench):
    bench.cloud.failing["ModifyNetworkInterfaceAttribute"] = Refused("ecs:ModifyNetworkInterfaceAttribute: allow it")
    await one_node(bench)
    assert UNINITIALIZED in bench.taints("one")
    assert bench.provider_id("one") == "cn-hangzhou.i-one"
    assert bench.labels("one")[ZONE] == "cn-hangzhou-h"
    assert bench.reasons("one") == ["SyncNodeFailed"]


async def test_a_refusal_that_comes_again_and_again_is_told_once(bench):
    bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cluster.join("one", "10.0.1.1")
    for number in range(4):
        fault = Fault("DescribeNetworkInterfaces", 403, "Forbidden.RAM", "not authorized", f"request-{number}")
        bench.cloud.failing["DescribeNetworkInterfaces"] = Refused(str(fault), fault)
        await bench.run(301, step=5)
    assert bench.reasons("one") == ["SyncNodeFailed"]
    assert bench.cloud.count("DescribeNetworkInterfaces") >= 4


async def test_heartbeats_of_a_node_that_waits_cost_nothing(bench):
    bench.cloud.failing["DescribeNetworkInterfaces"] = Refused("not authorized")
    bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cluster.join("one", "10.0.1.1")
    for number in range(30):
        bench.cluster.change("one", {"metadata": {"annotations": {"beat": str(number)}}})
        await bench.run(2)
    assert bench.cloud.count("DescribeNetworkInterfaces") == 1


async def test_a_route_that_is_there_already_is_not_unsaid(new_bench):
    bench = new_bench(rules=Rules("cn-hangzhou", "vpc-test", routes=True))
    bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cluster.join("one", "10.0.1.1")
    routed = {"type": "NetworkUnavailable", "status": "False", "reason": "RouteCreated"}
    bench.cluster.change("one", {"status": {"conditions": [routed]}}, "status")
    await bench.run(20)
    assert bench.condition("one", "NetworkUnavailable")["status"] == "False"
    assert UNINITIALIZED not in bench.taints("one")


async def test_a_route_that_comes_meanwhile_is_not_unsaid(new_bench):
    bench = new_bench(rules=Rules("cn-hangzhou", "vpc-test", routes=True))
    bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cluster.join("one", "10.0.1.1", provider_id="cn-hangzhou.i-one")
    routed = {"type": "NetworkUnavailable", "status": "False", "reason": "RouteCreated"}

    def meanwhile(step):
        bench.cluster.before_write = None
        bench.cluster.change("one", {"status": {"conditions": [routed]}}, "status")

    bench.cluster.before_write = meanwhile
    await bench.run(20)
    assert bench.condition("one", "NetworkUnavailable")["status"] == "False"
    assert UNINITIALIZED not in bench.taints("one")


async def test_a_new_leader_with_an_old_cache_does_nothing_twice_and_undoes_nothing(bench):
    bench.cloud.add("i-one", private_ip="10.0.1.1", public_ip="203.0.113.7")
    bench.cluster.join("one", "10.0.1.1")
    bench.cluster.freeze()
    old = bench.cluster.get("one")
    bench.cluster.thaw()
    await bench.run(20)
    later = {"key": "example.com/later", "effect": "NoSchedule"}
    bench.cluster.change("one", {"spec": {"taints": [later]}})
    after = bench.cluster.raw("one")
    bench.restart()
    bench.cluster._cache, bench.cluster._frozen = {"one": old}, True
    await bench.run(5)
    bench.cluster.thaw()
    await bench.run(30)
    assert bench.cluster.raw("one")["spec"] == after["spec"]
    assert bench.taints("one") == ["example.com/later"]
    assert bench.addresses("one")[0] == ("ExternalIP", "203.0.113.7")


async def test_a_node_that_restarts_costs_a_look_and_no_write(bench):
    await one_node(bench)
    calls, writes = len(bench.cloud.calls), len(bench.cluster.writes)
    bench.cluster.hear("one", "Unknown")
    await bench.run(5)
    bench.cluster.hear("one", "True")
    await bench.run(20)
    assert len(bench.cluster.writes) == writes
    assert [call.action for call in bench.cloud.calls[calls:]] == ["DescribeInstances"] * 2


async def test_a_node_that_is_looked_at_for_nothing_costs_no_call(bench):
    await one_node(bench)
    calls = len(bench.cloud.calls)
    bench.queue.add("one")
    await bench.run(5)
    assert len(bench.cloud.calls) == calls


async def test_our_own_writes_that_come_back_late_cost_no_call(bench):
    """The cache shows the node as it was between our two patches for some seconds more."""
    bench.cloud.add("i-one", private_ip="10.0.1.1", secondary_ips=("10.0.1.9",))
    bench.cluster.join("one", "10.0.1.9")
    bench.cluster.before_write = lambda step: bench.cluster.freeze() if not step.subresource else None
    await bench.run(3)
    bench.cluster.thaw()
    await bench.run(20)
    assert [call.action for call in bench.cloud.calls if call.action == "DescribeInstances"] == ["DescribeInstances"]
    assert len(bench.cluster.writes) == 2


async def test_nodes_that_joined_at_different_times_are_looked_at_together(bench):
    for number in range(5):
        bench.cloud.add(f"i-{number}", private_ip=f"10.0.1.{number + 1}")
        bench.cluster.join(f"w{number}", f"10.0.1.{number + 1}")
        await bench.run(50)
    calls = len(bench.cloud.calls)
    await bench.run(600)
    assert [call.action for call in bench.cloud.calls[calls:]] == ["DescribeInstances"] * 2


async def test_a_taint_that_somebody_puts_back_is_taken_away_again(bench):
    await one_node(bench)
    await bench.run(30)
    taint = {"key": UNINITIALIZED, "effect": "NoSchedule"}
    bench.cluster.change("one", {"spec": {"taints": [taint]}})
    await bench.run(10)
    assert UNINITIALIZED not in bench.taints("one")


async def test_what_another_controller_was_just_told_of_a_new_node_is_not_asked_again(bench):
    bench.cloud.add("i-w1", private_ip="10.0.1.1")
    await bench.site.instances.find(["i-w1"])
    bench.cluster.join("w1", "10.0.1.1", provider_id="cn-hangzhou.i-w1", taints=())
    await bench.run(10)
    assert bench.labels("w1")["topology.kubernetes.io/zone"] == "cn-hangzhou-h"
    assert bench.cloud.count("DescribeInstances") == 1
