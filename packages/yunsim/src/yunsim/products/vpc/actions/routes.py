"""Routes: create and delete, one by one or up to 50 in a call; the answer comes first, and the change is done later."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from yunsim.errors import ApiError
from yunsim.products.vpc import rules
from yunsim.products.vpc.state import RouteEntry, RouteTable
from yunsim.world import World

CREATE_CODES = {"InvalidCIDRBlock.Duplicate": "VPC_ROUTE_ENTRY_CIDR_BLOCK_DUPLICATE"}
DELETE_CODES = {"InvalidRouteEntry.NotFound": "VPC_ROUTER_ENTRY_NOT_EXIST"}
"""The batch actions have codes of their own for what fails; where none is known, it is that of the single action."""


@dataclass(frozen=True, slots=True)
class NewRoute:
    """One entry of CreateRouteEntries' `RouteEntries`."""

    RouteTableId: str
    DstCidrBlock: str
    NextHop: str
    NextHopType: str
    IpVersion: int = 4
    Name: str = ""
    Description: str = ""


@dataclass(frozen=True, slots=True)
class OldRoute:
    """One entry of DeleteRouteEntries' `RouteEntries`."""

    RouteTableId: str
    DstCidrBlock: str = ""
    NextHop: str = ""
    RouteEntryId: str = ""


@dataclass(frozen=True, slots=True)
class NextHop:
    """One entry of `NextHopList`: several hops of one route, which only router interfaces can be."""

    NextHopId: str = ""
    NextHopType: str = ""
    Weight: int = 0


def CreateRouteEntry(
    world: World,
    *,
    RouteTableId: str,
    DestinationCidrBlock: str,
    RegionId: str = "",
    ClientToken: str = "",
    Description: str = "",
    DryRun: bool = False,
    NextHopId: str = "",
    NextHopList: Sequence[NextHop] = (),
    NextHopType: str = "Instance",
    RouteEntryName: str = "",
) -> dict[str, Any]:
    """Make a route, once for each ClientToken."""
    request = {name: value for name, value in locals().items() if name not in ("world", "ClientToken")}
    earlier = answered(world, ClientToken, request)
    if earlier is not None:
        return earlier
    if NextHopList:
        raise ApiError(400, "InvalidNextHopType", "NextHopList takes router interfaces, which do not exist here.")
    table = rules.writable_table(world, RouteTableId)
    route = NewRoute(
        RouteTableId, DestinationCidrBlock, NextHopId, NextHopType, Name=RouteEntryName, Description=Description
    )
    made = _made(world, table, route)
    rules.not_dry(dry_run=DryRun)
    table.entries[made.id] = made
    rules.written(world, table, [made], "Pending")
    answer = {"RouteEntryId": made.id}
    if ClientToken:
        rules.state(world).tokens[ClientToken] = (request, answer)
    return answer


def answered(world: World, token: str, request: dict[str, Any]) -> dict[str, Any] | None:
    """Return what the token was answered before; raises ApiError when the parameters differ (code as in ECS)."""
    before, answer = rules.state(world).tokens.get(token, (None, None))
    if before is not None and before != request:
        raise ApiError(
            400,
            "IdempotentParameterMismatch",
            "The request uses the same client token as a previous, but non-identical request.",
        )
    return answer


def _made(world: World, table: RouteTable, route: NewRoute) -> RouteEntry:
    """Return the entry that the route would be, if nothing speaks against it."""
    destination = rules.destination(world, table, route.DstCidrBlock)
    rules.text("RouteEntryName", route.Name, 128)
    rules.text("Description", route.Description, 256)
    rules.next_hop(world, table, route.NextHop, route.NextHopType)
    rules.not_duplicate(table, destination)
    rules.room(world, table)
    return RouteEntry(
        id=world.new_id("rte-"),
        route_table_id=table.id,
        destination=destination,
        next_hop_id=route.NextHop,
        next_hop_type=route.NextHopType,
        modified=world.clock.now(),
        name=route.Name,
        description=route.Description,
    )


