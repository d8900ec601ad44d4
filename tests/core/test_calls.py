"""How many calls each change takes: what is known is not asked again, and what changed by hand is still seen."""

import msgspec
import pytest
from tests.core.conftest import Bench, new_bench, new_world

from yunqiao.controllers.services.known import VERIFY_EVERY
from yunqiao.model.cluster import Endpoint, EndpointConditions, EndpointPort, EndpointSlice, Metadata
from yunqiao.model.errors import NotYet
from yunsim.dispatch import perform


async def settled() -> Bench:
    bench = new_bench()
    await bench.settle()
    bench.cloud.calls.clear()
    bench.cluster.patches.clear()
    return bench


def actions(bench):
    return [call.action for call in bench.cloud.calls]


def balancer(bench):
    (one,) = bench.cloud.world.states["slb"].load_balancers.values()
    return one


def by_hand(bench, action, **params):
    perform(
        bench.cloud.world, "slb", action, {"RegionId": "cn-hangzhou", "LoadBalancerId": balancer(bench).id, **params}
    )


def swap_a_node(bench):
    meta, spec = bench.cluster.nodes[0].metadata, bench.cluster.nodes[0].spec
    bench.cluster.nodes[0] = msgspec.structs.replace(
        bench.cluster.nodes[0],
        metadata=msgspec.structs.replace(meta, name="w3"),
        spec=msgspec.structs.replace(spec, provider_id="cn-hangzhou.i-w3"),
    )


async def test_creating_takes_the_shared_listing_and_four_writes(bench):
    await bench.settle()
    assert actions(bench) == [
        "DescribeLoadBalancers", "CreateLoadBalancer", "CreateVServerGroup", "CreateLoadBalancerTCPListener",
        "StartLoadBalancerListener",
    ]  # fmt: skip
    assert len(bench.cluster.patches) == 2  # finalizer and note before, address and note after


async def test_the_first_20_backends_go_in_with_the_group_and_the_others_by_20():
    bench = new_bench()
    bench.cloud.world = new_world(instances=45)
    bench.cluster.nodes = [named(bench, number) for number in range(45)]
    await bench.settle()
    assert actions(bench).count("CreateVServerGroup") == 1
    assert actions(bench).count("AddVServerGroupBackendServers") == 2
    (group,) = balancer(bench).groups.values()
    assert len(group.backends) == 45


def named(bench, number):
    node = bench.cluster.nodes[0]
    return msgspec.structs.replace(
        node,
        metadata=msgspec.structs.replace(node.metadata, name=f"w{number}"),
        spec=msgspec.structs.replace(node.spec, provider_id=f"cn-hangzhou.i-w{number}"),
    )


async def test_a_backend_that_takes_another_ones_place_is_one_write_and_no_read():
    bench = await settled()
    swap_a_node(bench)
    await bench.settle()
    assert actions(bench) == ["ModifyVServerGroupBackendServers"]
    (group,) = balancer(bench).groups.values()
    assert sorted(one.server_id for one in group.backends.values()) == ["i-w1", "i-w3"]


async def test_where_swapping_is_refused_backends_are_added_then_removed_without_a_read():
    bench = await settled()
    swap_a_node(bench)
    bench.cloud.refused.add("ModifyVServerGroupBackendServers")
    await bench.settle()
    assert actions(bench) == [
        "ModifyVServerGroupBackendServers", "AddVServerGroupBackendServers", "RemoveVServerGroupBackendServers",
    ]  # fmt: skip
    assert await bench.verify() == []


async def test_an_unrelated_annotation_takes_no_call():
    bench = await settled()
    meta = bench.cluster.service.metadata
    bench.cluster.service = msgspec.structs.replace(
        bench.cluster.service, metadata=msgspec.structs.replace(meta, annotations={**meta.annotations, "team": "shop"})
    )
    await bench.settle()
    assert actions(bench) == []


async def test_deleting_takes_two_calls():
    bench = await settled()
    bench.cluster.delete()
    await bench.settle()
    assert actions(bench) == ["SetLoadBalancerDeleteProtection", "DeleteLoadBalancer"]


