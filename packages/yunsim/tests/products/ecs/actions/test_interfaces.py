"""Elastic network interfaces."""

from typing import Any

from yunsim.products.ecs import rules


def ids(answer: dict[str, Any]) -> list[str]:
    return [each["NetworkInterfaceId"] for each in answer["NetworkInterfaceSets"]["NetworkInterfaceSet"]]


def test_interfaces_are_found_by_each_filter(ecs: Any, world: Any, site: Any) -> None:
    free, node = site.interface, site.nodes[0]
    primary = node.interfaces[0].id
    six = rules.state(world).add_interface(world, site.vswitch.id, instance=node, ipv6=("fd00::5",)).id
    for found, wanted in [
        ([primary], {"NetworkInterfaceId": [primary]}),
        ([primary], {"PrivateIpAddress": ["10.1.0.1"]}),
        ([free.id], {"PrivateIpAddress": [free.private_ips[1], "10.1.0.200"]}),
        ([free.id], {"PrimaryIpAddress": free.private_ips[0]}),
        ([], {"PrimaryIpAddress": free.private_ips[1]}),
        ([six], {"Ipv6Address": ["fd00::5"], "VpcId": site.vpc.id, "Status": "InUse"}),
        ([primary, six], {"InstanceId": node.id}),
        ([primary], {"InstanceId": node.id, "Type": "Primary"}),
        ([free.id], {"Status": "Available"}),
        ([], {"VpcId": site.abroad.id, "PrivateIpAddress": ["10.1.0.1"]}),
    ]:
        assert (wanted, found) == (wanted, ids(ecs("DescribeNetworkInterfaces", **wanted)))


def test_more_than_100_addresses_are_refused(ecs: Any, refused: Any) -> None:
    many = [f"10.1.0.{number}" for number in range(101)]
    refused("InvalidParameter", ecs, "DescribeNetworkInterfaces", PrivateIpAddress=many)


def test_pages_by_token_hold_every_interface_once_without_asking_for_a_size(ecs: Any, world: Any, site: Any) -> None:
    made = [rules.state(world).add_interface(world, site.vswitch.id).id for _ in range(25)]
    seen: list[str] = []
    token = ""
    for length in (10, 10, 5):
        page = ecs("DescribeNetworkInterfaces", NetworkInterfaceId=made, NextToken=token)
        assert (len(ids(page)), page["PageSize"]) == (length, 10)
        seen, token = seen + ids(page), page["NextToken"]
    assert (seen, token) == (made, "")
    assert len(ids(ecs("DescribeNetworkInterfaces", MaxResults=500))) == 30


def test_an_interface_changes_what_is_named_and_nothing_else(ecs: Any, site: Any, refused: Any) -> None:
    which = {"NetworkInterfaceId": site.nodes[0].interfaces[0].id}
    assert ecs("DescribeNetworkInterfaceAttribute", **which)["SourceDestCheck"] is True
    ecs("ModifyNetworkInterfaceAttribute", **which, Description="node")
    ecs("ModifyNetworkInterfaceAttribute", **which, SourceDestCheck="false")
    seen = ecs("DescribeNetworkInterfaceAttribute", **which)
    assert (seen["SourceDestCheck"], seen["Description"], seen["InstanceId"]) == (False, "node", site.nodes[0].id)
    refused("InvalidEniId.NotFound", ecs, "DescribeNetworkInterfaceAttribute", NetworkInterfaceId="eni-none")
