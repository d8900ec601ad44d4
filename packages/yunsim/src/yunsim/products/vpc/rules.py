"""What the VPC service refuses, and where that is documented.

Codes and messages are from the VPC 2016-04-28 API reference: the error table of the action named. "Not documented"
marks a refusal whose existence follows from the documentation of a parameter, but whose code does not.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from yunsim.errors import ApiError
from yunsim.products.vpc.state import RouteChange, RouteEntry, RouteTable, State, Vpc, VSwitch
from yunsim.world import World

QUOTAS = {"vpc_quota_route_entrys_num": 200, "vpc_quota_route_tables_num": 9}
"""Defaults by the names in Quota Center (VPC "Limits" page): custom routes of a table, custom tables of a VPC.

`world.quotas` come first.
"""
ROUTES_PER_CALL = 50
ROUTES_PER_PAGE = 100
NEXT_HOPS = {"Instance": "instance", "NetworkInterface": "network-interface"}
"""The types of next hop that exist here, and what they lead to."""
_SHARED_SPACE = IPv4Network("100.64.0.0/10")

Network = IPv4Network | IPv6Network


def state(world: World) -> State:
    """Return the product's state as it is by now; it is empty at first."""
    found: State = world.states.setdefault("vpc", State())
    if found.route_changes:
        found.settle(world.clock.now())
    return found


def vpc(world: World, vpc_id: str) -> Vpc:
    """Return the VPC (DescribeVpcAttribute: InvalidVpcId.NotFound)."""
    found = state(world).vpcs.get(vpc_id)
    if found is None:
        raise ApiError(404, "InvalidVpcId.NotFound", f"Specified VPC does not exist: {vpc_id}.")
    return found


def vswitch(world: World, vswitch_id: str) -> VSwitch:
    """Return the vSwitch (DescribeVSwitchAttributes: InvalidVSwitchId.NotFound)."""
    found = state(world).vswitches.get(vswitch_id)
    if found is None:
        raise ApiError(404, "InvalidVSwitchId.NotFound", f"Specified virtual switch does not exist: {vswitch_id}.")
    return found


def route_table(world: World, route_table_id: str) -> RouteTable:
    """Return the route table (CreateRouteEntry: InvalidRouteTableId.NotFound)."""
    found = state(world).route_tables.get(route_table_id)
    if found is None:
        raise ApiError(404, "InvalidRouteTableId.NotFound", f"Specified route table does not exist: {route_table_id}.")
    return found


def writable_table(world: World, route_table_id: str) -> RouteTable:
    """Return the table unless its VPC has had such a call just before, or works off an earlier one.

    The four actions are asynchronous and exclude each other within a VPC, as their pages say. Somebody who made several
    routes at a time met both codes (https://github.com/alibaba/terraform-provider/issues/285): TaskConflict, "too
    frequent", and IncorrectRouteEntryStatus.
    """
    found = route_table(world, route_table_id)
    until = state(world).busy_until.get(found.vpc_id)
    if until is not None and world.clock.now() < until:
        raise ApiError(400, "TaskConflict", "The operation is too frequent. Please wait a moment and try again.")
    if found.vpc_id in state(world).route_changes:
        raise ApiError(400, "IncorrectRouteEntryStatus", "The vpc has NotStable routeEntry status.")
    return found


def written(world: World, table: RouteTable, entries: Sequence[RouteEntry] = (), status: str = "") -> None:
    """Note a change of routes: these have that status until it is done, `route_change_seconds` later.

    Pending, Available and Modifying are what DescribeRouteEntryList documents for an entry; Deleting is on the page of
    DeleteRouteEntry. The VPC takes no other call for `busy_seconds`.
    """
    held, now = state(world), world.clock.now()
    held.busy_until[table.vpc_id] = now + timedelta(seconds=held.busy_seconds)
    if entries:
        for entry in entries:
            entry.status = status
        change = held.route_changes.setdefault(
            table.vpc_id, RouteChange(now + timedelta(seconds=held.route_change_seconds), [])
        )
        change.entries.extend(entries)
        world.after(held.route_change_seconds, partial(_settled, world, table.id))
    world.changed(table.id)


def _settled(world: World, table_id: str) -> None:
    state(world)
    world.changed(table_id)


def not_dry(*, dry_run: bool) -> None:
    """End a dry run that all checks have passed (DryRunOperation, on every page with a `DryRun` parameter)."""
    if dry_run:
        raise ApiError(400, "DryRunOperation", "Request validation has been passed with DryRun flag set.")


