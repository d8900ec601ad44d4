"""A queue of keys and the one task that works it: the loop that every controller here is.

A key is in the queue once, however often it was added. Reconciling reads the current state, so nothing is lost by that.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from kubesim.objects import Key

log = logging.getLogger(__name__)

FIRST_RETRY, LONGEST_RETRY = 0.02, 30.0
"""Seconds to wait after a failure; doubled at each further one."""

Reconcile = Callable[[Key], Awaitable[float | None]]
"""Brings one object into line; returns the seconds after which to look again, or None."""


class Controller:
    """Calls `reconcile` for each key that was enqueued, one at a time."""

    def __init__(self, name: str, reconcile: Reconcile) -> None:
        """Name the controller for the log."""
        self._name = name
        self._reconcile = reconcile
        self._queue: dict[Key, None] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._failures: dict[Key, int] = {}
        self._work = asyncio.Event()

    def enqueue(self, key: Key, after: float = 0.0) -> None:
        """Have a key looked at, now or after some seconds; of two times the earlier counts."""
        if after <= 0:
            self._queue[key] = None
            self._work.set()
            return
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer is None or timer.when() > loop.time() + after:
            self._forget_timer(key)
            self._timers[key] = loop.call_later(after, self.enqueue, key)

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

    async def _work_on(self, key: Key) -> None:
        self._forget_timer(key)
        try:
            again = await self._reconcile(key)
        except Exception:
            again = self._backoff(key)
            log.exception("%s: %s failed, again in %.2f s", self._name, "/".join(filter(None, key)), again)
        else:
            self._failures.pop(key, None)
        if again is not None:
            self.enqueue(key, max(again, 0.001))

    def _backoff(self, key: Key) -> float:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        return float(min(FIRST_RETRY * 2**failures, LONGEST_RETRY))

    def _forget_timer(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer:
            timer.cancel()
