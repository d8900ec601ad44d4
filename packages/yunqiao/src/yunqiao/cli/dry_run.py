"""`yunqiao run --dry-run`: every Service played through once against the real cloud, and nothing written anywhere."""

import logging
import sys

from yunqiao.cli import outlook
from yunqiao.cli.onlooking import look
from yunqiao.cli.planning import Outlook, rehearsed
from yunqiao.controllers.services.rehearsal import Rehearsal
from yunqiao.controllers.services.triggers import concerns_us, key_of
from yunqiao.settings import Settings

log = logging.getLogger("yunqiao")


async def dry_run(settings: Settings) -> int:
    """Log what would be sent, print it as a table, give plan's exit status; takes no Lease. Raises Trouble."""
    async with look(settings) as view, view.stage() as stage:
        keys = [key_of(service) for service in view.caches.services if concerns_us(service)]
        snapshots = [snapshot for key in keys if (snapshot := view.caches.snapshot(key)) is not None]
        played = await rehearsed(snapshots, stage, settings.service_workers)
    for one in played:
        _log(one)
    told = Outlook(played)
    sys.stdout.write(outlook.table(told))
    return told.exit_code


def _log(one: Rehearsal) -> None:
    key = key_of(one.service)
    for act in one.acts:
        log.info("%s: would send %s (%s), which is %s", key, act.call.action, act.call.why, act.effect.words)
    for problem in one.problems:
        log.warning("%s: %s", key, problem)
    if one.trouble is not None:
        log.error("%s: %s", key, one.trouble)
