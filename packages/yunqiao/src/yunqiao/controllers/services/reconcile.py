"""The story of one Service, the same for every kind of load balancer."""

import dataclasses
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from msgspec.structs import replace

from yunqiao.controllers.services import publish, record
from yunqiao.controllers.services.identity import Identity, has_finalizer, identity, is_going
from yunqiao.controllers.services.known import Known, Memory
from yunqiao.controllers.services.provider import PROVIDERS, Provider, provider_of
from yunqiao.controllers.services.record import Record
from yunqiao.controllers.services.rules import Rules
from yunqiao.engine.converge import Outcome, Way, converge
from yunqiao.model.balancer import Absent, Balancer
from yunqiao.model.clock import Clock
from yunqiao.model.cluster import Service
from yunqiao.model.errors import NotYet, Refused, Trouble
from yunqiao.model.snapshot import Snapshot
from yunqiao.model.step import Call, Patch, Plan, Reply, Send
from yunqiao.options.declare import Parsed

Tell = Callable[[Service, Literal["Normal", "Warning"], str, str], None]
"""Records an Event on a Service: type (Normal, Warning), reason, message."""

CONFLICT_AGAIN = 60.0
"""Seconds until a Service whose port is held by somebody else is looked at again."""
UNPUBLISHED_AGAIN = 1.0
"""Seconds until the finalizer of a Service goes after its status: the first write changes what the second builds on."""


@dataclass(slots=True)
class Services:
    """Everything the story needs, given from outside.

    `trusts_records` says that no other controller has led since the notes on the Services were written; `nonce` gives
    a name for each attempt to make a balancer.
    """

    snapshot: Callable[[str], Snapshot | None]
    patch: Callable[[Patch], Awaitable[None]]
    send: Send
    tell: Tell
    rules: Rules
    clock: Clock
    trusts_records: bool = False
    nonce: Callable[[], str] = lambda: uuid.uuid4().hex[:8]
    memory: Memory = field(default_factory=Memory)
    directories: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.directories = {provider.name: provider.directory(self.send) for provider in PROVIDERS}

    async def reconcile(self, key: str) -> float | None:
        """Bring one Service's cloud things to where they should be; seconds until it should be looked at again."""
        snapshot = self.snapshot(key)
        if snapshot is None:
            self.memory.forget(key)
            return None
        service = snapshot.service
        work = _Work(self, service, self.memory.of(key, service.metadata.uid))
        if not is_going(service):
            return await work.ensure(snapshot)
        return await work.clean() if has_finalizer(service) else None

    def report(self, key: str, trouble: Trouble) -> None:
        """Tell the Service's owner what went wrong."""
        snapshot = self.snapshot(key)
        if snapshot is not None:
            going = is_going(snapshot.service)
            reason = "CleanLoadBalancerFailed" if going else "SyncLoadBalancerFailed"
            self.tell(snapshot.service, "Warning", reason, str(trouble))


