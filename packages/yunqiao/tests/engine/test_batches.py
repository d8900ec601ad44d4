"""Keys that wait go together, and each has an outcome of its own."""

import asyncio
from typing import Any

import pytest

from yunqiao.engine import batches
from yunqiao.engine.batches import Batching
from yunqiao.engine.queue import Queue
from yunqiao.model.errors import Lost, NotYet, Refused


class Work:
    """Remembers each batch; `ends` says how a key's work ends."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.ends: dict[str, Any] = {}
        self.told: list[str] = []

    async def work(self, keys: Any) -> dict[str, Any]:
        self.batches.append(list(keys))
        return {key: self.ends.get(key) for key in keys}

    def report(self, key: str, _: Exception) -> None:
        self.told.append(key)


@pytest.fixture
def queue(clock: Any) -> Queue[str]:
    return Queue(clock, lambda: 0.0, first=1.0)


async def run(clock: Any, queue: Queue[str], work: Work, seconds: float, batching: Batching) -> None:
    task = asyncio.create_task(batches.run(queue, work.work, work.report, batching, clock))
    await clock.advance(seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_comes_within_the_time_of_gathering_goes_together(clock: Any, queue: Queue[str]) -> None:
    work = Work()
    queue.add("a")
    queue.add("b", after=0.5)
    queue.add("c", after=5)
    await run(clock, queue, work, 10, Batching(100, 1.0))
    assert work.batches == [["a", "b"], ["c"]]


async def test_a_full_batch_does_not_wait(clock: Any, queue: Queue[str]) -> None:
    work = Work()
    for number in range(5):
        queue.add(f"k{number}")
    await run(clock, queue, work, 0.5, Batching(2, 1.0))
    assert work.batches == [["k0", "k1"], ["k2", "k3"]]


async def test_more_workers_make_no_smaller_batches(clock: Any, queue: Queue[str]) -> None:
    work = Work()
    for number in range(6):
        queue.add(f"k{number}", after=number * 0.1)
    await run(clock, queue, work, 5, Batching(100, 1.0, 3))
    assert work.batches == [["k0", "k1", "k2", "k3", "k4", "k5"]]


async def test_a_batch_that_takes_long_keeps_no_other_waiting(clock: Any, queue: Queue[str]) -> None:
    work = Work()
    quick = work.work

    async def slow(keys: Any) -> dict[str, Any]:
        ends = await quick(keys)
        if "slow" in keys:
            await clock.sleep(60)
        return ends

    work.work = slow  # type: ignore[method-assign]  # this one test has work that takes long
    queue.add("slow")
    queue.add("quick", after=5)
    await run(clock, queue, work, 10, Batching(100, 1.0, 2))
    assert work.batches == [["slow"], ["quick"]]


async def test_each_key_comes_up_again_as_its_own_outcome_says(clock: Any, queue: Queue[str]) -> None:
    work = Work()
    work.ends = {"fine": None, "later": 30.0, "busy": NotYet("wait", 3.0), "lost": Lost("?"), "no": Refused("no")}
    for key in work.ends:
        queue.add(key)
    await run(clock, queue, work, 10, Batching(100, 0.0))
    again = [key for batch in work.batches[1:] for key in batch]
    assert set(again) == {"busy", "lost"}
    assert set(work.told) == {"lost", "no"}


async def test_a_bug_is_every_keys_and_none_is_lost(clock: Any, queue: Queue[str]) -> None:
    work = Work()

    async def broken(keys: Any) -> dict[str, Any]:
        work.batches.append(list(keys))
        raise ZeroDivisionError

    work.work = broken  # type: ignore[method-assign]  # this one test has work that fails as a whole
    queue.add("a")
    queue.add("b")
    await run(clock, queue, work, 1.5, Batching(100, 0.0))
    assert work.batches == [["a", "b"], ["a", "b"]]
