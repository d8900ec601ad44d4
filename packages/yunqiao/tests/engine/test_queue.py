import asyncio

import pytest

from yunqiao.engine.queue import PATIENCE, Queue


@pytest.fixture
def queue(clock):
    return Queue(clock, jitter=lambda: 0.0)


async def drained(queue, clock):
    """Every key that comes out now, in order."""
    keys = []
    while True:
        taker = asyncio.ensure_future(queue.get())
        await clock.settle()
        if not taker.done():
            taker.cancel()
            return keys
        keys.append(taker.result())


async def test_a_key_added_many_times_is_given_out_once(queue, clock):
    for _ in range(5):
        queue.add("a")
    queue.add("b")
    assert len(queue) == 2
    assert await drained(queue, clock) == ["a", "b"]


async def test_a_key_being_worked_on_is_remembered_and_not_given_out_twice(queue, clock):
    queue.add("a")
    assert await drained(queue, clock) == ["a"]
    queue.add("a")
    queue.add("a")
    assert await drained(queue, clock) == []
    assert len(queue) == 1
    queue.done("a")
    assert await drained(queue, clock) == ["a"]
    queue.done("a")
    assert await drained(queue, clock) == []
    assert len(queue) == 0


async def test_a_delayed_key_comes_out_when_its_time_has_come(queue, clock):
    queue.add("a", after=10)
    assert await drained(queue, clock) == []
    await clock.advance(9.9)
    assert await drained(queue, clock) == []
    await clock.advance(0.1)
    assert await drained(queue, clock) == ["a"]


async def test_the_earliest_of_several_wishes_holds(queue, clock):
    queue.add("late", after=10)
    queue.add("late", after=3)
    queue.add("soon", after=3)
    queue.add("soon", after=10)
    await clock.advance(3)
    assert await drained(queue, clock) == ["late", "soon"]
    for key in ("late", "soon"):
        queue.done(key)
    await clock.advance(100)
    assert await drained(queue, clock) == []


async def test_a_waiting_worker_wakes_for_a_delayed_key_and_for_an_earlier_one(queue, clock):
    queue.add("later", after=10)
    worker = asyncio.ensure_future(queue.get())
    await clock.advance(5)
    queue.add("now")
    await clock.settle()
    assert worker.result() == "now"
    other = asyncio.ensure_future(queue.get())
    await clock.advance(5)
    assert other.result() == "later"


async def test_urgent_keys_go_first(queue, clock):
    for key, priority in (("drift", 3), ("new", 2), ("dead backend", 0), ("backend", 1)):
        queue.add(key, priority=priority)
    assert await drained(queue, clock) == ["dead backend", "backend", "new", "drift"]


async def test_a_more_urgent_wish_moves_a_key_that_is_already_due(queue, clock):
    queue.add("first", priority=1)
    queue.add("second", priority=2)
    busy = asyncio.ensure_future(queue.get())
    await clock.settle()
    assert busy.result() == "first"
    queue.add("third", priority=1)
    queue.add("second", priority=0)
    assert await drained(queue, clock) == ["second", "third"]


async def test_a_stream_of_urgent_keys_does_not_starve_the_others(queue, clock):
    queue.add("drift", priority=1)
    taken = []
    while "drift" not in taken:
        queue.add(f"urgent {len(taken)}")
        taken.append(await queue.get())
        await clock.advance(1)
    assert PATIENCE <= len(taken) <= PATIENCE + 2


async def test_keys_of_one_priority_come_out_in_the_order_they_became_due(queue, clock):
    queue.add("c", after=3)
    queue.add("a", after=1)
    queue.add("b", after=2)
    await clock.advance(5)
    queue.add("d")
    assert await drained(queue, clock) == ["a", "b", "c", "d"]


async def test_backoff_doubles_from_five_seconds_to_five_minutes_and_starts_anew_when_forgotten(queue):
    assert [queue.retry("a") for _ in range(9)] == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert queue.retry("b") == 5
    queue.forget("a")
    assert queue.retry("a") == 5


async def test_backoff_is_stretched_by_jitter_within_its_bound(clock):
    queue = Queue(clock, jitter=lambda: 0.5, first=1.0, most=3.0)
    assert [queue.retry("a") for _ in range(3)] == [1.1, 2.2, 3.0]


async def test_a_retry_while_working_waits_for_its_backoff(queue, clock):
    queue.add("a")
    await queue.get()
    queue.retry("a")
    queue.done("a")
    assert await drained(queue, clock) == []
    await clock.advance(5)
    assert await drained(queue, clock) == ["a"]


async def test_a_change_during_backoff_is_worked_on_at_once(queue, clock):
    queue.retry("a")
    queue.add("a")
    assert await drained(queue, clock) == ["a"]


async def test_several_workers_share_the_keys(queue, clock):
    workers = [asyncio.ensure_future(queue.get()) for _ in range(3)]
    await clock.settle()
    for key in "abc":
        queue.add(key)
    await clock.settle()
    assert sorted(worker.result() for worker in workers) == ["a", "b", "c"]


async def test_a_cancelled_worker_takes_no_key_with_it(queue, clock):
    worker = asyncio.ensure_future(queue.get())
    await clock.settle()
    worker.cancel()
    queue.add("a")
    await clock.settle()
    assert await drained(queue, clock) == ["a"]