class _Work:
    """One turn of one Service."""

    def __init__(self, services: Services, service: Service, known: Known) -> None:
        self._services, self._service, self._known = services, service, known
        self._provider: Provider = provider_of(service)
        self._who = identity(service, services.rules.cluster)

    async def ensure(self, snapshot: Snapshot) -> float | None:
        """The Service wants a balancer."""
        parsed = self._provider.options(record.asked(self._service.metadata.annotations))
        _refuse(parsed)
        seen = await self._seen(snapshot, parsed)
        if seen is None:
            return self._known.later(self._now())
        who = self._who.on(seen)
        wanted = self._provider.want(snapshot, parsed, who, self._services.rules)
        if self._plan(wanted, seen, who).steps or (isinstance(seen, Balancer) and not has_finalizer(self._service)):
            await self._claim(seen)
        done = await self._converge(dataclasses.replace(who, attempt=self._noted().attempt), wanted, seen)
        if done.plan.again_after is not None:
            self._known.remade = self._now() if self._known.remade is None else self._known.remade
            return done.plan.again_after
        if isinstance(done.seen, Balancer):
            await self._publish(done, wanted)
        for text in (*map(str, parsed.problems), *done.plan.problems):
            self._tell("Warning", "SyncLoadBalancerFailed", text)
        return CONFLICT_AGAIN if done.plan.problems else self._known.due(self._now())

    async def clean(self) -> float | None:
        """The Service wants none any more, or is deleted."""
        seen = self._known.seen or await self._found()
        kept = self._provider.keeps(self._provider.options(record.asked(self._service.metadata.annotations)).options)
        done = await self._converge(self._who.on(seen), Absent(kept=kept), seen)
        if done.plan.problems:
            raise Refused("; ".join(done.plan.problems))
        if done.plan.again_after is not None:
            return done.plan.again_after
        if not self._service.metadata.deletion_timestamp and await self._patch(publish.unpublish(self._service)):
            return UNPUBLISHED_AGAIN
        await self._patch(publish.release(self._service))
        self._services.memory.forget(f"{self._service.metadata.namespace}/{self._service.metadata.name}")
        self._tell("Normal", "CleanLoadBalancer", "Clean load balancer")
        return None

    async def _seen(self, snapshot: Snapshot, parsed: Parsed[Any]) -> Balancer | Absent | None:
        """What is there: as known, else as the listing of the start says, else by a look; None when that can wait."""
        if self._known.seen is not None and self._now() < self._known.verify_at:
            return self._known.seen
        if not await self._first_look():
            return await self._look(())
        listed = self._known.listed
        if len(listed) == 1 and self._as_noted(snapshot, parsed, listed[0]):
            return None
        if not listed and not has_finalizer(self._service):
            return Absent()
        return await self._look(listed)

    def _as_noted(self, snapshot: Snapshot, parsed: Parsed[Any], bare: Balancer) -> bool:
        """Whether the Service's note says that exactly what it wants now was applied to this balancer."""
        noted, who = record.read(self._service), self._who.on(bare)
        if not self._services.trusts_records or noted.dirty or noted.balancer != bare.id or parsed.problems:
            return False
        return noted.applied == record.applied(self._provider.want(snapshot, parsed, who, self._services.rules))

    async def _first_look(self) -> bool:
        """Whether this process meets the Service for the first time, and then what the listing of the start says."""
        listed = await self._services.directories[self._provider.name].first_look(self._who)
        if listed is not None:
            self._known.listed = listed
        return listed is not None

    async def _found(self) -> Balancer | Absent:
        await self._first_look()
        found = await self._provider.find(self._services.send, self._who, self._known.take_listed())
        return found if isinstance(found, Balancer) else self._known.looked(found, self._now())

    async def _look(self, listed: tuple[Balancer, ...]) -> Balancer | Absent:
        return self._known.looked(await self._provider.see(self._services.send, self._who, listed), self._now())

    async def _converge(
        self, who: Identity, wanted: Balancer | Absent, seen: Balancer | Absent
    ) -> Outcome[Balancer | Absent]:
        """Only a clear answer is remembered: after any other trouble than "not yet", look again."""
        way = Way(
            plan=lambda now: self._plan(wanted, now, who),
            fold=lambda *args: self._known.folded(self._provider.fold(*args)),
            stumble=self._provider.stumble,
            send=self._told,
        )
        try:
            return await converge(seen, way)
        except NotYet:
            raise
        except BaseException:
            self._known.seen = None
            raise

    def _plan(self, wanted: Balancer | Absent, seen: Balancer | Absent, who: Identity) -> Plan:
        return self._provider.plan(wanted, seen, who, self._now())

    async def _told(self, call: Call) -> Reply:
        """Every call that changes something is an Event of the Service, in the words of its why."""
        reply = await self._services.send(call)
        self._tell("Normal", call.action, call.why)
        return reply

    async def _claim(self, seen: Balancer | Absent) -> None:
        """Our finalizer and a dirty note; making a balancer begins an attempt, or goes on with one."""
        noted = self._noted()
        dirty = replace(noted, dirty=True)
        if isinstance(seen, Absent) and (not noted.dirty or self._known.is_hopeless(self._now())):
            dirty, self._known.remade = replace(dirty, attempt=self._services.nonce()), None
        if not has_finalizer(self._service) or noted != dirty:
            await self._patch(publish.claim(self._service, dirty))
            self._known.record = dirty

    async def _publish(self, done: Outcome[Balancer | Absent], wanted: Balancer) -> None:
        seen, clean = done.seen, self._noted()
        if not isinstance(seen, Balancer):
            return
        if not done.plan.problems:
            clean = Record(self._who.uid, balancer=seen.id, applied=record.applied(wanted))
        published = await self._patch(publish.publish(self._service, seen, wanted.hostname, self._noted(), clean))
        self._known.record = clean
        if published or done.calls:
            self._announce(seen, wanted)

    def _noted(self) -> Record:
        """The note as last written; the object at hand may be older than that."""
        return self._known.record or record.read(self._service)

    def _announce(self, seen: Balancer, wanted: Balancer) -> None:
        if any(group.backends == () for group in wanted.groups):
            self._tell("Normal", "UnAvailableLoadBalancer", "There are no available nodes for LoadBalancer")
        self._tell("Normal", "EnsuredLoadBalancer", f"Ensured load balancer [{seen.id}]")

    async def _patch(self, patch: Patch | None) -> bool:
        if patch is None:
            return False
        try:
            await self._services.patch(patch)
        except BaseException:
            self._known.record = None  # it may have taken effect: only the object itself knows now
            raise
        return True

    def _tell(self, kind: Literal["Normal", "Warning"], reason: str, text: str) -> None:
        self._services.tell(self._service, kind, reason, text)

    def _now(self) -> float:
        return self._services.clock.now()


def _refuse(parsed: Parsed[Any]) -> None:
    """Raise Refused with every problem when one of them makes the whole wish unclear."""
    if any(problem.blocks == "everything" for problem in parsed.problems):
        raise Refused("; ".join(map(str, parsed.problems)))
