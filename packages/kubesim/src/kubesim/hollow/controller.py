"""A queue of keys and the one task that works it: the loop that every controller here is.

A key is in the queue once, however often it was added. Reconciling reads the current state, so nothing is lost by that.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from kubesim.objects import Key

log = logging.getLogger(__name__)

FIRST_RETRY, LONGEST_RETRY = 0.02, 30.0
"""Seconds to wait after a failure; doubled at each further one."""

BURST = 0.01
"""Seconds to let changes settle where one write can take in many: a hundred pods are one look at their Service."""
WAITS_PER_WORK = 5.0
"""A controller that lets changes settle waits this many times as long as its last look took."""

Reconcile = Callable[[Key], Awaitable[float | None]]
"""Brings one object into line; returns the seconds after which to look again, or None."""


class Controller:
    """Calls `reconcile` for each key that was enqueued, one at a time."""

    def __init__(self, name: str, reconcile: Reconcile, *, settle: float = 0.0) -> None:
        """Name the controller for the log; `settle` is how long in seconds a key waits for more changes to come.

        Where looking takes long, the wait grows with it, so that a flood of changes does not become a flood of looks.
        """
        self._name = name
        self._settle = self._pause = settle
        self._reconcile = reconcile
        self._queue: dict[Key, None] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._failures: dict[Key, int] = {}
        self._work = asyncio.Event()

    def enqueue(self, key: Key, after: float | None = None) -> None:
        """Have a key looked at after some seconds (once it has settled, if None); of two times the earlier counts."""
        seconds = self._pause if after is None else after
        if seconds <= 0:
            self._add(key)
            return
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer is None or timer.when() > loop.time() + seconds:
            self._forget_timer(key)
            self._timers[key] = loop.call_later(seconds, self._add, key)

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            while True:
                await self._work.wait()
                while self._queue:
                    key = next(iter(self._queue))
                    del self._queue[key]
                    await self._work_on(key)
                    await asyncio.sleep(0)
                self._work.clear()
        finally:
            for key in list(self._timers):
                self._forget_timer(key)

    def _add(self, key: Key) -> None:
        self._queue[key] = None
        self._work.set()

    async def _work_on(self, key: Key) -> None:
        self._forget_timer(key)
        started = time.monotonic()
        try:
            again = await self._reconcile(key)
        except Exception:
            again = self._backoff(key)
            log.exception("%s: %s failed, again in %.2f s", self._name, "/".join(filter(None, key)), again)
        else:
            self._failures.pop(key, None)
        self._pause = self._settle and max(self._settle, WAITS_PER_WORK * (time.monotonic() - started))
        if again is not None:
            self.enqueue(key, max(again, 0.001))

    def _backoff(self, key: Key) -> float:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        return float(min(FIRST_RETRY * 2**failures, LONGEST_RETRY))

    def _forget_timer(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer:
            timer.cancel()
