"""What is refused of route tables; what of the routes in them, and where the codes are from, is in rules.py."""

from yunsim.errors import ApiError
from yunsim.products.vpc import rules
from yunsim.products.vpc.state import RouteTable, VSwitch
from yunsim.world import World

QUOTA = "vpc_quota_route_tables_num"
"""How many custom route tables a VPC may have, by its name in Quota Center."""
_ADDRESSES = ("http://", "https://")


def name(text: str) -> None:
    """Refuse a name that is too long or an address (CreateRouteTable: InvalidParameter.RouteTableName.Malformed)."""
    if len(text) > 128 or text.startswith(_ADDRESSES):
        raise ApiError(400, "InvalidParameter.RouteTableName.Malformed", "The specified route table name is not valid.")


def description(text: str) -> None:
    """Refuse such a description (CreateRouteTable: InvalidParameter.Description.Malformed)."""
    if len(text) > 256 or text.startswith(_ADDRESSES):
        raise ApiError(400, "InvalidParameter.Description.Malformed", "The specified Description is not valid.")


def kind(associate_type: str) -> None:
    """Refuse a table for a gateway, of which there are none here (CreateRouteTable, AssociateType)."""
    if associate_type == "Gateway":
        raise ApiError(
            400, "OperationUnsupported.AdvancedFeature", "Advanced features of the vpc is unsupported: AssociateType."
        )
    if associate_type != "VSwitch":
        raise ApiError(
            400,
            "InvalidParameter",
            f"Specified AssociateType is not valid: {associate_type!r}, not VSwitch or Gateway.",
        )


def room(world: World, vpc_id: str) -> None:
    """Refuse more custom tables than the quota (CreateRouteTable: QuotaExceeded.RouteTable)."""
    tables = rules.state(world).route_tables.values()
    most = world.quotas.get(QUOTA, rules.QUOTAS[QUOTA])
    if sum(each.vpc_id == vpc_id and each.type == "Custom" for each in tables) >= most:
        raise ApiError(400, "QuotaExceeded.RouteTable", "VPC RouteTable quota exceeded.")


def associable(world: World, table: RouteTable, vswitch: VSwitch) -> None:
    """Refuse what AssociateRouteTable cannot join.

    That is the System table (OperationDenied.SwitchToSystemRouteTable), a vSwitch of another VPC
    (Forbidden.NotInSameVpc), and one that has a custom table (Forbidden.VSwitchAlreadyAssociatedRouteTable).
    """
    if table.vpc_id != vswitch.vpc_id:
        raise ApiError(
            404, "Forbidden.NotInSameVpc", "The specified virtual switch and route table are not in the same VPC."
        )
    if table.type == "System":
        raise ApiError(
            400,
            "OperationDenied.SwitchToSystemRouteTable",
            "The associated route tables cannot be directly changed to system route tables.",
        )
    if rules.route_table(world, vswitch.route_table_id).type == "Custom":
        raise ApiError(
            404,
            "Forbidden.VSwitchAlreadyAssociatedRouteTable",
            "The specified virtual switch already associates route table.",
        )


def associated(table: RouteTable, vswitch: VSwitch) -> None:
    """Refuse what UnassociateRouteTable cannot part.

    That is the System table (OperationUnsupported.SystemRouteTable), and one that the vSwitch does not have
    (OperationFailed.VSwitchNotAssociate).
    """
    if table.type == "System":
        raise ApiError(404, "OperationUnsupported.SystemRouteTable", "System route table can not be unassociated.")
    if vswitch.route_table_id != table.id:
        raise ApiError(
            404,
            "OperationFailed.VSwitchNotAssociate",
            "Specified vswitch is not associated with the routeTable and cannot operate.",
        )


def deletable(world: World, table: RouteTable) -> None:
    """Refuse to delete what is in use.

    That is the System table (DeleteRouteTable: IncorrectRouteTableType), a table with routes of users
    (IncorrectRouteTableStatus.RouteEntryExist), and one that a vSwitch has (IncorrectRouteTableStatus).
    """
    if table.type == "System":
        raise ApiError(
            400, "IncorrectRouteTableType", "Route table can be deleted by this action only when it's type is custom."
        )
    if any(each.type == "Custom" for each in table.entries.values()):
        raise ApiError(
            400,
            "IncorrectRouteTableStatus.RouteEntryExist",
            "You cannot delete the specified route table because it still has custom route entry.",
        )
    if any(each.route_table_id == table.id for each in rules.state(world).vswitches.values()):
        raise ApiError(
            404,
            "IncorrectRouteTableStatus",
            "The current status of the route table does not support this operation: a vSwitch has it.",
        )
