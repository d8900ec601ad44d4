"""The VPC API (2016-04-28) for routes and balancers: per action one builder and one reader, both pure.

Fields: https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpc-2016-04-28-createrouteentries (and so on).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yunqiao.cloud.paging import Page, listed, next_number, numbered
from yunqiao.model.route import Route
from yunqiao.model.step import Call, Reply

PRODUCT = "vpc"
ROUTES_PER_CALL = 50
ROUTES_PER_PAGE = 100
CIDRS_PER_LOOK = 20
PAGE_SIZE = 50
"""Documented limits: entries per write, entries per page of routes, ranges to ask for, items per page of the rest."""
BATCH_CODES = {
    "VPC_ROUTE_ENTRY_CIDR_BLOCK_DUPLICATE": "InvalidCIDRBlock.Duplicate",
    "VPC_ROUTE_ENTRY_STATUS_ERROR": "IncorrectRouteEntryStatus",
    "VPC_ROUTER_ENTRY_NOT_EXIST": "InvalidRouteEntry.NotFound",
}
"""Codes that only batches answer, entry by entry, and what the actions for single entries say instead."""


@dataclass(frozen=True, slots=True)
class VSwitch:
    """A vSwitch: a zone's share of a VPC; `free` counts its addresses that are left."""

    id: str
    zone: str = ""
    vpc_id: str = ""
    cidr: str = ""
    free: int = 0


@dataclass(frozen=True, slots=True)
class Vpc:
    """A VPC's address ranges, secondary ones included."""

    id: str
    cidrs: tuple[str, ...] = ()
    ipv6_cidrs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A route table; the one that every VPC begins with has the type `System`.

    `vswitch_ids` are those whose traffic it directs.
    """

    id: str
    type: str = ""
    vpc_id: str = ""
    vswitch_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FailedRoute:
    """One entry that a batch did not write, and why; `code` is what the action for single entries would answer."""

    cidr: str
    next_hop: str
    code: str
    message: str


def describe_vswitches(region: str, vpc_id: str = "", vswitch_id: str = "", page: str = "") -> Call:
    """Look at the vSwitches of a VPC, or at one by id."""
    params = _given({"RegionId": region, "VpcId": vpc_id, "VSwitchId": vswitch_id})
    return Call(PRODUCT, "DescribeVSwitches", params | _page(page), f"look at vSwitches of {vswitch_id or vpc_id}")


def read_vswitches(reply: Reply) -> Page[VSwitch]:
    """One page of vSwitches."""
    return [_vswitch(item) for item in listed(reply, "VSwitches", "VSwitch")], next_number(reply)


def describe_vpc(region: str, vpc_id: str) -> Call:
    """A VPC's address ranges."""
    return Call(PRODUCT, "DescribeVpcAttribute", {"RegionId": region, "VpcId": vpc_id}, f"look at {vpc_id}")


def read_vpc(reply: Reply) -> Vpc:
    """The VPC of an answer."""
    cidrs = (reply.get("CidrBlock"), *listed(reply, "SecondaryCidrBlocks", "SecondaryCidrBlock"))
    more = (each.get("Ipv6CidrBlock") for each in listed(reply, "Ipv6CidrBlocks", "Ipv6CidrBlock"))
    return Vpc(reply.get("VpcId", ""), _distinct(cidrs), _distinct((reply.get("Ipv6CidrBlock"), *more)))


def describe_tables(region: str, vpc_id: str, page: str = "") -> Call:
    """Route tables of a VPC."""
    params = {"RegionId": region, "VpcId": vpc_id}
    return Call(PRODUCT, "DescribeRouteTableList", params | _page(page), f"list the route tables of {vpc_id}")


def read_tables(reply: Reply) -> Page[Table]:
    """One page of route tables."""
    items = listed(reply, "RouterTableList", "RouterTableListType")
    tables = [
        Table(
            each["RouteTableId"],
            each.get("RouteTableType", ""),
            each.get("VpcId", ""),
            tuple(listed(each, "VSwitchIds", "VSwitchId")),
        )
        for each in items
    ]
    return tables, next_number(reply)


def describe_routes(region: str, table_id: str, next_token: str = "", cidrs: Sequence[str] = ()) -> Call:
    """Entries of a route table that users made, 100 a page; only those with one of `cidrs` (at most 20) if given."""
    params = {
        "RegionId": region,
        "RouteTableId": table_id,
        "RouteEntryType": "Custom",
        "MaxResult": str(ROUTES_PER_PAGE),
        "NextToken": next_token,
        **numbered("DestCidrBlockList", cidrs),
    }
    return Call(PRODUCT, "DescribeRouteEntryList", _given(params), f"list the routes of {table_id}")


