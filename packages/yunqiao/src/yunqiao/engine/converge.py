"""Do what can be done now, look again, until nothing is left to do: an empty plan is the definition of done.

The calls of one round run side by side, but those of one lane one after another, since the cloud takes one write at a
time there. What each answer proves is folded into what was seen, so the next round needs no look.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from yunqiao.model.errors import Trouble
from yunqiao.model.step import Call, Plan, Reply, Send

S = TypeVar("S")

MOST_ROUNDS = 100
"""More rounds than any wish needs: a plan that never ends is a bug, and must not become a stream of calls."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[S]):
    """Where it ended: what is there now, the last (empty) plan, and how many calls it took."""

    seen: S
    plan: Plan
    calls: int


@dataclass(frozen=True, slots=True)
class Way(Generic[S]):
    """How to go: `fold` gives what is there after an answer; `stumble` what a refusal teaches, None where nothing."""

    plan: Callable[[S], Plan]
    fold: Callable[[S, Call, Reply], S]
    stumble: Callable[[S, Call, Trouble], S | None]
    send: Send


async def converge(seen: S, way: Way[S]) -> Outcome[S]:
    """Plan and send until the plan is empty. Raises what a call raised, after the round's other lanes have ended."""
    progress = _Progress(seen, way)
    for _ in range(MOST_ROUNDS):
        planned = way.plan(progress.seen)
        if not planned.steps:
            return Outcome(progress.seen, planned, progress.calls)
        await progress.round(planned.steps)
    raise RuntimeError(f"not done after {MOST_ROUNDS} rounds; next would be {planned.steps[0].why}")


class _Progress(Generic[S]):
    """What is known so far, while calls are under way."""

    def __init__(self, seen: S, way: Way[S]) -> None:
        self.seen = seen
        self.calls = 0
        self._way = way

    async def round(self, steps: Iterable[Call]) -> None:
        lanes: dict[str, list[Call]] = {}
        for step in steps:
            lanes.setdefault(step.lane, []).append(step)
        await _all(self._lane(lane) for lane in lanes.values())

    async def _lane(self, steps: list[Call]) -> None:
        for step in steps:
            if not await self._step(step):
                return  # what was learnt may change what comes next

    async def _step(self, step: Call) -> bool:
        """Whether it went as planned; raises when it did not and there is no other way."""
        self.calls += 1
        try:
            reply = await self._way.send(step)
        except Trouble as trouble:
            taught = self._way.stumble(self.seen, step, trouble)
            if taught is None:
                raise
            self.seen = taught
            return False
        self.seen = self._way.fold(self.seen, step, reply)
        return True


async def _all(work: Iterable[Awaitable[None]]) -> None:
    """Wait for every one of them, then raise the first thing that went wrong."""
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
