"""What is not ours is never touched; what the incumbent made for this Service is ours and is kept."""

import pytest

from yunqiao.controllers.services.known import VERIFY_EVERY
from yunqiao.model.cluster import ServicePort
from yunqiao.model.errors import Refused
from yunsim.dispatch import perform

NAME = "a3f2b8c1e93ab4a6ea8b91c2d3e4f5a6"


def do(bench, action, **params):
    fields = {"RegionId": "cn-hangzhou", **{key.replace("__", "."): value for key, value in params.items()}}
    return perform(bench.cloud.world, "slb", action, fields)


def incumbents_balancer(bench, cluster="clusterid"):
    """A balancer as the incumbent leaves it: two ports' worth of parts under its own cluster id."""
    made = do(
        bench, "CreateLoadBalancer", LoadBalancerName=NAME, AddressType="intranet", VSwitchId="vsw-test",
        InstanceChargeType="PayByCLCU",
        Tag__1__Key="kubernetes.do.not.delete", Tag__1__Value=NAME,
        Tag__2__Key="ack.aliyun.com", Tag__2__Value=cluster, DeleteProtection="on",
    )  # fmt: skip
    balancer_id = made["LoadBalancerId"]
    group = do(
        bench, "CreateVServerGroup", LoadBalancerId=balancer_id, VServerGroupName=f"k8s/30080/nginx/default/{cluster}",
        BackendServers='[{"ServerId":"i-w0","Port":"30080","Weight":"100","Type":"ecs",'
        f'"Description":"k8s/30080/nginx/default/{cluster}"}}]',
    )["VServerGroupId"]  # fmt: skip
    do(
        bench, "CreateLoadBalancerTCPListener", LoadBalancerId=balancer_id, ListenerPort="80", Bandwidth="-1",
        VServerGroupId=group, Description=f"k8s/80/nginx/default/{cluster}",
    )  # fmt: skip
    do(bench, "StartLoadBalancerListener", LoadBalancerId=balancer_id, ListenerPort="80", ListenerProtocol="tcp")
    return made["LoadBalancerId"], made["Address"], group


async def test_a_balancer_of_the_incumbent_is_kept_with_address_and_parts(bench):
    balancer_id, address, group = incumbents_balancer(bench)
    await bench.settle()
    assert [call.action for call in bench.cloud.writes()] == ["AddVServerGroupBackendServers"]
    (balancer,) = bench.cloud.world.states["slb"].load_balancers.values()
    assert (balancer.id, balancer.address, list(balancer.groups)) == (balancer_id, address, [group])
    assert [one.ip for one in bench.cluster.service.status.load_balancer.ingress] == [address]
    descriptions = {one.description for one in balancer.groups[group].backends.values()}
    assert descriptions == {"k8s/30080/nginx/default/clusterid"}
    assert await bench.verify() == []


async def test_a_port_that_somebody_else_holds_is_told_and_never_taken(bench):
    await bench.settle()
    (balancer,) = bench.cloud.world.states["slb"].load_balancers.values()
    listener = balancer.listeners.pop(("tcp", 80))
    listener.settings["Description"] = "k8s/80/other/default/abcdefghij"
    balancer.listeners[("tcp", 80)] = listener
    before = len(bench.cloud.writes())
    bench.time.time += VERIFY_EVERY
    again = await bench.services.reconcile("default/nginx")
    assert again == 60.0
    assert len(bench.cloud.writes()) == before
    assert any('is held by "k8s/80/other/default/abcdefghij"' in text for _, _, text in bench.told)


async def test_foreign_listeners_and_groups_on_our_balancer_stay(bench):
    await bench.settle()
    (balancer,) = bench.cloud.world.states["slb"].load_balancers.values()
    by_hand = do(bench, "CreateVServerGroup", LoadBalancerId=balancer.id, VServerGroupName="by-hand")["VServerGroupId"]
    do(
        bench, "CreateLoadBalancerTCPListener", LoadBalancerId=balancer.id, ListenerPort="8443", Bandwidth="-1",
        VServerGroupId=by_hand, Description="mine",
    )  # fmt: skip
    assert await bench.verify() == []
    assert by_hand in balancer.groups


async def test_a_backend_that_somebody_added_to_our_group_stays(bench):
    await bench.settle()
    (balancer,) = bench.cloud.world.states["slb"].load_balancers.values()
    (group,) = balancer.groups.values()
    server = '[{"ServerId":"i-w3","Port":"8080","Weight":"10","Type":"ecs","Description":"outside-the-cluster"}]'
    do(bench, "AddVServerGroupBackendServers", VServerGroupId=group.id, BackendServers=server)
    assert await bench.verify() == []


async def test_a_balancer_of_another_service_with_our_name_is_not_ours(bench):
    do(
        bench, "CreateLoadBalancer", LoadBalancerName=NAME, AddressType="intranet", VSwitchId="vsw-test",
        InstanceChargeType="PayByCLCU",
        Tag__1__Key="kubernetes.do.not.delete", Tag__1__Value="a-different-service",
    )  # fmt: skip
    await bench.settle()
    assert len(bench.cloud.world.states["slb"].load_balancers) == 2
    bench.cluster.delete()
    await bench.settle()
    (left,) = bench.cloud.world.states["slb"].load_balancers.values()
    assert left.tags == {"kubernetes.do.not.delete": "a-different-service"}


async def test_two_full_balancers_with_our_tag_are_told_and_neither_is_touched(bench):
    incumbents_balancer(bench)
    incumbents_balancer(bench)
    with pytest.raises(Refused, match="several load balancers carry the tag"):
        await bench.services.reconcile("default/nginx")
    assert bench.cloud.writes() == []


async def test_an_empty_twin_that_a_late_call_left_goes(bench):
    await bench.settle()
    do(
        bench, "CreateLoadBalancer", LoadBalancerName=NAME, AddressType="intranet", VSwitchId="vsw-test",
        InstanceChargeType="PayByCLCU",
        Tag__1__Key="kubernetes.do.not.delete", Tag__1__Value=NAME, DeleteProtection="on",
    )  # fmt: skip
    assert [call.action for call in await bench.verify()] == ["SetLoadBalancerDeleteProtection", "DeleteLoadBalancer"]
    assert bench.wanted_is_there()


async def test_a_server_that_somebody_has_put_into_a_group_of_ours_outlives_the_group_s_port(bench):
    bench.cluster.ask(ports=[ServicePort(port=80, node_port=30080), ServicePort(port=81, node_port=30081)])
    await bench.settle()
    (balancer,) = bench.cloud.world.states["slb"].load_balancers.values()
    group = next(one for one in balancer.groups.values() if "30081" in one.name)
    do(
        bench, "AddVServerGroupBackendServers", VServerGroupId=group.id,
        BackendServers='[{"ServerId":"i-w3","Port":"9090","Weight":"5","Type":"ecs"}]',
    )  # fmt: skip
    bench.cluster.ask(ports=[ServicePort(port=80, node_port=30080)])
    await bench.settle()
    assert [one.server_id for one in balancer.groups[group.id].backends.values()] == ["i-w3"]
    assert ("tcp", 81) not in balancer.listeners
    assert await bench.verify() == []
