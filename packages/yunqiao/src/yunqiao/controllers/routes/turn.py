"""One turn of the story: look, remove and write, look again, tell the nodes."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace

from yunqiao.controllers.routes import look
from yunqiao.controllers.routes.claims import claim_of
from yunqiao.controllers.routes.judge import Ground, State, grounds
from yunqiao.controllers.routes.known import FIRST_POLL
from yunqiao.controllers.routes.place import find_place, look_at_vswitches
from yunqiao.controllers.routes.plan import doomed, marking, plan, unmarked, unsettled
from yunqiao.controllers.routes.publish import Standing, patches, standings, unavailable
from yunqiao.controllers.routes.rules import Place
from yunqiao.controllers.routes.seen import Seen, fold, marked, stumble
from yunqiao.controllers.routes.site import Site
from yunqiao.controllers.routes.want import Wanted, ranges_of, want
from yunqiao.engine.converge import Way, converge
from yunqiao.model.cluster import Node
from yunqiao.model.errors import NotYet, Refused, Stale, Trouble
from yunqiao.model.route import read_mark
from yunqiao.model.step import Call, Patch, Plan, Reply

log = logging.getLogger(__name__)

SOON = 1.0
"""Seconds until a turn that has left something to do begins anew."""
PASSES = 3
"""How often a turn writes and looks again before it lets newer changes in."""
AT_ONCE = 50
"""Requests to the API server in flight."""


class Turn:
    """Goes from the nodes as they are now to what they are told. Raises Refused, NotYet, Stale, Lost."""

    def __init__(self, site: Site) -> None:
        self._site, self._known = site, site.known
        self._nodes: dict[str, Node] = {node.metadata.name: node for node in site.nodes()}
        self._place = Place("")
        self._wanted = Wanted()

    async def work(self) -> float:
        """Do what can be done; seconds until there is more. What went wrong is raised when the rest is done."""
        self._known.prune(self._now())
        await self._identify()
        if not (self._site.rules.vpc_id or self._known.vpc_id or self._claims()):
            return self._site.rules.period  # no node is ours, and nothing says where anything of ours may be
        self._place = await find_place(self._site)
        await self._see()
        await self._decide()
        trouble = await self._write()
        where = self._standings()
        self._fill(where)
        untold = await self._publish(where)
        if trouble or untold:
            raise trouble or untold[0]
        more = await self._adopt()
        return self._again(more=more)

    async def complain(self, text: str) -> None:
        """Tell every node that has no route, or of which it is not known, why that is so."""
        known = self._standings() if self._is_seen() else {}
        where = {name: known.get(name) or _unknown(self._nodes[name]) for name in self._claims()}
        waiting = {name: Standing(False, one.problem or text) for name, one in where.items() if not one.routed}
        await self._publish({name: one for name, one in waiting.items() if ranges_of(self._nodes[name])})

    def _now(self) -> float:
        return self._site.clock.now()

    def _claims(self) -> dict[str, str]:
        """The instances that nodes say they are, by the nodes' names."""
        found = {name: claim_of(node, self._site.rules.region) for name, node in self._nodes.items()}
        return {name: claim.id for name, claim in found.items() if claim is not None}

    async def _identify(self) -> None:
        """Ask ECS for the instances that nodes claim to be, each once."""
        ids = frozenset(self._claims().values())
        self._known.keep_only(ids)
        unknown = self._known.unknown(ids, self._now())
        if unknown:
            found = await look.instances(self._site.send, self._site.rules.region, unknown)
            self._known.learn(found, self._now())

    async def _see(self) -> None:
        """Look at every table that is not known, and once a period at all of them."""
        if self._now() - self._known.looked_at >= self._site.rules.period:
            self._known.doubt()
        seen = self._known.seen
        kept = {name: table for name, table in seen.tables.items() if name in self._place.tables}
        seen = replace(seen, tables=kept, unclear=frozenset(one for one in seen.unclear if one[0] in kept))
        for table_id in self._place.tables:
            if table_id not in seen.tables:
                seen = await look.table(self._site.send, self._site.rules, seen, table_id)
                self._known.looked_at = self._now()
        self._known.seen = seen

    def _is_seen(self) -> bool:
        return bool(self._place.tables) and all(one in self._known.seen.tables for one in self._place.tables)

    async def _decide(self) -> None:
        """Say what is wanted: with a look at the vSwitches before anything is written, at nodes before it is removed.

        The watch may be behind, and a route that a former leader wrote for a node that we have not heard of yet must
        not be taken for one that nobody needs.
        """
        self._want()
        if any(
            ground.verdict(wish).state is State.MISSING for ground in self._grounds() for wish in self._wanted.wishes
        ):
            await look_at_vswitches(self._site, self._place.vpc_id)
            self._place = replace(self._place, vswitches=self._known.vswitches)
            self._want()
        confirmed: set[str] = set()
        while names := self._doomed_nodes() - confirmed:
            for name, node in zip(sorted(names), await self._fetched(sorted(names)), strict=True):
                self._nodes.pop(name, None)
                self._nodes |= {name: node} if node is not None else {}
            confirmed |= names
            await self._identify()
            self._want()

    def _want(self) -> None:
        self._wanted = want(self._nodes.values(), self._known.verdicts(), self._site.rules, self._place)

    def _doomed_nodes(self) -> set[str]:
        """The names of the nodes whose entries are to be removed."""
        routes = doomed(self._wanted, self._known.seen, self._site.rules.cluster, self._now())
        return {owner.node for route in routes if (owner := read_mark(route.description)) and owner.node}

    async def _fetched(self, names: Iterable[str]) -> list[Node | None]:
        turns = asyncio.Semaphore(AT_ONCE)

        async def fetch(name: str) -> Node | None:
            async with turns:
                return await self._site.get(name)

        return await asyncio.gather(*map(fetch, names))

    async def _write(self) -> NotYet | None:
        """Write and look again until nothing is left to do now; gives what stopped it, if that passes by itself."""
        for _ in range(PASSES):
            trouble = await self._converge()
            unclear = unsettled(self._wanted, self._known.seen)
            if unclear:
                site = self._site
                self._known.seen = await look.spots(site.send, site.rules, self._known.seen, unclear)
            if trouble or not self._planned(self._known.seen).steps:
                return trouble
        return None

    async def _converge(self) -> NotYet | None:
        """Let known change with every answer, so that nothing of it is lost when a later call fails."""
        way = Way(self._planned, self._folded, self._stumbled, self._site.send)
        try:
            await converge(self._known.seen, way)
        except NotYet as trouble:
            return trouble
        except Refused:
            raise
        except BaseException:
            self._known.doubt()
            raise
        return None

    def _planned(self, seen: Seen) -> Plan:
        return plan(self._wanted, seen, self._site.rules, self._place, self._now())

    def _folded(self, seen: Seen, call: Call, reply: Reply) -> Seen:
        self._known.seen = fold(seen, call, reply, self._now())
        return self._known.seen

    def _stumbled(self, seen: Seen, call: Call, trouble: Trouble) -> Seen | None:
        taught = stumble(seen, call, trouble, self._now())
        self._known.seen = taught or seen
        return taught

    def _grounds(self) -> tuple[Ground, ...]:
        return grounds(self._wanted, self._known.seen, self._site.rules.cluster, self._now())

    def _standings(self) -> Mapping[str, Standing]:
        return standings(self._wanted, self._grounds())

    async def _publish(self, where: Mapping[str, Standing]) -> list[Trouble]:
        """Tell nodes where they stand; gives what went wrong with it."""
        turns = asyncio.Semaphore(AT_ONCE)

        async def tell(patch: Patch) -> Trouble | None:
            async with turns:
                try:
                    await self._site.patch(patch)
                except Stale:  # the node is gone or is another one: the watch will say so
                    return None
                except Trouble as trouble:
                    return trouble
            self._say(patch.name, where.get(patch.name))
            return None

        news = patches(self._nodes, self._wanted, where, self._site.today)
        return [trouble for trouble in await asyncio.gather(*map(tell, news)) if trouble is not None]

    def _say(self, name: str, standing: Standing | None) -> None:
        """The Event to what a node was told."""
        if standing is None:
            return
        cidrs = ", ".join(wish.cidr for wish in self._wanted.wishes if wish.node == name)
        if standing.routed:
            text = f"{cidrs} leads to this node in {', '.join(self._place.tables)}"
            self._site.tell(self._nodes[name], "Normal", "CreatedRoute", text)
        elif standing.problem:
            self._site.tell(self._nodes[name], "Warning", "CreateRouteFailed", standing.problem)

    def _fill(self, where: Mapping[str, Standing]) -> None:
        """Tell once, on a node that it concerns, that a table is full or will be."""
        waiting = sorted(name for name, one in where.items() if not one.routed and name in self._nodes)
        concerned = waiting or sorted(where.keys() & self._nodes.keys())
        for news in self._site.filling.update(self._known.seen.tables, where):
            log.warning("%s", news.text)
            if concerned:
                self._site.tell(self._nodes[concerned[-1]], "Warning", news.reason, news.text)

    async def _adopt(self) -> bool:
        """Mark entries of the incumbent that serve our nodes as ours; tells whether there are more of them."""
        found = unmarked(self._wanted, self._known.seen) if self._known.marks else ()
        calls = marking(found, self._site.rules, self._place)
        for route, call in zip(found, calls, strict=False):
            try:
                await self._site.send(call)
            except (Refused, Stale) as trouble:
                log.warning("%s; routes of the former controller stay when their nodes go", trouble)
                self._known.marks = False
                return False
            self._known.seen = marked(self._known.seen, route)
        return len(found) > len(calls)

    def _again(self, more: bool) -> float:
        """Seconds until the next turn."""
        now = self._now()
        due = self._known.looked_at + self._site.rules.period - now
        if unsettled(self._wanted, self._known.seen):
            due = min(due, self._known.next_poll())
        else:
            self._known.poll = FIRST_POLL
        unfinished = more or bool(self._planned(self._known.seen).steps)
        return max(0.0, min(due, self._known.again(now), SOON if unfinished else due))


def _unknown(node: Node) -> Standing:
    """Where a node stands while no table can be seen: as it was told last."""
    return Standing(unavailable(node).status == "False")
