"""Tells the nodes: conditions that say what is true, each sent when it changes, and an Event with each."""

import asyncio
import logging
from collections.abc import Iterable, Mapping

from yunqiao.controllers.routes.publish import Standing, patches
from yunqiao.controllers.routes.site import Site
from yunqiao.controllers.routes.want import Wanted, ranges_of
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Stale, Trouble
from yunqiao.model.step import Patch

log = logging.getLogger(__name__)

AT_ONCE = 50
"""Requests to the API server in flight."""


async def publish(
    site: Site, nodes: Mapping[str, Node], wanted: Wanted, where: Mapping[str, Standing]
) -> list[Trouble]:
    """Tell nodes where they stand, those that know it left out; gives what went wrong with it."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def tell(patch: Patch) -> Trouble | None:
        async with turns:
            try:
                await site.patch(patch)
            except Stale:  # the node is gone or is another one: the watch will say so
                return None
            except Trouble as trouble:
                return trouble
        site.known.said[patch.name] = patch.body["status"]["conditions"][0]["status"]
        if patch.name in where:
            _say(site, nodes[patch.name], where[patch.name])
        return None

    news = patches(nodes, wanted, where, site.today)
    return [trouble for trouble in await asyncio.gather(*map(tell, news)) if trouble is not None]


def measure(site: Site, nodes: Mapping[str, Node], where: Mapping[str, Standing]) -> None:
    """Take how full the tables are; tell once, on a node that it concerns, that one is full or soon will be."""
    waiting = sorted(name for name, one in where.items() if not one.routed and name in nodes)
    concerned = waiting or sorted(where.keys() & nodes.keys())
    for news in site.filling.update(site.known.seen.tables, where):
        log.warning("%s", news.text)
        if concerned:
            site.tell(nodes[concerned[-1]], "Warning", news.reason, news.text)


async def fetched(site: Site, names: Iterable[str]) -> Mapping[str, Node | None]:
    """Nodes as the API server has them now, None for those that it has not. Raises Refused, NotYet, Lost."""
    turns = asyncio.Semaphore(AT_ONCE)
    ordered = sorted(names)

    async def fetch(name: str) -> Node | None:
        async with turns:
            return await site.get(name)

    return dict(zip(ordered, await asyncio.gather(*map(fetch, ordered)), strict=True))


def _say(site: Site, node: Node, standing: Standing) -> None:
    """The Event to what a node was told."""
    if standing.routed:
        text = f"{', '.join(ranges_of(node))} leads to this node in {', '.join(site.known.seen.tables)}"
        site.tell(node, "Normal", "CreatedRoute", text)
    elif standing.problem:
        site.tell(node, "Warning", "CreateRouteFailed", standing.problem)