def destination(world: World, table: RouteTable, text: str) -> str:
    """Return a destination in canonical form (CreateRouteEntry: InvalidCidrBlock.Malformed, InvalidCidrBlock).

    A route may not lead into a vSwitch of the VPC, nor into 100.64.0.0/10.
    """
    network = cidr_block(text)
    forbidden = [each.cidr_block for each in state(world).vswitches.values() if each.vpc_id == table.vpc_id]
    if isinstance(network, IPv4Network):
        for block in (*forbidden, _SHARED_SPACE):
            if network.subnet_of(block):
                raise ApiError(
                    400, "InvalidCidrBlock", f"Specified CIDR block is not valid: {network} is part of {block}."
                )
    return str(network)


def cidr_block(text: str) -> Network:
    """Read a CIDR block (CreateRouteEntry: InvalidCidrBlock.Malformed); host bits are dropped."""
    try:
        return ip_network(text, strict=False)
    except ValueError as error:
        raise ApiError(400, "InvalidCidrBlock.Malformed", f"Specified CIDR block is not valid: {text!r}.") from error


def next_hop(world: World, table: RouteTable, next_hop_id: str, next_hop_type: str) -> None:
    """Refuse a next hop that is not there (CreateRouteEntry: InvalidNextHopType, InvalidNextHopId.NotFound).

    That it must be in the VPC of the table is not documented, but nothing else can be reached.
    """
    kind = NEXT_HOPS.get(next_hop_type)
    if kind is None:
        raise ApiError(
            400,
            "InvalidNextHopType",
            f'Specified parameter "NextHopType" is not valid: {next_hop_type!r}; here: {", ".join(NEXT_HOPS)}.',
        )
    found: Any = world.find(next_hop_id) if next_hop_id else None
    if getattr(found, "resource_type", "") != kind or found.vpc_id != table.vpc_id:
        raise ApiError(404, "InvalidNextHopId.NotFound", f"Specified next hop does not exist: {next_hop_id!r}.")


def not_duplicate(table: RouteTable, network: str) -> None:
    """Refuse a second route with a destination, wherever it leads (CreateRouteEntry: InvalidCIDRBlock.Duplicate)."""
    if table.entry(network) is not None:
        raise ApiError(400, "InvalidCIDRBlock.Duplicate", "Specified CIDR block is already exists.")


def room(world: World, table: RouteTable) -> None:
    """Refuse more custom routes than the quota (CreateRouteEntry: QuotaExceeded)."""
    most = world.quotas.get("vpc_quota_route_entrys_num", QUOTAS["vpc_quota_route_entrys_num"])
    if sum(each.type == "Custom" for each in table.entries.values()) >= most:
        raise ApiError(400, "QuotaExceeded", "Route entry quota exceeded in this route table.")


def text(name: str, value: str, longest: int) -> None:
    """Refuse a name or description that is too long or an address (CreateRouteEntry; code not documented)."""
    if len(value) > longest or value.startswith(("http://", "https://")):
        raise ApiError(
            400,
            "InvalidParameter",
            f"Specified parameter {name} is not valid: at most {longest} characters, not http:// or https:// first.",
        )


def route_entry(world: World, table_id: str, entry_id: str, block: str, next_hop_id: str) -> RouteEntry:
    """Return the custom route that is meant (DeleteRouteEntry: InvalidRouteEntry.NotFound, OperationDenied)."""
    if not entry_id and not (table_id and block):
        raise ApiError(
            400, "MissingParameter", "Miss mandatory parameter: RouteEntryId, or RouteTableId and DestinationCidrBlock."
        )
    found = _by_id(world, entry_id) if entry_id else route_table(world, table_id).entry(str(cidr_block(block)))
    if found is None or (next_hop_id and found.next_hop_id != next_hop_id):
        raise ApiError(400, "InvalidRouteEntry.NotFound", "Route entry not exists.")
    if found.type == "System":
        raise ApiError(400, "OperationDenied", "Specified operation is denied as route entry type is system.")
    return found


def _by_id(world: World, entry_id: str) -> RouteEntry | None:
    tables = state(world).route_tables.values()
    return next((table.entries[entry_id] for table in tables if entry_id in table.entries), None)


def at_most(name: str, count: int, most: int) -> None:
    """Refuse a list that is too long for one call (the page of the action; code not documented)."""
    if not 1 <= count <= most:
        raise ApiError(400, "InvalidParameter", f"Specified parameter {name} is not valid: {count}, not 1 to {most}.")


def page_size(world: World, asked: int) -> int:
    """Return the size of a page of routes: 1 to 100.

    The service gives 100 to who asks for more; a strict world refuses what is not documented.
    """
    if world.strict or asked < 1:
        at_most("MaxResult", asked, ROUTES_PER_PAGE)
    return min(asked, ROUTES_PER_PAGE)
