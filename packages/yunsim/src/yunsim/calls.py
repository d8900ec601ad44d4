"""The one path that every call takes: journal, then who may call, then rates, then faults, then the action.

`Cloud.send` is for users in the same process, `Cloud.receive` for the wire; they differ in the signature alone.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from yunsim.access import Gate
from yunsim.dispatch import perform
from yunsim.errors import ApiError
from yunsim.faults import Fault, Faults, LostAnswerError, is_read
from yunsim.late import LateCalls
from yunsim.limits import Limits
from yunsim.products.sts.state import of as sts
from yunsim.wire import Call
from yunsim.world import World

SECRETS = frozenset({"AccessKeySecret", "OIDCToken", "Password", "PrivateKey", "SecurityToken", "UserData"})
"""Parameters whose values are never kept."""


@dataclass(slots=True)
class Entry:
    """One call of the journal: `outcome` is "ok", the error code, or "lost"; `ms` is how long the answer took.

    A late call is "lost" until it takes effect, then "late ok" or "late" with the error code.
    """

    number: int
    time: datetime
    product: str
    action: str
    params: dict[str, str]
    request_id: str
    caller: str = ""
    outcome: str = ""
    ms: float = 0.0


@dataclass
class Journal:
    """The calls so far, numbered from 1; the oldest are dropped beyond a hundred thousand."""

    entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=100_000))
    last: int = 0

    def begin(self, product: str, action: str, params: Mapping[str, str], request_id: str) -> Entry:
        """Write down a call that has come in."""
        self.last += 1
        kept = {name: "***" if name.rpartition(".")[2] in SECRETS else value for name, value in params.items()}
        entry = Entry(self.last, datetime.now(UTC), product, action, kept, request_id)
        self.entries.append(entry)
        return entry

    def since(self, number: int) -> list[Entry]:
        """Return the calls after the one with that number."""
        return [entry for entry in self.entries if entry.number > number]


@dataclass
class Cloud:
    """A world as its API: `latency` seconds pass before each call is done; `sleep` is how seconds pass."""

    world: World
    limits: Limits = field(default_factory=Limits)
    faults: Faults = field(default_factory=Faults)
    journal: Journal = field(default_factory=Journal)
    latency: float = 0.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def __post_init__(self) -> None:
        self._gate = Gate(lambda key_id: sts(self.world).key(key_id), now=lambda: self.world.clock.now())
        self.late = LateCalls(now=lambda: self.world.clock.now())
        self.world.later = self.late.add

    async def send(self, product: str, action: str, params: Mapping[str, str]) -> dict[str, Any]:
        """Make a call in process and return the body of its answer.

        Raises ApiError with what the cloud would answer instead, LostAnswerError when the answer gets lost.
        """
        return await self._journalled(Call(product.lower(), action, params, None), new_request_id(), lambda: "")

    async def receive(self, call: Call, request_id: str) -> dict[str, Any]:
        """Do a call that came over the wire, its signature verified. Raises as `send`, and what `Gate.admit` raises."""
        return await self._journalled(call, request_id, lambda: self._gate.admit(call))

    async def _journalled(self, call: Call, request_id: str, admit: Callable[[], str]) -> dict[str, Any]:
        entry = self.journal.begin(call.product, call.action, call.params, request_id)
        started = time.perf_counter()
        try:
            entry.caller = admit()
            body = await self._answer(call, entry)
            entry.outcome = "ok"
        except ApiError as error:
            entry.outcome = error.code or str(error.status)
            raise
        except LostAnswerError:
            entry.outcome = "lost"
            raise
        except Exception:
            entry.outcome = "InternalError"
            raise
        finally:
            entry.ms = round((time.perf_counter() - started) * 1000, 3)
        return {"RequestId": request_id} | body

    async def _answer(self, call: Call, entry: Entry) -> dict[str, Any]:
        self.late.catch_up()
        self.limits.take(call.product, call.action, self.world.clock.now())
        struck = self.faults.struck(call.product, call.action, call.params)
        await self._wait(struck)
        for fault in struck:
            if fault.kind == "lost_before":
                raise LostAnswerError
            if (answer := fault.answer(call.product, call.action)) is not None:
                raise answer
            if fault.kind == "late":
                self.late.add(fault.seconds, partial(self._done_late, call, entry))
                raise LostAnswerError
        body = self._done(call, entry.caller, struck)
        if any(fault.kind == "lost_after" for fault in struck):
            raise LostAnswerError
        return body

    async def _wait(self, struck: list[Fault]) -> None:
        seconds = self.latency + sum(fault.seconds for fault in struck if fault.kind == "slow")
        if seconds:
            await self.sleep(seconds)

    def _done_late(self, call: Call, entry: Entry) -> None:
        try:
            self._done(call, entry.caller, [])
            entry.outcome = "late ok"
        except ApiError as refused:
            entry.outcome = f"late {refused.code}"

    def _done(self, call: Call, caller: str, struck: list[Fault]) -> dict[str, Any]:
        params = {"AccessKeyId": caller, **call.params}
        if not is_read(call.action):
            self.faults.remember(self.world)
            return perform(self.world, call.product, call.action, params)
        stale = next((fault for fault in struck if fault.kind == "stale"), None)
        world = self.faults.earlier(self.world, stale) if stale else self.world
        return perform(world, call.product, call.action, params)


def new_request_id() -> str:
    """Make a RequestId in the cloud's style."""
    return str(uuid4()).upper()