def read_routes(reply: Reply) -> Page[Route]:
    """One page of routes; an entry with several next hops gives one Route for each."""
    routes = [route for item in listed(reply, "RouteEntrys", "RouteEntry") for route in _routes(item)]
    return routes, str(reply.get("NextToken") or "")


def create_routes(region: str, vpc_id: str, routes: Sequence[Route], why: str) -> Call:
    """Write at most 50 entries; the VPC works one such call off at a time, so it is the lane."""
    entries = [
        {
            "RouteTableId": route.table_id,
            "DstCidrBlock": route.cidr,
            "NextHop": route.next_hop,
            "NextHopType": "Instance",
            "IpVersion": "6" if ":" in route.cidr else "4",
            "Name": route.name,
            "Description": route.description,
        }
        for route in routes
    ]
    return _batch("CreateRouteEntries", region, vpc_id, entries, why)


def delete_routes(region: str, vpc_id: str, routes: Sequence[Route], why: str) -> Call:
    """Remove at most 50 entries."""
    entries = [
        {"RouteTableId": route.table_id, "DstCidrBlock": route.cidr, "NextHop": route.next_hop} for route in routes
    ]
    return _batch("DeleteRouteEntries", region, vpc_id, entries, why)


def read_failed_routes(reply: Reply) -> list[FailedRoute]:
    """What a batch did not do: entries that are not named were done."""
    return [
        FailedRoute(
            each.get("DstCidrBlock", ""),
            each.get("NextHop", ""),
            BATCH_CODES.get(code := each.get("FailedCode", ""), code),
            each.get("FailedMessage", ""),
        )
        for each in reply.get("FailedRouteEntries") or []
    ]


def written_routes(call: Call) -> list[Route]:
    """The entries that a batch is about, as the call has them."""
    entries: dict[str, dict[str, str]] = {}
    for name, value in call.params.items():
        _, number, field = (*name.split(".", 2), "", "")[:3]
        if field:
            entries.setdefault(number, {})[field] = value
    return [
        Route(
            each["RouteTableId"],
            each["DstCidrBlock"],
            each.get("NextHop", ""),
            each.get("Name", ""),
            each.get("Description", ""),
        )
        for each in entries.values()
    ]


def mark_route(region: str, vpc_id: str, route: Route, why: str) -> Call:
    """Give an entry the name and description of `route`; traffic does not feel it."""
    params = {
        "RegionId": region,
        "RouteEntryId": route.id,
        "RouteEntryName": route.name,
        "Description": route.description,
    }
    return Call(PRODUCT, "ModifyRouteEntry", params, why, lane=vpc_id, write=True)


def describe_eips(region: str, balancer_id: str, page: str = "") -> Call:
    """Elastic addresses that are bound to a balancer."""
    named = {"AssociatedInstanceType": "SlbInstance", "AssociatedInstanceId": balancer_id}
    params = _given({"RegionId": region, **named})
    return Call(PRODUCT, "DescribeEipAddresses", params | _page(page), f"find elastic addresses of {balancer_id}")


def read_eips(reply: Reply) -> Page[str]:
    """One page of addresses."""
    return [item["IpAddress"] for item in listed(reply, "EipAddresses", "EipAddress")], next_number(reply)


def _batch(action: str, region: str, vpc_id: str, entries: Sequence[Mapping[str, str]], why: str) -> Call:
    params = {"RegionId": region}
    for number, entry in enumerate(entries, 1):
        params |= {f"RouteEntries.{number}.{name}": value for name, value in entry.items() if value}
    return Call(PRODUCT, action, params, why, lane=vpc_id, write=True)


def _page(number: str) -> dict[str, str]:
    return {"PageNumber": number or "1", "PageSize": str(PAGE_SIZE)}


def _given(params: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in params.items() if value}


def _distinct(values: Sequence[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _vswitch(item: Mapping[str, Any]) -> VSwitch:
    return VSwitch(
        item["VSwitchId"],
        item.get("ZoneId", ""),
        item.get("VpcId", ""),
        item.get("CidrBlock", ""),
        int(item.get("AvailableIpAddressCount") or 0),
    )


def _routes(item: Mapping[str, Any]) -> list[Route]:
    hops = listed(item, "NextHops", "NextHop") or [{}]
    return [
        Route(
            item.get("RouteTableId", ""),
            item["DestinationCidrBlock"],
            hop.get("NextHopId", ""),
            item.get("RouteEntryName", ""),
            item.get("Description", ""),
            item.get("Status", ""),
            item.get("RouteEntryId", ""),
            hop.get("NextHopType", ""),
            shared=len(hops) > 1,
        )
        for hop in hops
    ]