async def test_nothing_happens_when_nothing_changes():
    bench = await settled()
    for _ in range(20):
        await bench.settle()
    assert actions(bench) == []
    assert bench.cluster.patches == []


async def test_a_restart_with_nothing_changed_takes_the_listing_alone():
    bench = await settled()
    bench.restart()
    again = await bench.services.reconcile("default/nginx")
    assert actions(bench) == ["DescribeLoadBalancers"]
    assert bench.cluster.patches == []
    assert 0 <= again <= VERIFY_EVERY


async def restarted_in_local_mode() -> Bench:
    """Its backends are where its pods are; the note was believed, so that nobody has looked at the balancer yet."""
    bench = new_bench()
    bench.cluster.ask(external_traffic_policy="Local")
    bench.cluster.slices = [pods_on("w0")]
    await bench.settle()
    bench.restart()
    await bench.services.reconcile(bench.key)
    bench.cloud.calls.clear()
    bench.cluster.patches.clear()
    return bench


def pods_on(*nodes: str) -> EndpointSlice:
    serving = EndpointConditions(ready=True, serving=True, terminating=False)
    endpoints = [Endpoint(addresses=["10.0.0.9"], node_name=node, conditions=serving) for node in nodes]
    meta = Metadata(name="nginx-1", namespace="default")
    return EndpointSlice(metadata=meta, endpoints=endpoints, ports=[EndpointPort(port=8080)])


async def test_a_node_that_joins_after_a_restart_takes_no_call_in_local_mode():
    bench = await restarted_in_local_mode()
    due = bench.time.time + await bench.services.reconcile(bench.key)
    for number in (2, 3):
        bench.cluster.nodes.append(named(bench, number))
        bench.time.time += 1
        assert bench.time.time + await bench.services.reconcile(bench.key) == due  # the look is not put off
    assert actions(bench) == []
    assert bench.cluster.patches == []


async def test_a_pod_that_moves_after_a_restart_is_followed_with_a_look():
    bench = await restarted_in_local_mode()
    bench.cluster.slices = [pods_on("w1")]
    await bench.settle()
    assert [call.action for call in bench.cloud.writes()] == ["ModifyVServerGroupBackendServers"]


async def test_nodes_that_keep_joining_do_not_put_off_the_look_after_a_restart():
    bench = await restarted_in_local_mode()
    bench.time.time += await bench.services.reconcile(bench.key)
    bench.cluster.nodes.append(named(bench, 2))
    await bench.settle()
    assert "DescribeVServerGroupAttribute" in actions(bench)


async def test_a_note_is_no_longer_believed_once_something_was_taken_away_there():
    bench = await restarted_in_local_mode()
    bench.services.site.memory.drop(bench.key)
    await bench.settle()
    assert "DescribeVServerGroupAttribute" in actions(bench)


async def test_within_the_hour_after_a_restart_everything_is_looked_at():
    bench = await settled()
    bench.restart()
    bench.time.time += await bench.services.reconcile("default/nginx")
    bench.cloud.calls.clear()
    await bench.settle()
    assert sorted(actions(bench)) == [
        "DescribeLoadBalancerListeners", "DescribeLoadBalancers", "DescribeVServerGroupAttribute",
        "DescribeVServerGroups",
    ]  # fmt: skip


async def test_a_note_is_not_trusted_after_another_controller_led():
    bench = await settled()
    bench.restart()
    bench.services.site.trusts_records = False
    await bench.settle()
    assert "DescribeVServerGroupAttribute" in actions(bench)


async def test_a_note_that_came_with_a_copy_of_the_object_says_nothing():
    bench = await settled()
    meta = msgspec.structs.replace(bench.cluster.service.metadata, uid="00000000-0000-4000-8000-000000000001")
    bench.cluster.service = msgspec.structs.replace(bench.cluster.service, metadata=meta)
    bench.restart()
    await bench.settle()
    assert len(bench.cloud.world.states["slb"].load_balancers) == 2
    made = max(bench.cloud.world.states["slb"].load_balancers.values(), key=lambda one: one.id)
    assert [one.ip for one in bench.cluster.service.status.load_balancer.ingress] == [made.address]


