"""VPCs and vSwitches: lists and attributes."""

from collections.abc import Sequence
from typing import Any

from yunsim.products import lists, tagging
from yunsim.products.tagging import TagPair
from yunsim.products.vpc import answers, rules
from yunsim.products.vpc.state import Vpc, VSwitch
from yunsim.world import World

LARGEST_PAGE = 50


def DescribeVpcs(
    world: World,
    *,
    RegionId: str,
    DhcpOptionsSetId: str = "",
    DryRun: bool = False,
    EnableIpv6: bool | None = None,
    IsDefault: bool | None = None,
    PageNumber: int = 1,
    PageSize: int = 10,
    ResourceGroupId: str = "",
    Tag: Sequence[TagPair] = (),
    VpcId: str = "",
    VpcName: str = "",
    VpcOwnerId: int | None = None,
) -> dict[str, Any]:
    """List VPCs (VpcId: up to 20, separated by commas), 10 a page unless asked otherwise (at most 50)."""
    rules.not_dry(dry_run=DryRun)
    ids = [each.strip() for each in VpcId.split(",") if each.strip()]
    found = [
        each
        for each in rules.state(world).vpcs.values()
        if (not ids or each.id in ids)
        and VpcName in ("", each.name)
        and IsDefault in (None, each.is_default)
        and EnableIpv6 in (None, bool(each.ipv6_cidr_block))
        and tagging.matches(each.tags, Tag)
    ]
    page = lists.numbered(found, PageNumber, PageSize, LARGEST_PAGE)
    return {
        "Vpcs": {"Vpc": [_listed(world, each) for each in page]},
        "PageNumber": PageNumber,
        "PageSize": PageSize,
        "TotalCount": len(found),
    }


def DescribeVpcAttribute(
    world: World, *, RegionId: str, VpcId: str, DryRun: bool = False, IsDefault: bool | None = None
) -> dict[str, Any]:
    """Tell everything of one VPC."""
    found = rules.vpc(world, VpcId)
    rules.not_dry(dry_run=DryRun)
    vswitches = _vswitch_ids(world, found)
    tables = [each for each in rules.state(world).route_tables.values() if each.vpc_id == found.id]
    return {
        **_shared(world, found),
        "AssociatedCens": {"AssociatedCen": []},
        "AssociatedPropagationSources": {"AssociatedPropagationSources": []},
        "ClassicLinkEnabled": False,
        "CloudResources": {
            "CloudResourceSetType": [
                {"ResourceType": "VSwitch", "ResourceCount": len(vswitches)},
                {"ResourceType": "RouteTable", "ResourceCount": len(tables)},
            ]
        },
        "Ipv4GatewayId": "",
        "SupportIpv4Gateway": True,
    }


def _listed(world: World, each: Vpc) -> dict[str, Any]:
    tables = [table.id for table in rules.state(world).route_tables.values() if table.vpc_id == each.id]
    return {
        **_shared(world, each),
        "CenStatus": "Detached",
        "NatGatewayIds": {"NatGatewayIds": []},
        "RouterTableIds": {"RouterTableIds": tables},
    }


def _shared(world: World, each: Vpc) -> dict[str, Any]:
    blocks = [{"Ipv6CidrBlock": each.ipv6_cidr_block, "Ipv6Isp": "BGP"}] if each.ipv6_cidr_block else []
    return {
        "VpcId": each.id,
        "VpcName": each.name,
        "CidrBlock": str(each.cidr_block),
        "SecondaryCidrBlocks": {"SecondaryCidrBlock": list(each.secondary_cidr_blocks)},
        "EnabledIpv6": bool(each.ipv6_cidr_block),
        "Ipv6CidrBlock": each.ipv6_cidr_block,
        "Ipv6CidrBlocks": {"Ipv6CidrBlock": blocks},
        "UserCidrs": {"UserCidr": []},
        "VRouterId": each.router_id,
        "VSwitchIds": {"VSwitchId": _vswitch_ids(world, each)},
        "IsDefault": each.is_default,
        "Status": "Available",
        "RegionId": world.region,
        "CreationTime": answers.moment(each.created),
        "Description": "",
        "DhcpOptionsSetId": "",
        "DhcpOptionsSetStatus": "Available",
        "DnsHostnameStatus": "DISABLED",
        "Tags": answers.tags(each.tags),
        **answers.owned(world),
    }


def _vswitch_ids(world: World, each: Vpc) -> list[str]:
    return [vswitch.id for vswitch in rules.state(world).vswitches.values() if vswitch.vpc_id == each.id]


def DescribeVSwitches(
    world: World,
    *,
    RegionId: str = "",
    DryRun: bool = False,
    EnableIpv6: bool | None = None,
    IsDefault: bool | None = None,
    PageNumber: int = 1,
    PageSize: int = 10,
    ResourceGroupId: str = "",
    RouteTableId: str = "",
    Tag: Sequence[TagPair] = (),
    VSwitchId: str = "",
    VSwitchName: str = "",
    VSwitchOwnerId: int | None = None,
    VpcId: str = "",
    ZoneId: str = "",
) -> dict[str, Any]:
    """List vSwitches, 10 a page unless asked otherwise (at most 50)."""
    rules.not_dry(dry_run=DryRun)
    found = [
        each
        for each in rules.state(world).vswitches.values()
        if VSwitchId in ("", each.id)
        and VSwitchName in ("", each.name)
        and VpcId in ("", each.vpc_id)
        and ZoneId in ("", each.zone_id)
        and RouteTableId in ("", each.route_table_id)
        and IsDefault in (None, each.is_default)
        and EnableIpv6 in (None, bool(each.ipv6_cidr_block))
        and tagging.matches(each.tags, Tag)
    ]
    page = lists.numbered(found, PageNumber, PageSize, LARGEST_PAGE)
    return {
        "VSwitches": {"VSwitch": [_vswitch(world, each) for each in page]},
        "PageNumber": PageNumber,
        "PageSize": PageSize,
        "TotalCount": len(found),
    }


def DescribeVSwitchAttributes(
    world: World, *, VSwitchId: str, RegionId: str = "", DryRun: bool = False
) -> dict[str, Any]:
    """Tell everything of one vSwitch."""
    found = rules.vswitch(world, VSwitchId)
    rules.not_dry(dry_run=DryRun)
    return _vswitch(world, found)


def _vswitch(world: World, each: VSwitch) -> dict[str, Any]:
    table = rules.state(world).route_tables[each.route_table_id]
    return {
        "VSwitchId": each.id,
        "VSwitchName": each.name,
        "VpcId": each.vpc_id,
        "ZoneId": each.zone_id,
        "CidrBlock": str(each.cidr_block),
        "AvailableIpAddressCount": each.available(),
        "EnabledIpv6": bool(each.ipv6_cidr_block),
        "Ipv6CidrBlock": each.ipv6_cidr_block,
        "IsDefault": each.is_default,
        "NetworkAclId": "",
        "RouteTable": {"RouteTableId": table.id, "RouteTableType": table.type},
        "ShareType": "",
        "Status": "Available",
        "CreationTime": answers.moment(each.created),
        "Description": "",
        "Tags": answers.tags(each.tags),
        **answers.owned(world),
    }
