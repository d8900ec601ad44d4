"""What users see in `kubectl describe`: Events, written in the background.

A repeated Event is one object whose count rises. Each object has a budget of Events (a burst, then one at a time), so
that a Service in trouble does not flood etcd; what is over the budget waits and is counted, it is not thrown away.
https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ (the core v1 form)
"""

import asyncio
import logging
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from yunqiao.model.clock import Clock
from yunqiao.model.cluster import ObjectReference, as_builtins
from yunqiao.model.errors import NotYet, Refused, Stale, Trouble
from yunqiao.model.step import Patch

log = logging.getLogger(__name__)

MESSAGE_BYTES = 1024
REMEMBERED = 4096
ATTEMPTS = 12


class Writer(Protocol):
    """What a Recorder needs of a KubeSource."""

    async def create(self, kind: str, namespace: str, body: Mapping[str, Any]) -> None:
        """Create an object."""
        ...

    async def patch(self, step: Patch) -> None:
        """Patch an object; Stale when it is gone."""
        ...


@dataclass(frozen=True, slots=True)
class _What:
    """Two Events with the same words about the same object are one."""

    about: ObjectReference
    type: str
    reason: str
    message: str


@dataclass(slots=True)
class _Told:
    """How often an Event has happened, and the object that says so once it is written."""

    first: str
    last: str
    count: int = 0
    name: str = ""
    written: bool = False
    failures: int = 0
    not_before: float = 0.0


@dataclass(slots=True)
class _Budget:
    left: float
    at: float


class Recorder:
    """Writes Events in the name of `component`; run `run` beside everything else, and `flush` before the process ends.

    An object may get `burst` Events at once, and one more every `refill` seconds.
    """

    def __init__(
        self,
        writer: Writer,
        component: str,
        clock: Clock,
        burst: int = 25,
        refill: float = 300.0,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._writer, self._component, self._clock, self._wall = writer, component, clock, wall
        self._burst, self._refill = burst, refill
        self._told: OrderedDict[_What, _Told] = OrderedDict()
        self._waiting: dict[_What, None] = {}
        self._budgets: dict[str, _Budget] = {}
        self._news = asyncio.Event()

    def record(self, about: ObjectReference, type_: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        """Note an Event; returns at once. The message is cut to 1 KiB of UTF-8."""
        now = self._wall().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        what = _What(about, type_, reason, _cut(message))
        told = self._told.setdefault(what, _Told(first=now, last=now))
        told.count, told.last = told.count + 1, now
        self._told.move_to_end(what)
        self._waiting[what] = None
        self._news.set()
        self._forget_old()

    async def run(self) -> None:
        """Write what is recorded, until cancelled."""
        while True:
            self._news.clear()
            for what in [what for what in self._waiting if self._may_go(what)]:
                await self._write(what)
            await self._rest()

    async def flush(self, seconds: float = 5.0) -> None:
        """Write everything that still waits, budgets or not, for at most `seconds`; call it when `run` has ended."""
        over = asyncio.ensure_future(self._clock.sleep(seconds))
        work = asyncio.ensure_future(self._write_all())
        await asyncio.wait({over, work}, return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        if self._waiting:
            log.warning("%d Events were not written", len(self._waiting))

    async def _write_all(self) -> None:
        while self._waiting:
            for what in list(self._waiting):
                await self._write(what)
            if self._waiting:
                await self._clock.sleep(0.5)

    async def _rest(self) -> None:
        """Until there is news; a while at most when something waits for its budget or another attempt."""
        waits = {asyncio.ensure_future(self._awaited_news())}
        if self._waiting:
            waits.add(asyncio.ensure_future(self._clock.sleep(1.0)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _awaited_news(self) -> None:
        await self._news.wait()

    def _may_go(self, what: _What) -> bool:
        """Whether it is time for it, and its object's budget allows it (which is then spent)."""
        now = self._clock.now()
        if now < self._told[what].not_before:
            return False
        budget = self._budgets.setdefault(_object(what.about), _Budget(float(self._burst), now))
        budget.left = min(float(self._burst), budget.left + (now - budget.at) / self._refill)
        budget.at = now
        if budget.left < 1:
            return False
        budget.left -= 1
        return True

    async def _write(self, what: _What) -> None:
        told = self._told.get(what)
        if told is None:
            return
        count = told.count
        try:
            await self._send(what, told)
        except Refused as refusal:
            log.warning("an Event was refused: %s", refusal)
            self._drop(what)
        except Trouble as trouble:
            self._fail(what, told, trouble)
        else:
            told.failures = 0
            if told.count == count:
                self._waiting.pop(what, None)

    async def _send(self, what: _What, told: _Told) -> None:
        if told.written:
            try:
                await self._writer.patch(_repeated(what, told))
                return
            except Stale:  # Events live for an hour
                told.name, told.written = "", False
        told.name = told.name or f"{what.about.name[:200]}.{uuid.uuid4().hex[:16]}"
        try:
            await self._writer.create("Event", _namespace(what.about), self._body(what, told))
        except Stale:  # made by an attempt whose answer was lost
            await self._writer.patch(_repeated(what, told))
        told.written = True

    def _body(self, what: _What, told: _Told) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": told.name, "namespace": _namespace(what.about)},
            "involvedObject": as_builtins(what.about),
            "type": what.type,
            "reason": what.reason,
            "message": what.message,
            "source": {"component": self._component},
            "reportingComponent": self._component,
            "firstTimestamp": told.first,
            "lastTimestamp": told.last,
            "count": told.count,
        }

    def _fail(self, what: _What, told: _Told, trouble: Trouble) -> None:
        told.failures += 1
        told.not_before = self._clock.now() + (trouble.after if isinstance(trouble, NotYet) else 2.0 * told.failures)
        if told.failures >= ATTEMPTS:
            log.warning("giving an Event up after %d attempts: %s", ATTEMPTS, trouble)
            self._drop(what)

    def _drop(self, what: _What) -> None:
        self._waiting.pop(what, None)
        self._told.pop(what, None)

    def _forget_old(self) -> None:
        """Bound the memory: the longest unheard Events go first, and budgets that are full again."""
        while len(self._told) > REMEMBERED:
            old, _ = self._told.popitem(last=False)
            if old in self._waiting:
                log.warning("too many Events wait, one is lost: %s %s", old.reason, _object(old.about))
                del self._waiting[old]
        if len(self._budgets) > REMEMBERED:
            full = self._clock.now() - self._burst * self._refill
            self._budgets = {key: budget for key, budget in self._budgets.items() if budget.at > full}


def _repeated(what: _What, told: _Told) -> Patch:
    body = {"count": told.count, "lastTimestamp": told.last}
    return Patch("Event", _namespace(what.about), told.name, body, why="an Event was repeated")


def _object(about: ObjectReference) -> str:
    return f"{about.kind} {about.namespace}/{about.name} {about.uid}"


def _namespace(about: ObjectReference) -> str:
    """Events about objects in no namespace live in `default`."""
    return about.namespace or "default"


def _cut(message: str) -> str:
    raw = message.encode()
    if len(raw) <= MESSAGE_BYTES:
        return message
    return raw[: MESSAGE_BYTES - 3].decode(errors="ignore") + "…"
