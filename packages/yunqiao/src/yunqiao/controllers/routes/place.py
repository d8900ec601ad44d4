"""Where do routes go? To the VPC and tables that are configured, else to those that the nodes' instances stand in."""

import logging

from yunqiao.controllers.routes import look
from yunqiao.controllers.routes.rules import Place
from yunqiao.controllers.routes.site import Site
from yunqiao.model.errors import Refused

log = logging.getLogger(__name__)

NO_VPC = (
    "the VPC is not known (there is no instance metadata here, and no node is an ECS instance that tells): set vpcid "
    "in the cloud-config (Global.vpcid)"
)
SEVERAL_VPCS = (
    "nodes are in several VPCs ({vpcs}), and which of them has the routes is not said: set vpcid in the cloud-config "
    "(Global.vpcid)"
)


async def find_place(site: Site) -> Place:
    """Give the place, its vSwitches as far as known. Raises Refused naming the key to set, NotYet, Lost."""
    vpc_id = site.rules.vpc_id or _only_vpc(site)
    return Place(vpc_id, site.rules.table_ids or await _tables(site, vpc_id), site.known.vswitches)


async def look_at_vswitches(site: Site, vpc_id: str) -> None:
    """Learn the vSwitches, if not known of late; where they may not be looked at, the cloud itself will refuse."""
    known, now = site.known, site.clock.now()
    if now - known.vswitches_at < site.rules.period:
        return
    try:
        known.vswitches = await look.vswitches(site.send, site.rules.region, vpc_id)
    except Refused as refusal:
        log.warning("%s; pod ranges are not compared with vSwitches", refusal)
    known.vswitches_at = now


async def _tables(site: Site, vpc_id: str) -> tuple[str, ...]:
    """The tables of the VPC and of the vSwitches that have nodes, looked at once a period and for new vSwitches."""
    known, now = site.known, site.clock.now()
    vswitches = frozenset(one.vswitch_id for one in known.instances.values() if one.vpc_id == vpc_id)
    if now - known.tables_at >= site.rules.period or not vswitches <= known.tables_for:
        known.tables = await look.tables(site.send, site.rules.region, vpc_id, vswitches)
        known.tables_at, known.tables_for = now, vswitches
    return known.tables


def _only_vpc(site: Site) -> str:
    """The VPC of the nodes; it stays the same when the last of them has gone."""
    found = sorted({one.vpc_id for one in site.known.instances.values() if one.vpc_id})
    if len(found) > 1:
        raise Refused(SEVERAL_VPCS.format(vpcs=", ".join(found)))
    site.known.vpc_id = found[0] if found else site.known.vpc_id
    if not site.known.vpc_id:
        raise Refused(NO_VPC)
    return site.known.vpc_id
