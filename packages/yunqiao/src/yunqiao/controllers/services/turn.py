"""One turn of one Service, the same for every kind of load balancer: ask, look, want, plan, send, publish."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from msgspec import structs

from yunqiao.controllers.services import drift, gates, publish, record
from yunqiao.controllers.services.asked import Asked
from yunqiao.controllers.services.identity import Identity, has_finalizer, identity
from yunqiao.controllers.services.known import Known
from yunqiao.controllers.services.provider import Provider, provider_of
from yunqiao.controllers.services.record import Record
from yunqiao.controllers.services.sighting import Sighting
from yunqiao.controllers.services.site import Site
from yunqiao.controllers.services.triggers import key_of
from yunqiao.engine.converge import Outcome, Way, converge
from yunqiao.model.balancer import Absent, Balancer
from yunqiao.model.cluster import Ingress
from yunqiao.model.errors import NotYet, Refused, Stale, Trouble
from yunqiao.model.snapshot import Snapshot
from yunqiao.model.step import Call, Patch, Plan, Reply
from yunqiao.options.declare import Parsed

CONFLICT_AGAIN = 60.0
"""Seconds until a Service that somebody else stands in the way of (a port is held) is looked at again."""
UNPUBLISHED_AGAIN = 1.0
"""Seconds until the finalizer of a Service goes after its status: the first write changes what the second builds on."""


class Turn:
    """`ensure` when it wants a balancer, `clean` when it wants none any more.

    `due` is given when something was refused: in so many seconds backends that leave go on all the same.
    """

    def __init__(self, site: Site, snapshot: Snapshot, known: Known) -> None:
        self._site, self._snapshot, self._known = site, snapshot, known
        self._service = snapshot.service
        self._provider: Provider = provider_of(self._service)
        self._parsed = self._provider.options(record.asked(self._service.metadata.annotations))
        borrowed, shared = self._provider.borrowing(self._parsed.options)
        self._who = identity(self._service, site.rules.cluster, self._noted(), borrowed, shared)
        self._left: set[str] = set()
        self._unclear = False
        self._sighting = Sighting(site, self._service, self._provider, self._who, known)
        self.due: float | None = None

    async def ensure(self) -> float | None:
        """The Service wants a balancer."""
        _refuse(self._parsed)
        asked = await self._asked()
        seen = await self._sighting.seen(asked)
        if seen is None:
            return self._known.later(self._site.clock.now())
        seen = self._known.aged(seen, self._site.clock.now())
        asked = replace(asked, who=self._who.on(seen))
        wanted, drifted = self._wanted(asked, seen)
        seen = await self._sure(wanted, seen, asked.who)
        if self._plan(wanted, seen, asked.who).steps or (
            isinstance(seen, Balancer) and not has_finalizer(self._service)
        ):
            await self._claim(asked, wanted, seen)
        done = await self._converge(replace(asked.who, attempt=self._noted().attempt), wanted, seen)
        if done.plan.again_after is not None:
            self._known.remade = self._site.clock.now() if self._known.remade is None else self._known.remade
            return done.plan.again_after
        problems = (*map(str, self._parsed.problems), *done.plan.unfulfilled, *drifted)
        if isinstance(done.seen, Balancer):
            await self._publish(done, asked, wanted, problems)
        else:
            await self.complain(problems)
        for text in problems:
            self._tell("Warning", "SyncLoadBalancerFailed", text)
        for one in self._known.news(wanted.notices):
            self._tell(one.kind, one.reason, one.text)
        soon = (await self._open_gates(asked, done.seen), asked.found.again_after, done.plan.due)
        return min([self._until_next(done), *(one for one in soon if one is not None)])

    async def _sure(self, wanted: Balancer, seen: Balancer | Absent, who: Identity) -> Balancer | Absent:
        """What is there, with who is healthy where somebody waits to leave until that is known."""
        if isinstance(seen, Absent):
            return seen
        healthy = await self._provider.healthy(self._site.send, wanted, seen, who)
        return self._known.sure(seen, healthy, self._site.clock.now()) if healthy else seen

    async def _open_gates(self, asked: Asked[Any], seen: Balancer | Absent) -> float | None:
        """Tell pods that wait for their balancer; seconds until there is more to tell."""
        if not asked.found.gated or not isinstance(seen, Balancer):
            return None
        waits = self._provider.serving(asked, seen)
        try:
            return await gates.tell(asked, waits, self._site.patch, self._site.today())
        except Trouble as trouble:
            self._tell("Warning", "FailedUpdateReadinessGate", str(trouble))
            return gates.POLL

    def _until_next(self, done: Outcome[Balancer | Absent]) -> float:
        """Seconds; one that somebody else stands in the way of looks again soon, and is woken when that one goes."""
        key = key_of(self._service)
        if not done.plan.blocked:
            self._site.neighbours.content(key)
            due = self._known.due(self._site.clock.now())
            return min(due, CONFLICT_AGAIN) if self._unclear else due
        if isinstance(done.seen, Balancer):
            self._site.neighbours.waits(key, done.seen.id)
        self._known.verify_at = self._site.clock.now() + CONFLICT_AGAIN
        return CONFLICT_AGAIN

    def freed(self) -> set[str]:
        """The Services that waited for something that this turn has taken away."""
        key = key_of(self._service)
        return {other for one in self._left for other in self._site.neighbours.freed(one, by=key)}

    async def complain(self, problems: Sequence[str]) -> None:
        """Say on the Service itself what cannot be done, or that all is well again."""
        with contextlib.suppress(Stale):  # somebody else changed the object: it comes up again
            await self._patch(publish.complaint(self._service, problems, self._site.today()))

    async def fall_silent(self) -> None:
        """Nothing was ever made for it: what could not be is of no interest any more."""
        if not self._service.metadata.deletion_timestamp:
            await self._patch(publish.retract(self._service))

    async def clean(self) -> float | None:
        """The Service wants none any more, or is deleted."""
        seen = await self._sighting.going()
        kept = self._provider.keeps(self._parsed.options)
        done = await self._converge(self._who.on(seen), Absent(kept=kept), seen)
        if done.plan.unfulfilled:
            raise Refused("; ".join(done.plan.unfulfilled))
        if done.plan.again_after is not None:
            return done.plan.again_after
        borrowed = isinstance(done.seen, Balancer) and self._who.borrows(done.seen)
        if borrowed and (wait := self._known.doubtful(self._site.clock.now())):
            return wait
        if not self._service.metadata.deletion_timestamp and await self._patch(publish.unpublish(self._service)):
            return UNPUBLISHED_AGAIN
        await self._patch(publish.release(self._service))
        self._site.memory.forget(key_of(self._service))
        self._tell("Normal", "CleanLoadBalancer", "Clean load balancer")
        return None

    async def _asked(self) -> Asked[Any]:
        """The Service with all that had to be looked up for it."""
        asked = Asked(self._snapshot, self._parsed, self._who, self._site.rules, self._noted())
        needs = self._provider.needs(asked)
        self._known.found = await self._site.lookups.find(needs, self._known.found)
        return replace(asked, found=self._known.found)

    def _wanted(self, asked: Asked[Any], seen: Balancer | Absent) -> tuple[Balancer, Sequence[str]]:
        """What is wanted, without what somebody changed by hand and may keep so; and what to tell of that."""
        wanted = self._provider.want(asked)
        if isinstance(seen, Absent):
            return drift.missing(wanted, asked.noted, asked.rules.drift), ()
        if asked.noted.dirty:
            return wanted, ()
        return drift.spare(wanted, seen, asked.noted, asked.rules.drift)

    async def _converge(
        self, who: Identity, wanted: Balancer | Absent, seen: Balancer | Absent
    ) -> Outcome[Balancer | Absent]:
        """Only a clear answer is remembered: after any other trouble than "not yet", look again."""
        way = Way(
            plan=lambda now: self._plan(wanted, now, who),
            fold=lambda *args: self._known.folded(self._known.aged(self._provider.fold(*args), self._site.clock.now())),
            stumble=self._provider.stumble,
            send=lambda call: self._told(who, call),
        )
        try:
            return await converge(seen, way)
        except NotYet:
            raise
        except BaseException:
            self.due = self._due(wanted, who)
            self._known.doubt()
            raise

    def _due(self, wanted: Balancer | Absent, who: Identity) -> float | None:
        """Seconds until backends that leave go on, whatever else is refused meanwhile."""
        due = self._plan(wanted, self._known.seen, who).due if self._known.seen is not None else None
        return None if due == float("inf") else due

    def _plan(self, wanted: Balancer | Absent, seen: Balancer | Absent, who: Identity) -> Plan:
        return self._provider.plan(wanted, seen, who, self._site.clock.now())

    async def _told(self, who: Identity, call: Call) -> Reply:
        """Every call that changes something is an Event of the Service, in the words of its why."""
        if not self._sighting.looked:
            await self._provider.confirm(self._site.send, who, call)
        reply = await self._site.send(call)
        self._tell("Normal", call.action, call.why)
        if call.action.startswith(("DeleteLoadBalancer", "DeleteVServerGroup")):
            self._left.add(call.lane)
        return reply

    async def _claim(self, asked: Asked[Any], wanted: Balancer, seen: Balancer | Absent) -> None:
        """Our finalizer and a dirty note; making a balancer begins an attempt, or goes on with one.

        What is followed from now on is noted before it is, so that it can be taken back whatever happens.
        """
        noted = self._noted()
        dirty = record.claimed(noted, wanted, seen, self._provider.followed(asked))
        if isinstance(seen, Absent) and (not noted.dirty or self._known.is_hopeless(self._site.clock.now())):
            dirty, self._known.remade = structs.replace(dirty, attempt=self._site.nonce()), None
        if not has_finalizer(self._service) or noted != dirty:
            await self._patch(publish.claim(self._service, dirty))
            self._known.record = dirty

    async def _publish(
        self, done: Outcome[Balancer | Absent], asked: Asked[Any], wanted: Balancer, problems: Sequence[str]
    ) -> None:
        seen, clean = done.seen, self._noted()
        if not isinstance(seen, Balancer):
            return
        if not done.plan.unfulfilled:
            clean = self._applied(asked, wanted, seen, settled=done.plan.due is None)
        addresses = await self._addresses(seen)
        news = publish.News(seen.id, addresses, problems, self._site.today())
        published = await self._patch(publish.publish(self._service, news, self._noted(), clean))
        self._known.record = clean
        if published or done.calls:
            self._announce(seen, wanted)

    def _applied(self, asked: Asked[Any], wanted: Balancer, seen: Balancer, *, settled: bool) -> Record:
        """The note that all of this is done; its digests are of what will be wanted with that note.

        While backends are leaving there is none of them, so that a restart looks at what is left to be taken out.
        """
        clean = record.done(asked.noted, wanted, seen, self._provider.followed(asked))
        later = self._provider.want(replace(asked, noted=clean))
        backends = record.backends(later) if settled else ""
        return structs.replace(clean, applied=record.applied(later), backends=backends)

    async def _addresses(self, seen: Balancer) -> Sequence[Ingress]:
        """Where it is reached; what is published stays while that is not clear, and what is missing is asked again."""
        found, problem = await self._provider.addresses(self._site.send, self._parsed, seen)
        if problem:
            self._unclear = True
            self._tell("Warning", "FailedSetEIPAddress", problem)
        return found or self._service.status.load_balancer.ingress or (Ingress(ip=seen.address),)

    def _noted(self) -> Record:
        """The note as last written; the object at hand may be older than that."""
        return self._known.record or record.read(self._service)

    def _announce(self, seen: Balancer, wanted: Balancer) -> None:
        if any(group.is_empty for group in wanted.groups):
            self._tell("Normal", "UnAvailableLoadBalancer", "There are no available nodes for LoadBalancer")
        self._tell("Normal", "EnsuredLoadBalancer", f"Ensured load balancer [{seen.id}]")

    async def _patch(self, patch: Patch | None) -> bool:
        if patch is None:
            return False
        try:
            await self._site.patch(patch)
        except BaseException:
            self._known.record = None  # it may have taken effect: only the object itself knows now
            raise
        return True

    def _tell(self, kind: Literal["Normal", "Warning"], reason: str, text: str) -> None:
        self._site.tell(self._service, kind, reason, text)


def _refuse(parsed: Parsed[Any]) -> None:
    """Raise Refused with every problem when one of them makes the whole wish unclear."""
    if any(problem.blocks == "everything" for problem in parsed.problems):
        raise Refused("; ".join(map(str, parsed.problems)))
