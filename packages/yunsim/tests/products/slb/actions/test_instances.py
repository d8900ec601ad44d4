"""Balancers: make, find, tell of, delete."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest


def create(slb: Any, site: Any, **more: Any) -> dict[str, Any]:
    given = {"AddressType": "intranet", "VSwitchId": site.vswitch.id, "InstanceChargeType": "PayByCLCU"}
    made: dict[str, Any] = slb("CreateLoadBalancer", **{**given, **more})
    return made


def names(answer: dict[str, Any]) -> list[str]:
    return [each["LoadBalancerName"] for each in answer["LoadBalancers"]["LoadBalancer"]]


def test_an_intranet_balancer_takes_an_address_of_its_vswitch(slb: Any, vpc: Any, site: Any) -> None:
    before = vpc("DescribeVSwitches", VSwitchId=site.vswitch.id)["VSwitches"]["VSwitch"][0]
    made = create(slb, site)
    after = vpc("DescribeVSwitches", VSwitchId=site.vswitch.id)["VSwitches"]["VSwitch"][0]
    assert ip_address(made["Address"]) in ip_network("10.1.0.0/24")
    assert (made["VpcId"], made["NetworkType"]) == (site.vpc.id, "vpc")
    assert before["AvailableIpAddressCount"] - 1 == after["AvailableIpAddressCount"]


def test_an_internet_balancer_takes_an_address_of_the_internet(slb: Any, world: Any) -> None:
    made = slb("CreateLoadBalancer", LoadBalancerSpec="slb.s1.small")
    other = slb("CreateLoadBalancer", LoadBalancerSpec="slb.s1.small")
    assert ip_address(made["Address"]) in world.internet
    assert made["NetworkType"] == "classic"
    assert made["Address"] != other["Address"]


def test_what_was_asked_for_is_what_is_told(slb: Any, site: Any) -> None:
    asked = {
        "LoadBalancerName": "web",
        "DeleteProtection": "on",
        "ModificationProtectionStatus": "ConsoleProtection",
        "ModificationProtectionReason": "managed.by.ack",
        "InstanceChargeType": "PayBySpec",
        "LoadBalancerSpec": "slb.s2.small",
        "ResourceGroupId": "rg-1",
        "MasterZoneId": "cn-hangzhou-i",
        "SlaveZoneId": "cn-hangzhou-h",
        "Address": "10.1.0.77",
    }
    made = create(slb, site, **asked, Tag=[{"Key": "team", "Value": "web"}])
    seen = slb("DescribeLoadBalancerAttribute", LoadBalancerId=made["LoadBalancerId"])
    (listed,) = slb("DescribeLoadBalancers")["LoadBalancers"]["LoadBalancer"]
    for name, value in asked.items():
        assert (value, value) == (seen[name], listed[name])
    assert seen["Tags"] == listed["Tags"] == {"Tag": [{"TagKey": "team", "TagValue": "web"}]}


def test_the_defaults_are_those_of_the_reference(slb: Any, site: Any) -> None:
    made = create(slb, site)
    seen = slb("DescribeLoadBalancerAttribute", LoadBalancerId=made["LoadBalancerId"])
    assert seen["LoadBalancerStatus"] == "active"
    assert seen["DeleteProtection"] == "off"
    assert seen["ModificationProtectionStatus"] == "NonProtection"
    assert seen["LoadBalancerSpec"] == "slb.lcu.elastic"
    assert seen["InternetChargeType"] == "paybytraffic"
    assert seen["AddressIPVersion"] == "ipv4"
    assert seen["CreateTime"] == "2026-03-01T12:00:00Z"
    assert seen["CreateTimeStamp"] == 1772366400000


def test_the_same_token_makes_one_balancer(slb: Any, site: Any) -> None:
    first = create(slb, site, ClientToken="once")
    assert create(slb, site, ClientToken="once") == first
    assert slb("DescribeLoadBalancers")["TotalCount"] == 1


def test_the_same_token_with_other_parameters_is_refused(slb: Any, site: Any, refused: Any) -> None:
    create(slb, site, ClientToken="once")
    error = refused("IdempotentParameterMismatch", create, slb, site, ClientToken="once", LoadBalancerName="other")
    assert "LoadBalancerName" in error.message


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("MissingParam.VSwitchId", {"VSwitchId": ""}),
        ("VSwitchNotExist", {"VSwitchId": "vsw-none"}),
        ("InvalidVpcId.NotExist", {"VpcId": "vpc-other"}),
        ("InvalidParameter", {"Address": "10.9.0.1"}),
        ("InvalidParameter", {"AddressType": "extranet"}),
        ("InvalidParameter", {"LoadBalancerName": "1st"}),
        ("InvalidParameter", {"LoadBalancerName": "a" * 81}),
        ("InvalidParameter", {"MasterZoneId": "cn-beijing-a"}),
        ("InvalidParameter.Mismatch", {"AddressIPVersion": "ipv6"}),
        ("MissingParam.LoadBalancerSpec", {"InstanceChargeType": "PayBySpec"}),
        ("IllegalParam.InstanceChargeType", {"InstanceChargeType": "PayByMoon"}),
        ("InvalidParam.ModificationProtectionStatus", {"ModificationProtectionStatus": "on"}),
        ("InvalidParam.TagKey", {"Tag": [{"Key": "acs:mine", "Value": ""}]}),
        ("Instance.InternetChargeTypeNotAllowed", {"InternetChargeType": "paybybandwidth", "Bandwidth": 5}),
    ],
)
def test_what_is_wrong_is_refused_and_leaves_nothing(
    slb: Any, vpc: Any, site: Any, refused: Any, code: str, more: dict[str, Any]
) -> None:
    free = site.vswitch.available()
    refused(code, create, slb, site, **more)
    assert slb("DescribeLoadBalancers")["TotalCount"] == 0
    assert site.vswitch.available() == free


def test_a_full_vswitch_has_no_address_for_a_balancer(slb: Any, site: Any, refused: Any) -> None:
    for _ in range(4):  # a /29 has 8 addresses, of which the cloud keeps 4
        create(slb, site, VSwitchId=site.small.id)
    refused("VSwitchAvailableIpNotExist", create, slb, site, VSwitchId=site.small.id)


def test_an_address_in_use_is_refused(slb: Any, site: Any, refused: Any) -> None:
    create(slb, site, Address="10.1.0.77")
    refused("IpNotAvailable", create, slb, site, Address="10.1.0.77")


def test_a_deleted_balancer_takes_its_parts_along_and_frees_its_address(
    slb: Any, site: Any, balancer: str, group: str, refused: Any
) -> None:
    free = site.vswitch.available()
    slb("CreateLoadBalancerTCPListener", LoadBalancerId=balancer, ListenerPort=80, Bandwidth=-1, VServerGroupId=group)
    slb("DeleteLoadBalancer", LoadBalancerId=balancer)
    assert site.vswitch.available() == free + 1
    error = refused("InvalidLoadBalancerId.NotFound", slb, "DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
    assert "The specified LoadBalancerId does not exist." in error.message
    error = refused("InvalidParameter", slb, "DescribeVServerGroupAttribute", VServerGroupId=group)
    assert "The specified VServerGroupId does not exist." in error.message


def test_a_protected_balancer_is_not_deleted(slb: Any, balancer: str, refused: Any) -> None:
    slb("SetLoadBalancerDeleteProtection", LoadBalancerId=balancer, DeleteProtection="on")
    refused("OperationDenied.DeleteProtectionIsOn", slb, "DeleteLoadBalancer", LoadBalancerId=balancer)
    slb("SetLoadBalancerDeleteProtection", LoadBalancerId=balancer, DeleteProtection="off")
    assert slb("DeleteLoadBalancer", LoadBalancerId=balancer) == {}


def test_pages_hold_every_balancer_once_ten_at_a_time(slb: Any, site: Any) -> None:
    made = [create(slb, site, LoadBalancerName=f"lb-{number}")["LoadBalancerName"] for number in range(23)]
    pages = [slb("DescribeLoadBalancers", PageNumber=number) for number in (1, 2, 3)]
    assert [name for page in pages for name in names(page)] == made
    assert [(len(names(page)), page["PageSize"], page["TotalCount"]) for page in pages] == [
        (10, 10, 23),
        (10, 10, 23),
        (3, 10, 23),
    ]
    assert len(names(slb("DescribeLoadBalancers", PageSize=100))) == 23


def test_a_page_of_more_than_100_is_refused(slb: Any, refused: Any) -> None:
    refused("InvalidParameter", slb, "DescribeLoadBalancers", PageSize=101)


def test_balancers_are_found_by_each_filter(slb: Any, site: Any) -> None:
    tag = [{"Key": "team", "Value": "web"}]
    one = create(slb, site, LoadBalancerName="one", Tag=tag)
    create(slb, site, LoadBalancerName="two")
    slb("CreateLoadBalancer", LoadBalancerName="net", LoadBalancerSpec="slb.s1.small")
    server = [{"ServerId": site.nodes[0].id, "Port": 80}]
    slb("CreateVServerGroup", LoadBalancerId=one["LoadBalancerId"], BackendServers=server)
    for found, wanted in [
        (["one"], {"LoadBalancerName": "one"}),
        (["one", "two"], {"LoadBalancerName": "two,one"}),
        (["one"], {"LoadBalancerId": one["LoadBalancerId"]}),
        (["one"], {"Address": one["Address"]}),
        (["one"], {"Tag": tag}),
        (["one"], {"Tags": [{"TagKey": "team", "TagValue": "web"}]}),
        ([], {"Tags": [{"TagKey": "team", "TagValue": "api"}]}),
        (["one", "two"], {"VpcId": site.vpc.id}),
        (["one", "two"], {"VSwitchId": site.vswitch.id, "AddressType": "intranet"}),
        (["net"], {"NetworkType": "Classic"}),
        (["one"], {"ServerId": site.nodes[0].id}),
        (["one"], {"ServerIntranetAddress": f"1.2.3.4,{site.nodes[0].addresses()[0]}"}),
        ([], {"ServerIntranetAddress": "1.2.3.4"}),
        ([], {"LoadBalancerStatus": "inactive"}),
    ]:
        assert (wanted, found) == (wanted, names(slb("DescribeLoadBalancers", **wanted)))


def test_more_than_ten_ids_or_broken_tags_are_refused(slb: Any, refused: Any) -> None:
    refused("InvalidParameter", slb, "DescribeLoadBalancers", LoadBalancerId=",".join("abcdefghijk"))
    refused("InvalidParameter", slb, "DescribeLoadBalancers", Tags="{not json")


def test_an_attribute_names_the_listeners(slb: Any, balancer: str, group: str) -> None:
    slb(
        "CreateLoadBalancerTCPListener",
        LoadBalancerId=balancer,
        ListenerPort=80,
        Bandwidth=-1,
        VServerGroupId=group,
        Description="k8s/80/web/default/c",
    )
    seen = slb("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
    (listener,) = seen["ListenerPortsAndProtocol"]["ListenerPortAndProtocol"]
    assert seen["ListenerPorts"] == {"ListenerPort": [80]}
    assert (listener["ListenerProtocol"], listener["Description"]) == ("tcp", "k8s/80/web/default/c")


def test_a_busy_balancer_refuses_writes_and_can_be_read(
    slb: Any, world: Any, balancer: str, refused: Any, later: Any
) -> None:
    world.states["slb"].busy_seconds = 2.0
    slb("SetLoadBalancerName", LoadBalancerId=balancer, LoadBalancerName="new")
    refused("ServiceIsConfiguring", slb, "SetLoadBalancerName", LoadBalancerId=balancer, LoadBalancerName="newer")
    refused("ServiceIsConfiguring", slb, "DeleteLoadBalancer", LoadBalancerId=balancer)
    assert slb("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)["LoadBalancerName"] == "new"
    later(2.0)
    slb("SetLoadBalancerName", LoadBalancerId=balancer, LoadBalancerName="newer")


def test_an_account_has_so_many_balancers_where_the_world_says_so(
    slb: Any, world: Any, balancer: str, refused: Any
) -> None:
    world.quotas["slb_quota_instances_num"] = 1
    refused("OverQuota", slb, "CreateLoadBalancer", InstanceChargeType="PayByCLCU")
    slb("DeleteLoadBalancer", LoadBalancerId=balancer)
    slb("CreateLoadBalancer", InstanceChargeType="PayByCLCU")
