"""VPCs and vSwitches."""

from typing import Any

from yunsim.products.vpc import rules


def test_a_vpc_is_listed_and_described(vpc: Any, site: Any) -> None:
    (listed,) = vpc("DescribeVpcs", VpcId=site.vpc.id)["Vpcs"]["Vpc"]
    seen = vpc("DescribeVpcAttribute", VpcId=site.vpc.id)
    assert (listed["VpcName"], seen["VpcName"]) == ("home", "home")
    assert (listed["CidrBlock"], seen["CidrBlock"]) == ("10.0.0.0/8", "10.0.0.0/8")
    assert seen["VSwitchIds"] == {"VSwitchId": [site.vswitch.id, site.small.id]}
    assert seen["OwnerId"] == 1234567890123456


def test_secondary_and_ipv6_blocks_are_told(vpc: Any, world: Any) -> None:
    made = rules.state(world).add_vpc(
        world, "10.0.0.0/8", secondary_cidr_blocks=["192.168.0.0/16"], ipv6_cidr_block="2001:db8::/56"
    )
    seen = vpc("DescribeVpcAttribute", VpcId=made.id)
    assert seen["SecondaryCidrBlocks"] == {"SecondaryCidrBlock": ["192.168.0.0/16"]}
    assert seen["Ipv6CidrBlocks"]["Ipv6CidrBlock"][0]["Ipv6CidrBlock"] == "2001:db8::/56"
    assert seen["EnabledIpv6"] is True


def test_vpcs_and_vswitches_have_pages(vpc: Any, world: Any, site: Any) -> None:
    state = rules.state(world)
    for number in range(1, 13):
        made = state.add_vpc(world, "10.0.0.0/8")
        state.add_vswitch(world, made.id, f"10.{number}.0.0/16", "cn-hangzhou-h")
    for action, outer, inner, key, count in [
        ("DescribeVpcs", "Vpcs", "Vpc", "VpcId", 14),
        ("DescribeVSwitches", "VSwitches", "VSwitch", "VSwitchId", 15),
        ("DescribeRouteTableList", "RouterTableList", "RouterTableListType", "RouteTableId", 14),
        ("DescribeRouteTables", "RouteTables", "RouteTable", "RouteTableId", 14),
    ]:
        pages = [vpc(action, PageNumber=number) for number in (1, 2)]
        assert [(page["PageSize"], page["TotalCount"]) for page in pages] == [(10, count)] * 2
        assert len({each[key] for page in pages for each in page[outer][inner]}) == count


def test_vswitches_are_found_by_each_filter(vpc: Any, site: Any) -> None:
    for found, wanted in [
        ([site.vswitch.id, site.small.id], {"VpcId": site.vpc.id}),
        ([site.small.id], {"ZoneId": "cn-hangzhou-i"}),
        ([site.small.id], {"VSwitchId": site.small.id}),
        ([], {"VSwitchName": "none"}),
    ]:
        seen = vpc("DescribeVSwitches", **wanted)["VSwitches"]["VSwitch"]
        assert (wanted, found) == (wanted, [each["VSwitchId"] for each in seen])


def test_free_addresses_are_counted_as_they_are_taken(vpc: Any, slb: Any, site: Any) -> None:
    before = vpc("DescribeVSwitchAttributes", VSwitchId=site.small.id)
    slb("CreateLoadBalancer", VSwitchId=site.small.id, InstanceChargeType="PayByCLCU")
    after = vpc("DescribeVSwitchAttributes", VSwitchId=site.small.id)
    assert (before["AvailableIpAddressCount"], after["AvailableIpAddressCount"]) == (4, 3)
    assert after["RouteTable"]["RouteTableType"] == "System"


def test_what_is_not_there_is_refused(vpc: Any, refused: Any) -> None:
    refused("InvalidVpcId.NotFound", vpc, "DescribeVpcAttribute", VpcId="vpc-none")
    refused("InvalidVSwitchId.NotFound", vpc, "DescribeVSwitchAttributes", VSwitchId="vsw-none")
    refused("InvalidRouteTableId.NotFound", vpc, "DescribeRouteEntryList", RouteTableId="vtb-none")
    assert vpc("DescribeVpcs", VpcId="vpc-none")["TotalCount"] == 0
    assert vpc("DescribeVSwitches", VSwitchId="vsw-none")["TotalCount"] == 0
