"""Ending what has been idle for too long, with one timer for all and none when there is nothing to watch."""

import asyncio
from typing import Protocol


class Expiring(Protocol):
    """Something that ends itself when it has been idle for too long."""

    def expire(self, now: float) -> None:
        """Look at the loop's time and end if it is due."""
        ...

    def end(self) -> None:
        """Break off; some turns of the loop later it has discarded itself."""
        ...


class Sweeper:
    """The open connections of one listener."""

    def __init__(self) -> None:
        self.members: set[Expiring] = set()
        self.period = 1.0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, member: Expiring) -> None:
        """Watch a connection; the timer runs while there is one."""
        self.members.add(member)
        if self._timer is None:
            self._schedule()

    def discard(self, member: Expiring) -> None:
        """Forget a connection that has ended."""
        self.members.discard(member)
        if not self.members:
            self.stop()

    async def end_all(self) -> None:
        """Break all connections off and see them gone."""
        while self.members:
            for member in list(self.members):
                member.end()
            await asyncio.sleep(0)

    def stop(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def allow(self, timeout: float) -> None:
        """Look often enough for a timeout of that many seconds: a tenth late at most, or a second."""
        self.period = max(0.02, min(1.0, timeout / 10))

    def _schedule(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self.period, self._sweep)

    def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        for member in list(self.members):
            member.expire(now)
        self._schedule()
