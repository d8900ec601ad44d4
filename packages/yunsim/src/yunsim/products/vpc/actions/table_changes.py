"""Custom route tables: made, given to vSwitches, taken back, deleted.

The four are asynchronous on the cloud, and its pages bid to look until they are done; here each is done at once. Like
changes of routes, they wait for one another within a VPC.
"""

from collections.abc import Sequence
from typing import Any

from yunsim.products.tagging import TagPair
from yunsim.products.vpc import route_table_rules, rules
from yunsim.products.vpc.actions.routes import answered
from yunsim.products.vpc.state import RouteTable
from yunsim.world import World


def CreateRouteTable(
    world: World,
    *,
    RegionId: str,
    VpcId: str,
    AssociateType: str = "VSwitch",
    ClientToken: str = "",
    Description: str = "",
    RouteTableName: str = "",
    Tag: Sequence[TagPair] = (),
) -> dict[str, Any]:
    """Make a table that no vSwitch has yet, once for each ClientToken."""
    request = {name: value for name, value in locals().items() if name not in ("world", "ClientToken")}
    earlier = answered(world, ClientToken, request)
    if earlier is not None:
        return earlier
    rules.vpc(world, VpcId)
    route_table_rules.kind(AssociateType)
    route_table_rules.name(RouteTableName)
    route_table_rules.description(Description)
    route_table_rules.room(world, VpcId)
    made = rules.state(world).add_route_table(
        world, VpcId, name=RouteTableName, description=Description, tags={pair.Key: pair.Value for pair in Tag}
    )
    answer = {"RouteTableId": made.id}
    if ClientToken:
        rules.state(world).tokens[ClientToken] = (request, answer)
    return answer


def AssociateRouteTable(
    world: World, *, RegionId: str, RouteTableId: str, VSwitchId: str, ClientToken: str = ""
) -> dict[str, Any]:
    """Have a custom table instead of the System one decide where packets of a vSwitch go."""
    table, vswitch = rules.writable_table(world, RouteTableId), rules.vswitch(world, VSwitchId)
    route_table_rules.associable(world, table, vswitch)
    vswitch.route_table_id = table.id
    _written(world, table)
    return {}


def UnassociateRouteTable(
    world: World, *, RegionId: str, RouteTableId: str, VSwitchId: str, ClientToken: str = ""
) -> dict[str, Any]:
    """Give a vSwitch the System table back."""
    table, vswitch = rules.writable_table(world, RouteTableId), rules.vswitch(world, VSwitchId)
    route_table_rules.associated(table, vswitch)
    vswitch.route_table_id = rules.state(world).system_table(table.vpc_id).id
    _written(world, table)
    return {}


def DeleteRouteTable(world: World, *, RegionId: str, RouteTableId: str) -> dict[str, Any]:
    """Delete a custom table that has no routes of users and no vSwitch."""
    table = rules.writable_table(world, RouteTableId)
    route_table_rules.deletable(world, table)
    del rules.state(world).route_tables[table.id]
    _written(world, table)
    return {}


def _written(world: World, table: RouteTable) -> None:
    """Note the change as one of the VPC, and that it may concern all that the network carries."""
    rules.written(world, table)
    world.changed()
