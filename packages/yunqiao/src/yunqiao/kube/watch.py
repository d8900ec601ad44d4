"""A cache kept true: list once, then follow the watch through every fault that a watch can have.

The server closing, a cut, a silent peer and a busy answer resume where the stream ended. A resourceVersion that is too
old (410, as an answer or in the stream) and a line that cannot be read list again and compare, so that no deletion is
missed and nothing unchanged is told twice. The watch protocol:
https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import aclosing
from typing import Generic, NoReturn

from yunqiao.kube.cache import Cache, Thing, key_of
from yunqiao.kube.decode import Unreadable
from yunqiao.model.clock import Clock
from yunqiao.model.errors import NotYet, Stale, Trouble
from yunqiao.model.kubernetes import Change, Kind, KubeSource

log = logging.getLogger(__name__)

FIRST_SECONDS = 0.8
MOST_SECONDS = 30.0
TOLD_AT_ONCE = 200
"""Changes of a listing that are told before others have their turn."""


class Backoff:
    """Delays that double from `first` to `most` seconds, each stretched by up to itself at random."""

    def __init__(self, jitter: Callable[[], float], first: float = FIRST_SECONDS, most: float = MOST_SECONDS) -> None:
        self._jitter, self._first, self._most = jitter, first, most
        self._next = first

    def delay(self) -> float:
        """Give the next delay in seconds."""
        delay, self._next = self._next, min(self._most, self._next * 2)
        return delay * (1 + self._jitter())

    def reset(self) -> None:
        """Start anew."""
        self._next = self._first


class Reflector(Generic[Thing]):
    """Keeps `cache` true to the API server while `run` runs, and tells `on_change` each change as (old, new).

    `has_synced` is set once everything that there was at the start is in the cache and has been told.
    """

    def __init__(
        self,
        source: KubeSource,
        kind: Kind[Thing],
        cache: Cache[Thing],
        on_change: Callable[[Thing | None, Thing | None], None],
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._source, self._kind, self._cache, self._on_change = source, kind, cache, on_change
        self._clock, self._backoff = clock, Backoff(jitter)
        self._version: str | None = None
        self.has_synced = asyncio.Event()

    async def run(self) -> NoReturn:
        """Never returns; whatever goes wrong with the API server is logged and tried again."""
        while True:
            started = self._clock.now()
            trouble = await self._once()
            if self._clock.now() - started > MOST_SECONDS:
                self._backoff.reset()
            elif trouble is None:  # a server that closes at once is not asked without end
                await self._clock.sleep(self._backoff.delay())
            if trouble is not None:
                await self._pause(trouble)

    async def _once(self) -> Trouble | None:
        """List when that is needed, and follow until the stream ends: of itself (None), or by what trouble."""
        try:
            if self._version is None:
                await self._list()
            await self._follow(self._version or "")
        except (Stale, Unreadable) as trouble:
            self._version = None
            return trouble
        except Trouble as trouble:
            return trouble
        return None

    async def _list(self) -> None:
        listing = await self._source.list(self._kind)
        for number, (old, new) in enumerate(self._cache.replace(listing.items)):
            self._tell(old, new)
            if number % TOLD_AT_ONCE == 0:
                await asyncio.sleep(0)  # everybody else's turn
        self._version = listing.resource_version
        self.has_synced.set()

    async def _follow(self, since: str) -> None:
        """Apply what comes until the server closes."""
        async with aclosing(self._source.watch(self._kind, since)) as changes:  # type: ignore[type-var]  # a generator
            async for change in changes:
                self._backoff.reset()
                self._apply(change)

    def _apply(self, change: Change[Thing]) -> None:
        thing = change.object
        if thing is not None and change.type == "DELETED":
            old = self._cache.remove(key_of(thing))
            if old is not None:
                self._tell(old, None)
        elif thing is not None:
            for old, new in self._cache.change(thing):
                self._tell(old, new)
        self._version = change.resource_version or self._version

    def _tell(self, old: Thing | None, new: Thing | None) -> None:
        try:
            self._on_change(old, new)
        except Exception:  # the cache must stay true whatever a listener does
            log.exception("a listener to %s failed", self._kind.plural)

    async def _pause(self, trouble: Trouble) -> None:
        delay = max(self._backoff.delay(), trouble.after if isinstance(trouble, NotYet) else 0.0)
        what = "listing again" if self._version is None else "going on"
        log.warning("following %s: %s; %s in %.1f s", self._kind.plural, trouble, what, delay)
        await self._clock.sleep(delay)
