"""Calls that take effect after their sender has given up on them: what an old leader's last request may still do."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

_SLACK = 0.01
"""Seconds by which the event loop's clock and the world's may differ."""


@dataclass
class LateCalls:
    """Calls that wait for their time, told by the world's clock; each is done once, in the order of their times."""

    now: Callable[[], datetime]
    _waiting: list[tuple[datetime, Callable[[], None]]] = field(default_factory=list)

    def add(self, seconds: float, do: Callable[[], None]) -> None:
        """Let something be done in so many seconds, whether or not anybody calls by then."""
        self._waiting.append((self.now() + timedelta(seconds=seconds), do))
        self._waiting.sort(key=lambda waiting: waiting[0])
        asyncio.get_running_loop().call_later(seconds + _SLACK, self.catch_up)

    def catch_up(self) -> None:
        """Do what is due."""
        while self._waiting and self._waiting[0][0] <= self.now():
            _, do = self._waiting.pop(0)
            do()

    def forget(self) -> None:
        """Do nothing of what still waits."""
        self._waiting.clear()
