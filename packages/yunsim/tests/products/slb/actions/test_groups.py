"""Server groups and their backends."""

from types import SimpleNamespace
from typing import Any

import pytest

from yunsim.products.ecs import rules as ecs_rules
from yunsim.products.ecs.state import attach


def server(node: Any, port: int = 80, **more: Any) -> dict[str, Any]:
    return {"ServerId": node.id, "Port": port, **more}


def backends(slb: Any, group: str) -> list[tuple[str, int, int]]:
    found = slb("DescribeVServerGroupAttribute", VServerGroupId=group)["BackendServers"]["BackendServer"]
    return [(each["ServerId"], each["Port"], each["Weight"]) for each in found]


def add(slb: Any, group: str, *servers: dict[str, Any]) -> Any:
    return slb("AddVServerGroupBackendServers", VServerGroupId=group, BackendServers=list(servers))


def test_a_group_is_made_with_its_first_backends(slb: Any, site: Any, balancer: str) -> None:
    first = {"Weight": 100, "Type": "ecs", "Description": "k8s/80/web/default/c"}
    made = slb(
        "CreateVServerGroup",
        LoadBalancerId=balancer,
        VServerGroupName="k8s/80/web/default/c",
        BackendServers=[server(site.nodes[0], **first)],
        Tag=[{"Key": "team", "Value": "web"}],
    )
    seen = slb("DescribeVServerGroupAttribute", VServerGroupId=made["VServerGroupId"])
    (backend,) = seen["BackendServers"]["BackendServer"]
    assert {name: backend[name] for name in first} == first
    assert seen["VServerGroupName"] == "k8s/80/web/default/c"
    assert seen["LoadBalancerId"] == balancer
    assert seen["Tags"] == {"Tag": [{"TagKey": "team", "TagValue": "web"}]}


def test_a_group_whose_backends_are_refused_is_not_made(slb: Any, site: Any, balancer: str, refused: Any) -> None:
    wrong = [server(site.nodes[0]), server(site.stranger)]
    refused("NetworkConflict", slb, "CreateVServerGroup", LoadBalancerId=balancer, BackendServers=wrong)
    assert slb("DescribeVServerGroups", LoadBalancerId=balancer)["VServerGroups"]["VServerGroup"] == []


def test_clients_that_write_numbers_as_text_and_keys_in_lower_camel_case_are_understood(
    slb: Any, site: Any, group: str
) -> None:
    add(slb, group, {"serverId": site.nodes[0].id, "port": "80", "weight": "7", "type": "ecs", "description": "d"})
    assert backends(slb, group) == [(site.nodes[0].id, 80, 7)]


def test_backends_are_added_changed_replaced_and_removed(slb: Any, site: Any, group: str) -> None:
    one, two, three = site.nodes
    add(slb, group, server(one), server(two))
    slb("SetVServerGroupAttribute", VServerGroupId=group, BackendServers=[server(one, Weight=5)])
    assert backends(slb, group) == [(one.id, 80, 5), (two.id, 80, 100)]
    slb(
        "ModifyVServerGroupBackendServers",
        VServerGroupId=group,
        OldBackendServers=[server(one)],
        NewBackendServers=[server(three, 81)],
    )
    assert backends(slb, group) == [(two.id, 80, 100), (three.id, 81, 100)]
    slb("RemoveVServerGroupBackendServers", VServerGroupId=group, BackendServers=[server(two), server(one)])
    assert backends(slb, group) == [(three.id, 81, 100)]


def test_one_server_may_serve_on_several_ports(slb: Any, site: Any, group: str) -> None:
    add(slb, group, server(site.nodes[0], 80), server(site.nodes[0], 81))
    assert backends(slb, group) == [(site.nodes[0].id, 80, 100), (site.nodes[0].id, 81, 100)]


def test_a_backend_that_is_there_already_stays_as_it_is(slb: Any, site: Any, group: str) -> None:
    add(slb, group, server(site.nodes[0], Weight=5))
    add(slb, group, server(site.nodes[0], Weight=50), server(site.nodes[1]))
    assert backends(slb, group) == [(site.nodes[0].id, 80, 5), (site.nodes[1].id, 80, 100)]