def CreateRouteEntries(
    world: World, *, RegionId: str, RouteEntries: Sequence[NewRoute], DryRun: bool = False
) -> dict[str, Any]:
    """Make up to 50 routes; each succeeds or fails by itself, and the answer names those that failed."""
    tables = _tables(world, RouteEntries)
    rules.not_dry(dry_run=DryRun)
    made: list[RouteEntry] = []

    def create(route: NewRoute) -> None:
        table = tables[route.RouteTableId]
        entry = _made(world, table, route)
        table.entries[entry.id] = entry
        made.append(entry)

    failed = _each(RouteEntries, create, CREATE_CODES)
    _written(world, tables, made, "Pending")
    return {"RouteEntryIds": [each.id for each in made], **_counted(len(RouteEntries), failed)}


def DeleteRouteEntry(
    world: World,
    *,
    RegionId: str = "",
    DestinationCidrBlock: str = "",
    DryRun: bool = False,
    NextHopId: str = "",
    NextHopList: Sequence[NextHop] = (),
    RouteEntryId: str = "",
    RouteTableId: str = "",
) -> dict[str, Any]:
    """Delete a custom route, by its id or by table, destination and next hop."""
    found = rules.route_entry(world, RouteTableId, RouteEntryId, DestinationCidrBlock, NextHopId)
    table = rules.writable_table(world, found.route_table_id)
    rules.not_dry(dry_run=DryRun)
    rules.written(world, table, [found], "Deleting")
    return {}


def DeleteRouteEntries(
    world: World, *, RegionId: str, RouteEntries: Sequence[OldRoute], DryRun: bool = False
) -> dict[str, Any]:
    """Delete up to 50 routes; each succeeds or fails by itself, and the answer names those that failed."""
    tables = _tables(world, RouteEntries)
    rules.not_dry(dry_run=DryRun)
    gone: list[RouteEntry] = []

    def delete(route: OldRoute) -> None:
        entry = rules.route_entry(world, route.RouteTableId, route.RouteEntryId, route.DstCidrBlock, route.NextHop)
        if entry.route_table_id not in tables or entry in gone:
            raise ApiError(400, "InvalidRouteEntry.NotFound", "Route entry not exists.")
        gone.append(entry)

    failed = _each(RouteEntries, delete, DELETE_CODES)
    _written(world, tables, gone, "Deleting")
    for failure, route in failed:
        failure["RouteEntryId"] = route.RouteEntryId
    return _counted(len(RouteEntries), failed)


Failed = list[tuple[dict[str, Any], Any]]


def _tables(world: World, routes: Sequence[NewRoute] | Sequence[OldRoute]) -> dict[str, RouteTable]:
    """Return the tables of a batch by id, if it is not too long and none of them is missing or busy."""
    rules.at_most("RouteEntries", len(routes), rules.ROUTES_PER_CALL)
    return {route.RouteTableId: rules.writable_table(world, route.RouteTableId) for route in routes}


def _each(routes: Iterable[Any], do: Callable[[Any], None], codes: dict[str, str]) -> Failed:
    """Do one after the other; return what the answer tells of those that failed, each with its route."""
    failed: Failed = []
    for route in routes:
        try:
            do(route)
        except ApiError as error:
            failure = {
                "DstCidrBlock": route.DstCidrBlock,
                "NextHop": route.NextHop,
                "FailedCode": codes.get(error.code, error.code),
                "FailedMessage": error.message,
            }
            failed.append((failure, route))
    return failed


def _written(world: World, tables: dict[str, RouteTable], entries: Sequence[RouteEntry], status: str) -> None:
    for table in tables.values():
        rules.written(world, table, [each for each in entries if each.route_table_id == table.id], status)


def _counted(asked: int, failed: Failed) -> dict[str, Any]:
    return {
        "SuccessCount": asked - len(failed),
        "FailedCount": len(failed),
        "FailedRouteEntries": [failure for failure, _ in failed],
    }
