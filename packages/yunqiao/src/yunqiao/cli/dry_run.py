"""`yunqiao run --dry-run`: every controller played through once on the real cloud, and nothing written anywhere."""

import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from yunqiao.cli import outlook
from yunqiao.cli.controllers import node_rules, route_rules
from yunqiao.cli.onlooking import View, look
from yunqiao.cli.planning import CHANGES, FAILED, NOTHING, Outlook, rehearsed
from yunqiao.cli.reaching import Cloud
from yunqiao.controllers.nodes import rehearsal as nodes_rehearsal
from yunqiao.controllers.routes import rehearsal as routes_rehearsal
from yunqiao.controllers.services.rehearsal import Rehearsal
from yunqiao.controllers.services.triggers import concerns_us, key_of
from yunqiao.model.errors import Trouble
from yunqiao.model.kubernetes import NODE
from yunqiao.model.step import Call, Deletion, Patch
from yunqiao.settings import Settings

log = logging.getLogger("yunqiao")


@dataclass(frozen=True, slots=True)
class Played:
    """What one controller would do besides Services."""

    title: str
    steps: Sequence[Call | Patch | Deletion]
    warnings: Sequence[str]
    troubles: Sequence[Trouble]

    @property
    def exit_code(self) -> int:
        """As `yunqiao plan` says."""
        if self.troubles:
            return FAILED
        return CHANGES if self.steps else NOTHING


async def dry_run(settings: Settings) -> int:
    """Log what would be sent, print it, give plan's exit status; takes no Lease. Raises Trouble."""
    services: tuple[Rehearsal, ...] = ()
    async with look(settings) as view, view.cloud() as cloud:
        others = await _nodes_and_routes(view, cloud)
        if "service" in settings.controllers:
            found = [view.caches.snapshot(key_of(service)) for service in view.caches.services]
            snapshots = [one for one in found if one is not None and concerns_us(one.service)]
            services = await rehearsed(snapshots, await view.staged(cloud), settings.service_workers)
    for one in services:
        _log(one)
    told = Outlook(services)
    for played in others:
        sys.stdout.write("\n".join((*_told(played), "", "")))
    sys.stdout.write(outlook.table(told))
    return _worst([told.exit_code, *(one.exit_code for one in others)])


def _worst(codes: Sequence[int]) -> int:
    """A failure counts more than changes, and changes that interrupt more than others."""
    return FAILED if FAILED in codes else max(codes)


async def _nodes_and_routes(view: View, cloud: Cloud) -> list[Played]:
    """Routes are those of the nodes as they would be by then."""
    settings, nodes, played = view.settings, list(view.caches.nodes), list[Played]()
    if "node" in settings.controllers:
        named = await nodes_rehearsal.rehearse(
            nodes, cloud.send, cloud.instances, node_rules(settings, cloud), view.clock
        )
        played.append(Played("Nodes", named.steps, named.warnings, named.troubles))
        nodes = list(named.nodes)
    if "route" in settings.controllers and settings.configure_routes:
        get = partial(view.client.get, NODE, "")
        routed = await routes_rehearsal.rehearse(
            nodes, get, cloud.send, cloud.instances, route_rules(settings, cloud), view.clock
        )
        played.append(Played("Routes", routed.steps, routed.warnings, routed.troubles))
    return played


def _told(played: Played) -> Iterator[str]:
    many = f"{len(played.steps)} steps" if len(played.steps) != 1 else "1 step"
    yield f"{played.title}: {many if played.steps else 'nothing to do'}"
    for number, step in enumerate(played.steps, 1):
        yield f"  {number}. {_words(step)}: {step.why}"
    yield from (f"  warning: {text}" for text in played.warnings)
    yield from (f"  could not be found out: {trouble}" for trouble in played.troubles)


def _words(step: Call | Patch | Deletion) -> str:
    match step:
        case Call():
            return step.action
        case Patch():
            return f"patch of {step.kind}{f'/{step.subresource}' if step.subresource else ''} {step.name}"
        case Deletion():
            return f"delete {step.kind} {step.name}"


def _log(one: Rehearsal) -> None:
    key = key_of(one.service)
    for act in one.acts:
        log.info("%s: would send %s (%s), which is %s", key, act.call.action, act.call.why, act.effect.words)
    for problem in one.problems:
        log.warning("%s: %s", key, problem)
    if one.trouble is not None:
        log.error("%s: %s", key, one.trouble)
