"""The story of one Service, the same for every kind of load balancer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from yunqiao.controllers.services import publish
from yunqiao.controllers.services.identity import Identity, has_finalizer, identity, is_going
from yunqiao.controllers.services.provider import Provider, provider_of
from yunqiao.controllers.services.rules import Rules
from yunqiao.engine.converge import Outcome, converge
from yunqiao.model.balancer import Absent, Balancer
from yunqiao.model.clock import Clock
from yunqiao.model.cluster import Service, Snapshot
from yunqiao.model.errors import Refused, Trouble
from yunqiao.model.step import Call, Patch, Reply, Send
from yunqiao.options.declare import Parsed

Tell = Callable[[Service, Literal["Normal", "Warning"], str, str], None]
"""Records an Event on a Service: type (Normal, Warning), reason, message."""


CONFLICT_AGAIN = 60.0
"""Seconds until a Service whose port is held by somebody else is looked at again."""
UNPUBLISHED_AGAIN = 1.0
"""Seconds until the finalizer of a Service goes after its status: the first write changes what the second builds on."""


@dataclass(slots=True)
class Services:
    """Everything the story needs, given from outside; `missing` remembers when a balancer was first not found."""

    snapshot: Callable[[str], Snapshot | None]
    patch: Callable[[Patch], Awaitable[None]]
    send: Send
    tell: Tell
    rules: Rules
    clock: Clock
    missing: dict[str, float] = field(default_factory=dict)

    async def reconcile(self, key: str) -> float | None:
        """Bring one Service's cloud things to where they should be; seconds until it should be looked at again."""
        snapshot = self.snapshot(key)
        if snapshot is None:
            return None
        if not is_going(snapshot.service):
            return await self._ensure(snapshot)
        return await self._clean(snapshot.service) if has_finalizer(snapshot.service) else None

    def report(self, key: str, trouble: Trouble) -> None:
        """Tell the Service's owner what went wrong."""
        snapshot = self.snapshot(key)
        if snapshot is not None:
            going = is_going(snapshot.service)
            reason = "CleanLoadBalancerFailed" if going else "SyncLoadBalancerFailed"
            self.tell(snapshot.service, "Warning", reason, str(trouble))

    async def _ensure(self, snapshot: Snapshot) -> float | None:
        service = snapshot.service
        provider, who = provider_of(service), identity(service, self.rules.cluster)
        parsed = provider.options(service.metadata.annotations)
        _refuse(parsed)
        await self._patch(publish.claim(service))
        seen = await provider.see(self.send, who)
        who = who.on(seen)
        wanted = provider.want(snapshot, parsed, who, self.rules)
        done = await self._converge(provider, service, who, wanted, seen)
        published = isinstance(done.seen, Balancer) and await self._patch(publish.publish(service, done.seen))
        if published or done.calls:
            self._announce(service, done.seen, wanted)
        for text in (*map(str, parsed.problems), *done.plan.problems):
            self.tell(service, "Warning", "SyncLoadBalancerFailed", text)
        return CONFLICT_AGAIN if done.plan.problems else done.plan.again_after

    async def _clean(self, service: Service) -> float | None:
        provider, who = provider_of(service), identity(service, self.rules.cluster)
        seen = self._stamped(who, await provider.see(self.send, who))
        done = await self._converge(provider, service, who.on(seen), Absent(), seen)
        if done.plan.problems:
            raise Refused("; ".join(done.plan.problems))
        if done.plan.again_after is not None:
            return done.plan.again_after
        if not service.metadata.deletion_timestamp and await self._patch(publish.unpublish(service)):
            return UNPUBLISHED_AGAIN
        await self._patch(publish.release(service))
        self.missing.pop(who.uid, None)
        self.tell(service, "Normal", "CleanLoadBalancer", "Clean load balancer")
        return None

    async def _converge(
        self, provider: Provider, service: Service, who: Identity, wanted: Balancer | Absent, seen: Balancer | Absent
    ) -> Outcome[Balancer | Absent]:
        """Every call that changes something is an Event of the Service, in the words of its why."""

        async def send(call: Call) -> Reply:
            reply = await self.send(call)
            self.tell(service, "Normal", call.action, call.why)
            return reply

        return await converge(seen, lambda now: provider.plan(wanted, now, who, self.clock.now()), provider.fold, send)

    async def _patch(self, patch: Patch | None) -> bool:
        if patch is not None:
            await self.patch(patch)
        return patch is not None

    def _stamped(self, who: Identity, seen: Balancer | Absent) -> Balancer | Absent:
        """What was not found, with the time when that was first noticed; a restart begins anew."""
        if isinstance(seen, Balancer):
            self.missing.pop(who.uid, None)
            return seen
        return Absent(self.missing.setdefault(who.uid, self.clock.now()))

    def _announce(self, service: Service, seen: Balancer | Absent, wanted: Balancer) -> None:
        if any(group.backends == () for group in wanted.groups):
            none = "There are no available nodes for LoadBalancer"
            self.tell(service, "Normal", "UnAvailableLoadBalancer", none)
        if isinstance(seen, Balancer):
            self.tell(service, "Normal", "EnsuredLoadBalancer", f"Ensured load balancer [{seen.id}]")


def _refuse(parsed: Parsed[Any]) -> None:
    """Raise Refused with every problem when one of them makes the whole wish unclear."""
    if any(problem.blocks == "everything" for problem in parsed.problems):
        raise Refused("; ".join(map(str, parsed.problems)))
