"""What a turn of one Service would do, played through: the same story as in reconcile.py, with nothing written.

Reads are answered by the real cloud, writes by made-up answers that are folded as real ones are, so that the calls
come out as they would be sent, in order. What the cloud would refuse is not known before it is asked. Waits (a
backend that drains, a second look) pass at once, on a clock that runs ahead.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec

from yunqiao.cloud.place import Look
from yunqiao.cloud.place import nobody as no_nodes
from yunqiao.controllers.services import record
from yunqiao.controllers.services.effects import Change, Effect, changes, effect_of
from yunqiao.controllers.services.gates import Get, nobody
from yunqiao.controllers.services.identity import is_going
from yunqiao.controllers.services.imagined import Imagined, said
from yunqiao.controllers.services.known import Memory
from yunqiao.controllers.services.lookups import Lookups
from yunqiao.controllers.services.provider import PROVIDERS, provider_of
from yunqiao.controllers.services.publish import REFUSED
from yunqiao.controllers.services.reconcile import Services
from yunqiao.controllers.services.rules import Rules
from yunqiao.controllers.services.site import Site
from yunqiao.controllers.services.triggers import key_of
from yunqiao.model.balancer import Absent, Balancer
from yunqiao.model.clock import Clock
from yunqiao.model.cluster import Pod, Service, as_builtins
from yunqiao.model.errors import Refused, Trouble
from yunqiao.model.patching import patched
from yunqiao.model.snapshot import Snapshot
from yunqiao.model.step import Call, Patch, Reply, Send
from yunqiao.options.declare import PREFIXES, declared

SOON = 1800.0
"""Seconds: what comes up again earlier is part of the same change; later there is only the regular look."""
QUIET = 60.0
"""Seconds in which two turns or more had nothing new to say: then nothing follows."""
MOST_TURNS = 200


@dataclass(frozen=True, slots=True)
class Act:
    """One call that would be sent, what it changes, and the worst of what that does."""

    call: Call
    changes: tuple[Change, ...]
    effect: Effect


@dataclass(frozen=True, slots=True)
class Returned:
    """An annotation that had been followed and is gone, and what becomes of what it had set."""

    annotation: str
    text: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """All that would happen to one Service: calls and patches in order, and the wishes that cannot be fulfilled.

    `notes` are warnings that keep nothing from being done (a certificate that ends soon). `seen` is the balancer that
    is there before all of it, None where there is none or nobody could look. `trouble` is what kept it from being
    played to its end: a look that failed.
    """

    service: Service
    acts: tuple[Act, ...]
    patches: tuple[Patch, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    returned: tuple[Returned, ...]
    seen: Balancer | None = None
    trouble: Trouble | None = None

    @property
    def effect(self) -> Effect:
        """The worst of all calls."""
        return max((one.effect for one in self.acts), default=Effect.HARMLESS)


@dataclass(slots=True)
class Stage:
    """What the rehearsals of several Services share: the real cloud and pods to read from, and what was looked up.

    `judge` says which of a snapshot's nodes are what they claim to be, `doubts` why one is not, by its name; `look`
    says where the nodes are.
    """

    send: Send
    rules: Rules
    clock: Clock
    pod: Get = nobody
    judge: Callable[[Snapshot], Snapshot] = lambda snapshot: snapshot
    doubts: Mapping[str, str] = field(default_factory=dict)
    look: Look = no_nodes
    directories: dict[str, Any] = field(init=False)
    lookups: Lookups = field(init=False)

    def __post_init__(self) -> None:
        self.directories = {one.name: one.directory(self.send) for one in PROVIDERS}
        self.lookups = Lookups(self.send, self.rules, self.clock, _once(self.pod), look=self.look)


async def rehearse(snapshot: Snapshot, stage: Stage) -> Rehearsal:
    """Play one Service through to where only the regular look is left to do. Never raises a Trouble."""
    key, script, ahead = key_of(snapshot.service), _Script(stage.judge(snapshot), stage.send), _Ahead(stage.clock)
    services = Services(Site(
        script.snapshot, script.patch, script.send, script.tell, stage.rules, ahead, nonce=lambda: "rehearsed",
        memory=script.memory,
    ))  # fmt: skip
    services.site.directories, services.site.lookups = stage.directories, stage.lookups
    trouble: Trouble | None = None
    try:
        for _ in range(MOST_TURNS):
            again = await services.reconcile(key)
            script.believe()
            if script.is_over(ahead.skipped) or again is None or again > SOON:
                break
            ahead.skipped += again
    except Trouble as stopped:
        trouble = script.stopped(stopped)
    return script.told(trouble)


class _Script:
    """The Service, the cloud and the recorder of one rehearsal."""

    def __init__(self, snapshot: Snapshot, real: Send) -> None:
        self.memory = Memory()
        self._first = snapshot.service
        self._snapshot: Snapshot | None = snapshot
        self._imagined = Imagined(real)
        self._acts: list[Act] = []
        self._patches: list[Patch] = []
        self._problems: dict[str, None] = {}
        self._notes: dict[str, None] = {}
        self._turned = self._quiet = 0
        self._spoke = 0.0
        self._found: Balancer | None = None

    def snapshot(self, _: str) -> Snapshot | None:
        """The Service as it would be after the patches so far; None once it is gone."""
        return self._snapshot

    async def patch(self, patch: Patch) -> None:
        self._patches.append(patch)
        if self._snapshot is not None and patch.kind == "Service":
            plain = patched(as_builtins(self._snapshot.service), patch.body)
            service = msgspec.convert(plain, Service)
            gone = service.metadata.deletion_timestamp and not service.metadata.finalizers
            self._snapshot = None if gone else replace(self._snapshot, service=service)

    def tell(self, _: Service, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        if kind == "Warning":
            (self._problems if reason == REFUSED else self._notes)[message] = None

    async def send(self, call: Call) -> Reply:
        if not call.write:
            return await self._imagined.read(call)
        reply = self._imagined.answer(call)
        before = self._seen()
        self._found = self._found if self._acts else before
        after = provider_of(self._first).fold(before or Absent(), call, reply) if self._foldable(call, before) else None
        served = bool(self._first.status.load_balancer.ingress) or bool(record.read(self._first).balancer)
        found = changes(call, before, after if isinstance(after, Balancer) else None, served=served)
        self._acts.append(Act(call, found, effect_of(call, before, found)))
        return reply

    def _seen(self) -> Balancer | None:
        known = self.memory.services.get(key_of(self._first))
        return known.seen if known is not None else None

    def _foldable(self, call: Call, before: Balancer | None) -> bool:
        return before is not None or call.action == "CreateLoadBalancer"

    def believe(self) -> None:
        """Look no second time at what is known: the real cloud has heard of nothing that was played."""
        known = self.memory.services.get(key_of(self._first))
        if known is not None and self._acts:
            known.verify_at = float("inf")

    def is_over(self, skipped: float) -> bool:
        """Whether nothing new has been said for long enough; `skipped` is how far the clock has run ahead."""
        self._drop_repetitions()
        if len(self._acts) > self._turned:
            self._turned, self._spoke, self._quiet = len(self._acts), skipped, 0
            return False
        self._quiet += 1
        return self._quiet > 1 and skipped - self._spoke >= QUIET

    def _drop_repetitions(self) -> None:
        """A second look sees the real cloud, where nothing has been done; what an earlier turn said is done."""
        done = {said(one.call) for one in self._acts[: self._turned]}
        self._acts[self._turned :] = [one for one in self._acts[self._turned :] if said(one.call) not in done]

    def stopped(self, trouble: Trouble) -> Trouble | None:
        """What went wrong; a wish that cannot be followed is no failure of the rehearsal."""
        if isinstance(trouble, Refused) and trouble.fault is None:
            self._problems[str(trouble)] = None
            return None
        return trouble

    def told(self, trouble: Trouble | None) -> Rehearsal:
        self._drop_repetitions()
        return Rehearsal(
            self._first, tuple(self._acts), tuple(self._patches), tuple(self._problems), tuple(self._notes),
            tuple(_returned(self._first, self._acts)), self._found if self._acts else self._seen(), trouble,
        )  # fmt: skip


@dataclass(slots=True)
class _Ahead:
    """A clock that has skipped some seconds."""

    real: Clock
    skipped: float = 0.0

    def now(self) -> float:
        return self.real.now() + self.skipped

    async def sleep(self, seconds: float) -> None:
        await self.real.sleep(seconds)


def _once(pod: Get) -> Get:
    """Ask for each pod only once, as for all that is looked at."""
    found: dict[tuple[str, str], Pod | None] = {}

    async def get(namespace: str, name: str) -> Pod | None:
        if (namespace, name) not in found:
            found[namespace, name] = await pod(namespace, name)
        return found[namespace, name]

    return get


def _returned(service: Service, acts: list[Act]) -> Iterator[Returned]:
    """Of a Service that goes, everything goes; there is nothing to say of its annotations."""
    if is_going(service):
        return
    provider = provider_of(service)
    parsed = provider.options(record.asked(service.metadata.annotations))
    there = {*provider.given(parsed), *(problem.suffix for problem in parsed.problems)}
    gone = set(record.read(service).asked) - there
    for _, option in declared(type(parsed.options)):
        if option.suffix in gone:
            yield Returned(f"{PREFIXES[0]}{option.suffix}", _becomes(option.parameter, acts))


def _becomes(parameter: str, acts: list[Act]) -> str:
    if not parameter:
        return "counts no more"
    found = [one for act in acts for one in act.changes if one.field == parameter]
    back = sorted({f"{one.where}: {one.old or 'none'} -> {one.new or 'none'}" for one in found})
    return f"{parameter} goes back ({'; '.join(back)})" if back else f"{parameter} stays as it is"