def test_a_network_interface_is_a_backend_by_its_address(slb: Any, site: Any, group: str, refused: Any) -> None:
    eni = site.interface
    first, second = eni.private_ips
    refused("InvalidParameter", add, slb, group, server(eni, Type="eni", ServerIp=first))  # it is not in use yet
    attach(eni, site.nodes[0])
    add(slb, group, *(server(eni, Type="eni", ServerIp=address) for address in (first, second)))
    seen = slb("DescribeVServerGroupAttribute", VServerGroupId=group)["BackendServers"]["BackendServer"]
    assert [(each["Type"], each["ServerIp"]) for each in seen] == [("eni", first), ("eni", second)]
    refused("InvalidParameter", add, slb, group, server(eni, 81, Type="eni"))
    refused("InvalidParameter", add, slb, group, server(eni, 81, Type="eni", ServerIp="10.1.0.200"))
    gone = [server(eni, ServerIp=first)]
    slb("RemoveVServerGroupBackendServers", VServerGroupId=group, BackendServers=gone)
    seen = slb("DescribeVServerGroupAttribute", VServerGroupId=group)["BackendServers"]["BackendServer"]
    assert [each["ServerIp"] for each in seen] == [second]


def test_a_container_instance_is_a_backend_by_its_own_id(
    slb: Any, world: Any, site: Any, group: str, refused: Any
) -> None:
    pod = {"ServerId": "eci-1", "Port": 80, "Type": "eci", "ServerIp": site.interface.private_ips[1]}
    refused("ResourceNotFound.vServers", add, slb, group, pod)
    ecs_rules.state(world).lend(site.interface, "eci-1")
    add(slb, group, pod)
    (seen,) = slb("DescribeVServerGroupAttribute", VServerGroupId=group)["BackendServers"]["BackendServer"]
    assert {name: seen[name] for name in pod} == pod


def test_a_balancer_with_ipv4_has_no_server_with_ipv6(
    slb: Any, site: Any, balancer: str, group: str, refused: Any
) -> None:
    attach(site.interface, site.nodes[0])
    site.interface.ipv6.append("fd00::7")
    pod = server(site.interface, Type="eni", ServerIp="fd00::7")
    refused("OperationDeny.LbNotSupportIPv6Server", add, slb, group, pod)
    six = slb("CreateLoadBalancer", AddressIPVersion="ipv6", InstanceChargeType="PayByCLCU")["LoadBalancerId"]
    add(slb, slb("CreateVServerGroup", LoadBalancerId=six)["VServerGroupId"], pod)


def test_an_instance_that_does_not_run_is_no_backend(slb: Any, ecs: Any, site: Any, group: str, refused: Any) -> None:
    ecs("StopInstance", InstanceId=site.nodes[0].id)
    refused("InvalidParameter", add, slb, group, server(site.nodes[0]))
    ecs("StartInstance", InstanceId=site.nodes[0].id)
    add(slb, group, server(site.nodes[0]))


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("InvalidParameter", {"Port": 0}),
        ("InvalidParameter", {"Port": 65536}),
        ("InvalidParameter", {"Port": None}),
        ("InvalidWeight.Malformed", {"Weight": 101}),
        ("InvalidWeight.Malformed", {"Weight": -1}),
        ("BackendServer.InvalidType", {"Type": "vm"}),
        ("InvalidParameter", {"Description": "a" * 81}),
        ("InvalidParameter", {"Description": "a b"}),
        ("InvalidServerId.NotFound", {"ServerId": "i-none"}),
        ("ResourceNotFound.vServers", {"Type": "eni"}),
    ],
)
def test_a_backend_that_is_wrong_is_refused(
    slb: Any, site: Any, group: str, refused: Any, code: str, more: dict[str, Any]
) -> None:
    wrong = {name: value for name, value in {**server(site.nodes[0]), **more}.items() if value is not None}
    refused(code, add, slb, group, server(site.nodes[1]), wrong)
    assert backends(slb, group) == []


def test_a_server_of_another_vpc_is_refused(slb: Any, site: Any, group: str, refused: Any) -> None:
    refused("NetworkConflict", add, slb, group, server(site.stranger))


def test_a_server_listed_twice_is_refused(slb: Any, site: Any, group: str, refused: Any) -> None:
    refused("InvalidParameter", add, slb, group, server(site.nodes[0]), server(site.nodes[0], Weight=3))


def test_a_call_takes_40_backends_and_in_a_strict_world_20(
    slb: Any, world: Any, site: Any, group: str, refused: Any
) -> None:
    many = [server(site.nodes[0], port) for port in range(1, 42)]
    refused("TooManyBackendServers", add, slb, group, *many)
    add(slb, group, *many[:40])
    world.strict = True
    refused("TooManyBackendServers", add, slb, group, *many[:21])
    add(slb, group, *many[:20])


