"""A clock that moves when a test says so: `clock.advance(30)` wakes every sleeper on the way, in order."""

import asyncio
import heapq
import itertools

import pytest


class VirtualClock:
    """A model.clock.Clock at 1,000 s; nothing ever sleeps for real."""

    def __init__(self) -> None:
        self.time = 1000.0
        self._numbers = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wake = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.time + seconds, next(self._numbers), wake))
        await wake

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass; whoever wakes on the way runs, and may sleep again, before time goes on."""
        end = self.time + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, wake = heapq.heappop(self._sleepers)
            self.time = max(self.time, due)  # a test may have set it ahead, as a machine that slept
            if not wake.done():
                wake.set_result(None)
                await self.settle()
        self.time = end
        await self.settle()

    async def settle(self) -> None:
        """Let every task run until it waits for something."""
        for _ in range(30):
            await asyncio.sleep(0)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()
