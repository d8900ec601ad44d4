"""Where do routes go? To the cluster's VPC, into the tables that are configured, else those that its nodes use."""

import logging

from yunqiao.controllers.routes import look
from yunqiao.controllers.routes.rules import Place
from yunqiao.controllers.routes.site import Site
from yunqiao.model.errors import Refused

log = logging.getLogger(__name__)


async def find_place(site: Site) -> Place:
    """Give the place, its vSwitches as far as known. Raises Refused naming the key to set, NotYet, Lost."""
    site.known.vpc_id = vpc_id = await site.whereabouts.vpc_id()
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
