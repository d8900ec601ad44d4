"""Like loop.py, for work that costs the cloud as little for a hundred keys as for one: keys that wait go together.

What went wrong with one key of a batch says nothing about the others: each has an outcome of its own, and the policy
of loop.py decides when each comes up again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from yunqiao.engine import loop
from yunqiao.engine.loop import Report
from yunqiao.engine.queue import Queue
from yunqiao.model.clock import Clock

Outcome = float | None | BaseException
"""The seconds after which a key should come up again, None for never, or what went wrong with it."""
Work = Callable[[Sequence[str]], Awaitable[Mapping[str, Outcome]]]
"""Works on keys together."""


@dataclass(frozen=True, slots=True)
class Batching:
    """At most `most` keys at once; the first waits up to `gather` seconds for others.

    While one worker gathers no other does, so that more workers do not make smaller batches.
    """

    most: int
    gather: float
    workers: int = 1


async def run(queue: Queue[str], work: Work, report: Report, batching: Batching, clock: Clock) -> None:
    """Work on batches until cancelled; a key is never worked on twice at once."""
    doubted: set[str] = set()
    gathering = asyncio.Lock()

    async def worker() -> None:
        while True:
            keys: list[str] = []
            try:
                async with gathering:
                    await _gather(queue, keys, batching, clock)
                await turn(queue, keys, work, report, doubted)
            finally:
                for key in keys:
                    queue.done(key)

    async with asyncio.TaskGroup() as tasks:
        for number in range(batching.workers):
            tasks.create_task(worker(), name=f"batches-{number}")


async def _gather(queue: Queue[str], keys: list[str], batching: Batching, clock: Clock) -> None:
    """Fill `keys`, which are the caller's to give back even if this is cancelled."""
    keys.append(await queue.get())
    keys += queue.due(batching.most - 1)
    if len(keys) < batching.most:
        await clock.sleep(batching.gather)
        keys += queue.due(batching.most - len(keys))


async def turn(queue: Queue[str], keys: Sequence[str], work: Work, report: Report, doubted: set[str]) -> None:
    """Work on keys once and put each back where its outcome says."""
    try:
        outcomes = await work(keys)
    except Exception as error:
        outcomes = dict.fromkeys(keys, error)
    for key in keys:
        await loop.turn(queue, key, _given(outcomes), report, doubted)


def _given(outcomes: Mapping[str, Outcome]) -> loop.Work:
    """The outcome of a key, as work on it alone would have ended."""

    async def give(key: str) -> float | None:
        outcome = outcomes.get(key)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return give
