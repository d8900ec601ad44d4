"""One turn of the story: look, remove and write, look again, tell the nodes."""

import logging
from collections.abc import Mapping
from dataclasses import replace

from yunqiao.cloud import vpc
from yunqiao.cloud.codes import about_the_question
from yunqiao.controllers.routes import look
from yunqiao.controllers.routes.claims import claim_of
from yunqiao.controllers.routes.judge import Ground, State, grounds
from yunqiao.controllers.routes.known import FIRST_POLL
from yunqiao.controllers.routes.place import find_place, look_at_vswitches
from yunqiao.controllers.routes.plan import doomed, marking, plan, unmarked, unsettled
from yunqiao.controllers.routes.publish import Standing, standings, unavailable
from yunqiao.controllers.routes.rules import Place
from yunqiao.controllers.routes.seen import Seen, fold, marked, stumble
from yunqiao.controllers.routes.site import Site
from yunqiao.controllers.routes.telling import fetched, measure, publish
from yunqiao.controllers.routes.want import Wanted, ranges_of, want
from yunqiao.engine.converge import Way, converge
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Lost, NotYet, Refused, Stale, Trouble
from yunqiao.model.route import read_mark
from yunqiao.model.step import Call, Plan, Reply

log = logging.getLogger(__name__)

FRESH = 300.0
"""Seconds for which an answer that another controller was given will do."""
LONGEST = 30.0
"""Seconds for which one turn writes."""
A_ROUND = 5
"""Batches that are sent before it is asked whether to go on."""
SOON = 1.0
"""Seconds until a turn that has left something to do begins anew."""


