"""Route tables and the routes in them: the three lists that the API has."""

from collections.abc import Sequence
from typing import Any

from yunsim.products import lists, tagging
from yunsim.products.tagging import TagPair
from yunsim.products.vpc import answers, rules
from yunsim.products.vpc.state import RouteEntry, RouteTable
from yunsim.world import World

LARGEST_PAGE = 50


def DescribeRouteTableList(
    world: World,
    *,
    RegionId: str,
    PageNumber: int = 1,
    PageSize: int = 10,
    ResourceGroupId: str = "",
    RouteTableId: str = "",
    RouteTableName: str = "",
    RouteTableType: str = "",
    RouterId: str = "",
    RouterType: str = "",
    Tag: Sequence[TagPair] = (),
    VpcId: str = "",
) -> dict[str, Any]:
    """List route tables without their routes, 10 a page unless asked otherwise (at most 50)."""
    found = [
        each
        for each in rules.state(world).route_tables.values()
        if RouteTableId in ("", each.id)
        and RouteTableName in ("", each.name)
        and RouteTableType in ("", each.type)
        and RouterId in ("", each.router_id)
        and RouterType in ("", "VRouter")
        and VpcId in ("", each.vpc_id)
        and tagging.matches(each.tags, Tag)
    ]
    page = lists.numbered(found, PageNumber, PageSize, LARGEST_PAGE)
    return {
        "RouterTableList": {"RouterTableListType": [_table(world, each) for each in page]},
        "PageNumber": PageNumber,
        "PageSize": PageSize,
        "TotalCount": len(found),
    }


def _table(world: World, each: RouteTable) -> dict[str, Any]:
    return {
        "RouteTableId": each.id,
        "RouteTableName": each.name,
        "RouteTableType": each.type,
        "RouterId": each.router_id,
        "RouterType": "VRouter",
        "VpcId": each.vpc_id,
        "VSwitchIds": {"VSwitchId": _vswitch_ids(world, each)},
        "GatewayIds": {"GatewayIds": []},
        "AssociateType": "VSwitch",
        "RoutePropagationEnable": True,
        "Status": "Available",
        "CreationTime": answers.moment(each.created),
        "Description": each.description,
        "Tags": answers.tags(each.tags),
        **answers.owned(world),
    }


def _vswitch_ids(world: World, table: RouteTable) -> list[str]:
    return [each.id for each in rules.state(world).vswitches.values() if each.route_table_id == table.id]


def DescribeRouteTables(
    world: World,
    *,
    RegionId: str = "",
    PageNumber: int = 1,
    PageSize: int = 10,
    ResourceGroupId: str = "",
    RouteTableId: str = "",
    RouteTableName: str = "",
    RouterId: str = "",
    RouterType: str = "",
    Type: str = "",
    VRouterId: str = "",
) -> dict[str, Any]:
    """List route tables with their routes, 10 a page unless asked otherwise (at most 50)."""
    found = [
        each
        for each in rules.state(world).route_tables.values()
        if RouteTableId in ("", each.id)
        and RouteTableName in ("", each.name)
        and RouterId in ("", each.router_id)
        and VRouterId in ("", each.router_id)
        and RouterType in ("", "VRouter")
    ]
    page = lists.numbered(found, PageNumber, PageSize, LARGEST_PAGE)
    return {
        "RouteTables": {"RouteTable": [_table_with_routes(world, each, Type) for each in page]},
        "PageNumber": PageNumber,
        "PageSize": PageSize,
        "TotalCount": len(found),
    }


def _table_with_routes(world: World, each: RouteTable, entry_type: str) -> dict[str, Any]:
    routes = [_old_entry(entry) for entry in each.entries.values() if entry_type in ("", entry.type)]
    return {
        "RouteTableId": each.id,
        "RouteTableType": each.type,
        "VRouterId": each.router_id,
        "VSwitchIds": {"VSwitchId": _vswitch_ids(world, each)},
        "RouteEntrys": {"RouteEntry": routes},
        "Status": "Available",
        "CreationTime": answers.moment(each.created),
        "ResourceGroupId": answers.owned(world)["ResourceGroupId"],
    }


def _old_entry(each: RouteEntry) -> dict[str, Any]:
    return {**_shared(each), "InstanceId": each.next_hop_id, "NextHopType": each.next_hop_type}


def DescribeRouteEntryList(
    world: World,
    *,
    RegionId: str,
    RouteTableId: str,
    DestCidrBlockList: Sequence[str] = (),
    DestinationCidrBlock: str = "",
    IpVersion: str = "",
    MaxResult: int = 10,
    NextHopId: str = "",
    NextHopType: str = "",
    NextToken: str = "",
    RouteEntryId: str = "",
    RouteEntryName: str = "",
    RouteEntryType: str = "",
    ServiceType: str = "",
) -> dict[str, Any]:
    """List the routes of a table, 10 a page unless asked otherwise (at most 100)."""
    table = rules.route_table(world, RouteTableId)
    size = rules.page_size(world, MaxResult)
    blocks = {str(rules.cidr_block(each)) for each in (*DestCidrBlockList, DestinationCidrBlock) if each}
    found = [
        each
        for each in table.entries.values()
        if (not blocks or each.destination in blocks)
        and IpVersion.lower() in ("", _ip_version(each))
        and NextHopId in ("", each.next_hop_id)
        and NextHopType in ("", each.next_hop_type)
        and RouteEntryId in ("", each.id)
        and RouteEntryName in ("", each.name)
        and RouteEntryType in ("", each.type)
        and not ServiceType
    ]
    page, following = lists.tokened(found, NextToken, size)
    return {
        "RouteEntrys": {"RouteEntry": [_entry(world, each) for each in page]},
        "NextToken": following,
        "TotalCount": len(found),
    }


def _entry(world: World, each: RouteEntry) -> dict[str, Any]:
    entry = _shared(each)
    for hop in entry["NextHops"]["NextHop"]:
        hop["NextHopRegionId"] = world.region
    return {
        **entry,
        "GmtModified": answers.moment(each.modified),
        "IpVersion": _ip_version(each),
        "Origin": "RouteTable" if each.type == "Custom" else "",
        "ServiceType": "",
    }


def _shared(each: RouteEntry) -> dict[str, Any]:
    hop = {"NextHopId": each.next_hop_id, "NextHopType": each.next_hop_type, "Enabled": 1, "Weight": 0}
    return {
        "RouteEntryId": each.id,
        "RouteEntryName": each.name,
        "RouteTableId": each.route_table_id,
        "DestinationCidrBlock": each.destination,
        "NextHops": {"NextHop": [hop]},
        "Type": each.type,
        "Status": each.status,
        "Description": each.description,
    }


def _ip_version(each: RouteEntry) -> str:
    return "ipv6" if ":" in each.destination else "ipv4"
