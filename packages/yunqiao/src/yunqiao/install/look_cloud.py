"""Look at the cloud: every action that only looks is tried once, then what nodes and routes need is read."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from yunqiao.cloud import ecs, vpc
from yunqiao.cloud.clb import access_control, certificates, domains, groups, health, instances, listeners
from yunqiao.cloud.instances import Instances
from yunqiao.cloud.place import Neighbourhood, Whereabouts
from yunqiao.cloud.vpc import Vpc
from yunqiao.controllers.nodes import rules as node_rules
from yunqiao.controllers.nodes.kinds import Kind, kind_of
from yunqiao.controllers.nodes.see import Seen as NodesSeen
from yunqiao.controllers.nodes.see import Sources, see
from yunqiao.controllers.routes import look as routes_look
from yunqiao.controllers.routes import rules as route_rules
from yunqiao.controllers.routes.claims import claim_of
from yunqiao.controllers.routes.rules import Place
from yunqiao.controllers.routes.seen import Seen
from yunqiao.install.answers import blamed
from yunqiao.install.nodes import is_asked_about
from yunqiao.install.permissions import READS, Action, needed
from yunqiao.install.sight import Cloud
from yunqiao.model.clock import Clock
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Trouble
from yunqiao.model.step import Call, Send
from yunqiao.settings import Settings

T = TypeVar("T")
NONE = "none-such"
"""Ends the ids of things that do not exist: whether one may look is answered all the same."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The cloud within reach: its API, its instances, and what the user decided."""

    send: Send
    instances: Instances
    settings: Settings
    clock: Clock


async def look(reach: Reach, first: Cloud, nodes: Sequence[Node]) -> Cloud:
    """All that the checks need, added to what is known already (`first`: who we are, and where)."""
    seen = replace(first, answers=await _tried(reach, first))
    if all(blamed(one) for one in seen.answers.values()):
        return seen
    whereabouts = _whereabouts(reach, seen, nodes)
    seen = replace(seen, nodes=await _nodes(reach, seen, whereabouts, nodes))
    seen = await _placed(reach, seen, whereabouts)
    return replace(seen, tables=await _tables(reach, seen)) if isinstance(seen.place, Place) else seen


def _whereabouts(reach: Reach, seen: Cloud, nodes: Sequence[Node]) -> Whereabouts:
    """Where things are, as all controllers find it out."""
    claiming = [node for node in nodes if claim_of(node, seen.rules.region)]
    look_there = Neighbourhood(reach.instances, claiming.__iter__).look
    return Whereabouts(seen.rules.vpc_id, seen.rules.vswitch_ids, look_there)


async def _tried(reach: Reach, first: Cloud) -> Mapping[Action, Trouble | None]:
    """The answer to a harmless call of each action that the controllers need."""
    calls = harmless(first, await _some_balancer(reach.send))
    actions = needed(READS, reach.settings.controllers)
    return dict(
        zip(actions, await asyncio.gather(*(_answer(reach.send, calls[one.name]) for one in actions)), strict=True)
    )


async def _answer(send: Send, call: Call) -> Trouble | None:
    try:
        await send(call)
    except Trouble as trouble:
        return trouble
    return None


async def _some_balancer(send: Send) -> str:
    """One that exists, if any can be seen: what exists is asked about most safely."""
    try:
        found, _ = instances.read_list(await send(instances.list_all()))
    except Trouble:
        return f"lb-{NONE}"
    return found[0].id if found else f"lb-{NONE}"


def harmless(first: Cloud, balancer: str) -> Mapping[str, Call]:
    """A call of each action that only looks, by the action's name."""
    region, vpc_id = first.rules.region, first.rules.vpc_id or f"vpc-{NONE}"
    calls = (
        instances.list_all(),
        listeners.list_listeners(balancer),
        groups.list_groups(balancer),
        groups.describe(f"rsp-{NONE}"),
        health.describe(balancer),
        certificates.list_certificates(),
        domains.list_domains(balancer, 443),
        access_control.list_by_name(NONE),
        access_control.describe(f"acl-{NONE}"),
        vpc.describe_eips(region, balancer),
        vpc.describe_vpc(region, vpc_id),
        vpc.describe_vswitches(region, vpc_id),
        vpc.describe_tables(region, vpc_id),
        vpc.describe_routes(region, f"vtb-{NONE}"),
        ecs.describe_instances(region, [f"i-{NONE}"]),
        ecs.describe_interfaces(region, [f"eni-{NONE}"]),
    )
    return {call.action: call for call in calls}


async def _nodes(reach: Reach, seen: Cloud, whereabouts: Whereabouts, nodes: Sequence[Node]) -> NodesSeen:
    """What ECS says of the nodes that the node controller asks about."""
    region = seen.rules.region
    asked = [node for node in nodes if is_asked_about(node, region)]
    named = [node for node in asked if kind_of(node, region) is Kind.INSTANCE]
    unnamed = [node for node in asked if kind_of(node, region) is Kind.UNNAMED]
    rules = node_rules.Rules(region, seen.rules.vpc_id)
    return await see(Sources(reach.send, reach.instances, rules, whereabouts, reach.clock), named, unnamed)


async def _placed(reach: Reach, seen: Cloud, whereabouts: Whereabouts) -> Cloud:
    """The VPC, its vSwitches and route tables."""
    vpc_id, own = await _or_trouble(whereabouts.vpc_id()), await _or_trouble(whereabouts.vswitch_ids())
    if isinstance(vpc_id, Trouble):
        return replace(seen, vpc_id=vpc_id, vswitch_ids=own, place=vpc_id)
    vswitches = await _or_trouble(routes_look.vswitches(reach.send, seen.rules.region, vpc_id))
    tables = await _or_trouble(_table_ids(reach, seen, vpc_id))
    told = () if isinstance(vswitches, Trouble) else vswitches
    place = tables if isinstance(tables, Trouble) else Place(vpc_id, tables, told)
    itself = await _or_trouble(_vpc(reach.send, seen.rules.region, vpc_id))
    return replace(seen, vpc_id=vpc_id, vpc=itself, vswitch_ids=own, vswitches=vswitches, place=place)


async def _table_ids(reach: Reach, seen: Cloud, vpc_id: str) -> tuple[str, ...]:
    """Those that are configured, else those that the nodes use. Raises Trouble."""
    there = seen.nodes.instances.values() if seen.nodes is not None else ()
    used = {one.vswitch_id for one in there if one.vpc_id == vpc_id}
    configured = reach.settings.route_table_ids
    return configured or await routes_look.tables(reach.send, seen.rules.region, vpc_id, used)


async def _vpc(send: Send, region: str, vpc_id: str) -> Vpc:
    return vpc.read_vpc(await send(vpc.describe_vpc(region, vpc_id)))


async def _tables(reach: Reach, seen: Cloud) -> Seen | Trouble:
    """What is in the route tables."""
    rules, found = route_rules.Rules(seen.rules.region, seen.rules.cluster), Seen()
    for table_id in seen.place.tables if isinstance(seen.place, Place) else ():
        looked = await _or_trouble(routes_look.table(reach.send, rules, found, table_id))
        if isinstance(looked, Trouble):
            return looked
        found = looked
    return found


async def _or_trouble(looking: Awaitable[T]) -> T | Trouble:
    try:
        return await looking
    except Trouble as trouble:
        return trouble