class Turn:
    """Goes from the nodes as they are now to what they are told. Raises Refused, NotYet, Stale, Lost."""

    def __init__(self, site: Site) -> None:
        self._site, self._known = site, site.known
        self._nodes: dict[str, Node] = {node.metadata.name: node for node in site.nodes()}
        self._place = Place("")
        self._wanted = Wanted()
        self._until = site.clock.now() + LONGEST
        self._judged: tuple[Seen, Wanted, tuple[Ground, ...]] | None = None

    async def work(self) -> float:
        """Do what can be done; seconds until there is more. What went wrong is raised when the rest is done."""
        self._known.prune(self._now())
        unasked = await self._identify()
        if not (self._site.rules.vpc_id or self._known.vpc_id or self._claims()):
            return self._site.rules.period  # no node is ours, and nothing says where anything of ours may be
        if unasked and not self._site.rules.vpc_id and not self._known.instances:
            raise unasked
        self._place = await find_place(self._site)
        await self._see()
        await self._decide()
        unwritten = await self._write()
        where = self._standings()
        measure(self._site, self._nodes, where)
        untold = await publish(self._site, self._nodes, self._wanted, where)
        for trouble in (unwritten, *untold, unasked):
            if trouble is not None:
                raise trouble
        return self._again(more=await self._adopt())

    async def complain(self, text: str) -> None:
        """Tell every node that has no route, or of which it is not known, why that is so."""
        known = self._standings() if self._is_seen() else {}
        where = {name: known.get(name) or _unknown(self._nodes[name]) for name in self._claims()}
        waiting = {name: Standing(False, one.problem or text) for name, one in where.items() if not one.routed}
        told = {name: one for name, one in waiting.items() if ranges_of(self._nodes[name])}
        await publish(self._site, self._nodes, self._wanted, told)

    def _now(self) -> float:
        return self._site.clock.now()

    def _claims(self) -> dict[str, str]:
        """The instances that nodes say they are, by the nodes' names."""
        found = {name: claim_of(node, self._site.rules.region) for name, node in self._nodes.items()}
        return {name: claim.id for name, claim in found.items() if claim is not None}

    async def _identify(self) -> Trouble | None:
        """Ask ECS for the instances that nodes claim to be, each once.

        Gives what went wrong if that passes by itself: nodes that are not known yet wait, and no others.
        """
        ids = frozenset(self._claims().values())
        self._known.keep_only(ids)
        unknown = self._known.unknown(ids, self._now())
        if not unknown:
            return None
        answers = await self._site.instances.find(unknown, self._now() - FRESH)
        wrong = {one: told for one, told in answers.items() if isinstance(told, Trouble)}
        self._known.learn({one: told for one, told in answers.items() if not isinstance(told, Trouble)}, self._now())
        self._known.learn({one: None for one, told in wrong.items() if about_the_question(told)}, self._now())
        troubles = [told for told in wrong.values() if not about_the_question(told)]
        for trouble in troubles:
            if not isinstance(trouble, NotYet | Lost):
                raise trouble
        return troubles[0] if troubles else None

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
        if any(verdict.state is State.MISSING for ground in self._grounds() for _, verdict in ground.verdicts):
            await look_at_vswitches(self._site, self._place.vpc_id)
            self._place = replace(self._place, vswitches=self._known.vswitches)
            self._want()
        confirmed: set[str] = set()
        while names := self._doomed_nodes() - confirmed:
            for name, node in (await fetched(self._site, names)).items():
                self._nodes.pop(name, None)
                self._nodes |= {name: node} if node is not None else {}
            confirmed |= names
            await self._identify()
            self._want()

    def _want(self) -> None:
        self._wanted = want(self._nodes.values(), self._known.verdicts(), self._site.rules, self._place)

    def _doomed_nodes(self) -> set[str]:
        """The names of the nodes whose entries are to be removed."""
        routes = doomed(self._grounds())
        return {owner.node for route in routes if (owner := read_mark(route.description)) and owner.node}

    async def _write(self) -> NotYet | None:
        """Write what is missing and look at what came of it; gives what stopped it, if that passes by itself."""
        trouble = await self._converge()
        unclear = unsettled(self._grounds(), self._known.seen)
        if unclear:
            site = self._site
            await self._known.pace.settle(site.clock)
            self._known.seen = await look.spots(site.send, site.rules, self._known.seen, unclear)
        return trouble

    async def _converge(self) -> NotYet | None:
        """Let known change with every answer, so that nothing of it is lost when a later call fails."""
        paced = self._known.pace.over(self._site.send, self._site.clock)
        way = Way(self._planned, self._folded, self._stumbled, paced)
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
        """Nothing more once this has taken long: nodes whose routes are there must not wait for all others."""
        if self._now() >= self._until:
            return Plan()
        whole = plan(self._grounds(seen), self._site.rules, self._place)
        return replace(whole, steps=whole.steps[:A_ROUND])

    def _folded(self, seen: Seen, call: Call, reply: Reply) -> Seen:
        for one in vpc.read_failed_routes(reply):
            log.warning("%s: %s to %s: %s: %s", call.action, one.cidr, one.next_hop, one.code, one.message)
        self._known.seen = fold(seen, call, reply, self._now())
        return self._known.seen

    def _stumbled(self, seen: Seen, call: Call, trouble: Trouble) -> Seen | None:
        taught = stumble(seen, call, trouble, self._now())
        self._known.seen = taught or seen
        return taught

    def _grounds(self, seen: Seen | None = None) -> tuple[Ground, ...]:
        """Every table as it stands; judged once for all who ask."""
        now = self._known.seen if seen is None else seen
        if self._judged is None or self._judged[0] is not now or self._judged[1] is not self._wanted:
            judged = grounds(self._wanted, now, self._site.rules.cluster, self._now())
            self._judged = (now, self._wanted, judged)
        return self._judged[2]

    def _standings(self) -> Mapping[str, Standing]:
        return standings(self._wanted, self._grounds())

    async def _adopt(self) -> bool:
        """Mark entries of the incumbent that serve our nodes as ours; tells whether there are more of them."""
        found = unmarked(self._grounds()) if self._known.marks else ()
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
        if unsettled(self._grounds(), self._known.seen):
            due = min(due, self._known.next_poll())
        else:
            self._known.poll = FIRST_POLL
        unfinished = more or bool(plan(self._grounds(), self._site.rules, self._place).steps)
        return max(0.0, min(due, self._known.again(now), SOON if unfinished else due))


def _unknown(node: Node) -> Standing:
    """Where a node stands while no table can be seen: as it was told last."""
    return Standing(unavailable(node).status == "False")
