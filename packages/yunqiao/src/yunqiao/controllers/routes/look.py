"""The looks that routes need: route tables, what is in them, vSwitches; as few calls as will do."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import ceil

from yunqiao.cloud import vpc
from yunqiao.cloud.paging import chunks, every
from yunqiao.cloud.vpc import VSwitch
from yunqiao.controllers.routes.rules import Rules
from yunqiao.controllers.routes.seen import Seen, Spot, Table, looked
from yunqiao.model.errors import Refused, Stale
from yunqiao.model.route import Route
from yunqiao.model.step import Call, Send

NO_TABLE = (
    "VPC {vpc} has no route table that can be seen: check vpcid in the cloud-config (Global.vpcid) and the RAM "
    "permission vpc:DescribeRouteTableList"
)
NOT_USABLE = "route table {id} cannot be read: {why}; check routeTableIDs in the cloud-config (Global.routeTableIDs)"


async def tables(send: Send, region: str, vpc_id: str, vswitch_ids: Iterable[str]) -> tuple[str, ...]:
    """The tables that direct packets to pods: the VPC's own, and each that a vSwitch with nodes has instead.

    Raises Refused when there is none, NotYet, Lost.
    """
    found = await every(send, partial(vpc.describe_tables, region, vpc_id), vpc.read_tables)
    ours = frozenset(vswitch_ids)
    used = sorted(one.id for one in found if one.type == "System" or ours.intersection(one.vswitch_ids))
    if not used:
        raise Refused(NO_TABLE.format(vpc=vpc_id))
    return tuple(used)


async def table(send: Send, rules: Rules, seen: Seen, table_id: str) -> Seen:
    """Look at a whole table; one that does not exist is noted as a problem. Raises Refused, NotYet, Lost."""
    try:
        found = await _routes(send, rules, table_id, ())
    except Stale as trouble:
        why = trouble.fault.code if trouble.fault is not None else str(trouble)
        unusable = Table(problem=NOT_USABLE.format(id=table_id, why=why))
        return Seen({**seen.tables, table_id: unusable}, seen.refusals, seen.portions, seen.unclear)
    return looked(seen, table_id, found)


async def spots(send: Send, rules: Rules, seen: Seen, unclear: Iterable[Spot]) -> Seen:
    """Look at single ranges, or at the whole of a table where that takes no more calls. Raises as `table` does."""
    by_table: dict[str, set[str]] = {}
    for table_id, cidr in unclear:
        by_table.setdefault(table_id, set()).add(cidr)
    for table_id, cidrs in sorted(by_table.items()):
        few = chunks(sorted(cidrs), vpc.CIDRS_PER_LOOK)
        if ceil(len(cidrs) / vpc.CIDRS_PER_LOOK) >= ceil(len(seen.tables[table_id].routes) / vpc.ROUTES_PER_PAGE):
            seen = await table(send, rules, seen, table_id)
        else:
            found = [route for part in few for route in await _routes(send, rules, table_id, part)]
            seen = looked(seen, table_id, found, frozenset(cidrs))
    return seen


async def vswitches(send: Send, region: str, vpc_id: str) -> tuple[VSwitch, ...]:
    """All vSwitches of the VPC. Raises Refused, NotYet, Lost."""
    return tuple(await every(send, partial(vpc.describe_vswitches, region, vpc_id, ""), vpc.read_vswitches))


async def _routes(send: Send, rules: Rules, table_id: str, cidrs: Sequence[str]) -> list[Route]:
    ask: Callable[[str], Call] = partial(vpc.describe_routes, rules.region, table_id, cidrs=cidrs)
    return await every(send, ask, vpc.read_routes)
