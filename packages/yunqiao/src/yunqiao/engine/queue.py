"""Which key is worked on next: one entry per key, with a delay, a backoff and a priority.

A key may be added any number of times, while it waits or while it is being worked on; it is given out once.
Priorities are a head start, not a wall: each level is worth PATIENCE seconds of waiting, so that a stream of
urgent keys delays the others and never starves them.
"""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from yunqiao.model.clock import Clock

K = TypeVar("K", bound=Hashable)

PATIENCE = 60.0
"""Seconds that a key of one priority waits before it goes ahead of a newcomer of the next more urgent priority."""


@dataclass(slots=True, order=True)
class _Entry(Generic[K]):
    """A key in one of the heaps; an entry that has been replaced is `stale` and skipped when it comes up."""

    rank: float
    number: int
    key: K = field(compare=False)
    due: float = field(compare=False)
    priority: int = field(compare=False)
    stale: bool = field(default=False, compare=False)


class Queue(Generic[K]):
    """Keys to work on.

    The backoff of a key starts at `first` seconds, doubles with each retry and ends at `most` seconds. `jitter` gives
    a number in [0, 1) per retry, by which the delay is stretched by up to a fifth, never beyond `most`.
    """

    def __init__(self, clock: Clock, jitter: Callable[[], float], first: float = 5.0, most: float = 300.0) -> None:
        self._clock, self._jitter, self._first, self._most = clock, jitter, first, most
        self._numbers = itertools.count()
        self._entries: dict[K, _Entry[K]] = {}
        self._delayed: list[_Entry[K]] = []
        self._ready: list[_Entry[K]] = []
        self._working: dict[K, tuple[float, int] | None] = {}
        self._failures: dict[K, int] = {}
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        """How many keys wait, those remembered while being worked on included."""
        return len(self._entries) + sum(again is not None for again in self._working.values())

    def add(self, key: K, priority: int = 0, after: float = 0.0) -> None:
        """Ask for `key` in `after` seconds. Of several wishes the earliest time and lowest priority hold."""
        wish = (self._clock.now() + max(0.0, after), priority)
        if key in self._working:
            self._working[key] = _sooner(self._working[key], wish)
        else:
            self._place(key, *wish)

    def retry(self, key: K, priority: int = 0) -> float:
        """Ask for `key` after its next backoff; gives the delay in seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        plain = self._first * 2.0 ** min(failures, 30)
        delay = min(self._most, plain * (1 + self._jitter() / 5))
        self.add(key, priority, delay)
        return delay

    def forget(self, key: K) -> None:
        """Start the backoff of `key` anew: its work ended well."""
        self._failures.pop(key, None)

    async def get(self) -> K:
        """Wait for the next key that is due; the caller owns it until `done`."""
        while (key := self._pop()) is None:
            self._changed.clear()
            await self._sleep()
        return key

    def due(self, most: int) -> list[K]:
        """Take up to `most` further keys that are due now, without waiting; the caller owns them until `done`."""
        keys: list[K] = []
        while len(keys) < most and (key := self._pop()) is not None:
            keys.append(key)
        return keys

    def done(self, key: K) -> None:
        """Give `key` back; when it was added meanwhile it queues up again."""
        again = self._working.pop(key, None)
        if again is not None:
            self._place(key, *again)

    def _place(self, key: K, due: float, priority: int) -> None:
        held = self._entries.get(key)
        if held is not None:
            due, priority = _sooner((held.due, held.priority), (due, priority))
            if (due, priority) == (held.due, held.priority):
                return
            held.stale = True
        entry = self._entries[key] = _Entry(due, next(self._numbers), key, due, priority)
        heapq.heappush(self._delayed, entry)
        self._changed.set()

    def _pop(self) -> K | None:
        self._promote()
        while self._ready:
            entry = heapq.heappop(self._ready)
            if not entry.stale:
                del self._entries[entry.key]
                self._working[entry.key] = None
                return entry.key
        return None

    def _promote(self) -> None:
        """Move what is due from the heap ordered by time to the heap ordered by rank."""
        now = self._clock.now()
        while self._delayed and (self._delayed[0].stale or self._delayed[0].due <= now):
            entry = heapq.heappop(self._delayed)
            if not entry.stale:
                entry.rank = entry.due + entry.priority * PATIENCE
                heapq.heappush(self._ready, entry)

    async def _sleep(self) -> None:
        """Until something is added or the first delayed entry is due."""
        waits = [asyncio.ensure_future(_ended(self._changed.wait()))]
        if self._delayed:
            waits.append(asyncio.ensure_future(self._clock.sleep(self._delayed[0].due - self._clock.now())))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


async def _ended(wait: Awaitable[object]) -> None:
    """Only that it ended, not what it gave."""
    await wait


def _sooner(one: tuple[float, int] | None, other: tuple[float, int]) -> tuple[float, int]:
    """The earlier time and the more urgent priority of two wishes."""
    return other if one is None else (min(one[0], other[0]), min(one[1], other[1]))