def test_a_server_is_attached_50_times_at_most(slb: Any, site: Any, group: str, refused: Any) -> None:
    ports = [server(site.nodes[0], port) for port in range(1, 52)]
    add(slb, group, *ports[:40])
    add(slb, group, *ports[40:50])
    refused("InstanceBackendServerNumberOverLimit", add, slb, group, ports[50])
    slb("RemoveVServerGroupBackendServers", VServerGroupId=group, BackendServers=ports[:1])
    add(slb, group, ports[50])


def test_attachments_count_across_balancers(
    slb: Any, world: Any, site: Any, balancer: str, group: str, refused: Any
) -> None:
    world.quotas["slb_quota_backendserver_attached_num"] = 1
    add(slb, group, server(site.nodes[0]))
    other = slb(
        "CreateLoadBalancer", AddressType="intranet", VSwitchId=site.vswitch.id, InstanceChargeType="PayByCLCU"
    )["LoadBalancerId"]
    more = {"LoadBalancerId": other, "BackendServers": [server(site.nodes[0])]}
    refused("InstanceBackendServerNumberOverLimit", slb, "CreateVServerGroup", **more)


def test_a_balancer_has_as_many_servers_as_its_quota(
    slb: Any, world: Any, site: Any, balancer: str, group: str, refused: Any
) -> None:
    world.quotas["slb_quota_backendservers_num"] = 2
    add(slb, group, server(site.nodes[0]))
    other = slb("CreateVServerGroup", LoadBalancerId=balancer)["VServerGroupId"]
    add(slb, other, server(site.nodes[0], 81), server(site.nodes[1], 81))
    refused("InstanceBackendServerNumberOverLimit", add, slb, group, server(site.nodes[2]))


def test_a_set_or_modify_of_a_backend_that_is_not_there_is_refused(
    slb: Any, site: Any, group: str, refused: Any
) -> None:
    absent = [server(site.nodes[0])]
    refused("InvalidParameter", slb, "SetVServerGroupAttribute", VServerGroupId=group, BackendServers=absent)
    refused("InvalidParameter", slb, "ModifyVServerGroupBackendServers", VServerGroupId=group, OldBackendServers=absent)


def test_a_set_of_the_description_keeps_the_weight(slb: Any, site: Any, group: str) -> None:
    add(slb, group, server(site.nodes[0], Weight=5))
    changed = [server(site.nodes[0], Description="k8s/80/web")]
    slb("SetVServerGroupAttribute", VServerGroupId=group, VServerGroupName="renamed", BackendServers=changed)
    seen = slb("DescribeVServerGroupAttribute", VServerGroupId=group)
    (backend,) = seen["BackendServers"]["BackendServer"]
    assert (backend["Weight"], backend["Description"], seen["VServerGroupName"]) == (5, "k8s/80/web", "renamed")


def test_a_group_in_use_is_not_deleted(slb: Any, balancer: str, group: str, refused: Any) -> None:
    slb("CreateLoadBalancerTCPListener", LoadBalancerId=balancer, ListenerPort=80, Bandwidth=-1, VServerGroupId=group)
    refused("RspoolVipExist", slb, "DeleteVServerGroup", VServerGroupId=group)
    slb("DeleteLoadBalancerListener", LoadBalancerId=balancer, ListenerPort=80)
    slb("DeleteVServerGroup", VServerGroupId=group)
    assert slb("DescribeVServerGroups", LoadBalancerId=balancer)["VServerGroups"]["VServerGroup"] == []


def test_the_list_of_groups_tells_their_listeners_if_asked(slb: Any, site: Any, balancer: str, group: str) -> None:
    slb("CreateLoadBalancerTCPListener", LoadBalancerId=balancer, ListenerPort=80, Bandwidth=-1, VServerGroupId=group)
    add(slb, group, server(site.nodes[0]))
    (plain,) = slb("DescribeVServerGroups", LoadBalancerId=balancer)["VServerGroups"]["VServerGroup"]
    assert (plain["VServerGroupName"], plain["ServerCount"]) == ("web", 1)
    assert "AssociatedObjects" not in plain
    asked = slb("DescribeVServerGroups", LoadBalancerId=balancer, IncludeListener="true")
    (full,) = asked["VServerGroups"]["VServerGroup"]
    assert full["AssociatedObjects"]["Listeners"] == {"Listener": [{"Protocol": "tcp", "Port": 80}]}


def test_backends_cannot_be_changed_while_the_balancer_is_busy(
    slb: Any, world: Any, site: SimpleNamespace, group: str, refused: Any, later: Any
) -> None:
    world.states["slb"].busy_seconds = 1.0
    add(slb, group, server(site.nodes[0]))
    refused("BackendServer.configuring", add, slb, group, server(site.nodes[1]))
    later(1.0)
    add(slb, group, server(site.nodes[1]))