async def test_a_change_that_was_under_way_at_the_end_is_finished_after_the_restart():
    bench = await settled()
    swap_a_node(bench)
    bench.cloud.troubles = ["ended-before"]
    await bench.settle()
    assert actions(bench)[-1] == "ModifyVServerGroupBackendServers"
    (group,) = balancer(bench).groups.values()
    assert sorted(one.server_id for one in group.backends.values()) == ["i-w1", "i-w3"]


async def test_nodes_that_changed_while_we_were_away_are_followed_at_once():
    bench = await settled()
    swap_a_node(bench)
    bench.restart()
    await bench.settle()
    assert [call.action for call in bench.cloud.writes()] == ["ModifyVServerGroupBackendServers"]


async def test_a_balancer_that_was_deleted_while_we_were_away_is_made_anew_at_once():
    bench = await settled()
    by_hand(bench, "SetLoadBalancerDeleteProtection", DeleteProtection="off")
    by_hand(bench, "DeleteLoadBalancer")
    bench.restart()
    await bench.settle()
    assert bench.wanted_is_there()


async def test_a_backend_removed_by_hand_is_put_back_by_the_next_look():
    bench = await settled()
    (group,) = balancer(bench).groups.values()
    group.backends.popitem()
    assert [call.action for call in await bench.verify()] == ["AddVServerGroupBackendServers"]


async def test_a_listener_edited_stopped_or_deleted_by_hand_is_put_right_by_the_next_look():
    bench = await settled()
    bench.cluster.annotate(address_type="intranet", scheduler="wrr")
    await bench.settle()
    by_hand(bench, "SetLoadBalancerTCPListenerAttribute", ListenerPort="80", Scheduler="rr")
    by_hand(bench, "StopLoadBalancerListener", ListenerPort="80", ListenerProtocol="tcp")
    found = [call.action for call in await bench.verify()]
    assert found == ["SetLoadBalancerTCPListenerAttribute", "StartLoadBalancerListener"]
    by_hand(bench, "DeleteLoadBalancerListener", ListenerPort="80", ListenerProtocol="tcp")
    found = [call.action for call in await bench.verify()]
    assert found == ["CreateLoadBalancerTCPListener", "StartLoadBalancerListener"]


async def test_a_balancer_deleted_by_hand_is_noticed_by_the_next_write_and_made_anew():
    bench = await settled()
    by_hand(bench, "SetLoadBalancerDeleteProtection", DeleteProtection="off")
    by_hand(bench, "DeleteLoadBalancer")
    swap_a_node(bench)
    await bench.settle()
    assert bench.wanted_is_there()


async def test_deleting_after_a_restart_takes_the_listing_and_two_calls():
    bench = await settled()
    bench.restart()
    await bench.services.reconcile("default/nginx")
    bench.cluster.delete()
    await bench.settle()
    assert actions(bench) == ["DescribeLoadBalancers", "SetLoadBalancerDeleteProtection", "DeleteLoadBalancer"]


async def test_a_listing_that_is_an_hour_old_is_not_taken_for_a_look():
    bench = await settled()
    bench.cluster.annotate(address_type="intranet", name="shop")
    await bench.settle()
    bench.restart()
    bench.time.time += await bench.services.reconcile("default/nginx")
    by_hand(bench, "SetLoadBalancerName", LoadBalancerName="changed-by-hand")
    bench.cloud.calls.clear()
    await bench.settle()
    assert [call.action for call in bench.cloud.writes()] == ["SetLoadBalancerName"]


async def test_a_balancer_whose_parts_nobody_looked_at_is_not_taken_for_an_empty_one():
    """A deletion after a restart needs no look at the parts; when it is taken back halfway, what is there is kept."""
    bench = await settled()
    bench.restart()
    await bench.services.reconcile("default/nginx")
    bench.cluster.ask(type="ClusterIP")
    bench.cloud.busy.add("DeleteLoadBalancer")
    with pytest.raises(NotYet):
        await bench.services.reconcile("default/nginx")
    bench.cluster.ask(type="LoadBalancer")
    bench.cloud.calls.clear()
    await bench.settle()
    assert bench.cloud.writes() == []
    assert bench.wanted_is_there()
