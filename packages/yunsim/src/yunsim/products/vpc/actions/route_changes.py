"""What may be changed about a route that is there."""

from dataclasses import replace
from typing import Any

from yunsim.products.vpc import rules
from yunsim.world import World


def ModifyRouteEntry(
    world: World,
    *,
    RegionId: str,
    Description: str = "",
    DestinationCidrBlock: str = "",
    DryRun: bool = False,
    NewNextHopId: str = "",
    NewNextHopType: str = "",
    RouteEntryId: str = "",
    RouteEntryName: str = "",
    RouteTableId: str = "",
) -> dict[str, Any]:
    """Change a custom route's name and description at once, and its next hop in time; what is not given stays."""
    found = rules.route_entry(world, RouteTableId, RouteEntryId, DestinationCidrBlock, "")
    table = rules.writable_table(world, found.route_table_id)
    rules.text("RouteEntryName", RouteEntryName, 128)
    rules.text("Description", Description, 256)
    if NewNextHopId:
        rules.next_hop(world, table, NewNextHopId, NewNextHopType)
    rules.not_dry(dry_run=DryRun)
    changed = table.entries[found.id] = replace(
        found,
        name=RouteEntryName or found.name,
        description=Description or found.description,
        next_hop_id=NewNextHopId or found.next_hop_id,
        next_hop_type=NewNextHopType if NewNextHopId else found.next_hop_type,
        modified=world.clock.now(),
    )
    rules.written(world, table, [changed] if NewNextHopId else [], "Modifying")
    return {}
