"""Tokens per action: as many as the cloud documents, fewer when it complains, the urgent first; on a virtual clock."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunqiao.engine.limits import MARGIN, Bucket, Limits, Priority, Rate, documented

WRITE = ("slb", "CreateVServerGroup")


def queue(limits: Limits, count: int, priority: int = Priority.CREATE) -> list[asyncio.Task[None]]:
    async def turn() -> None:
        await limits.turn(*WRITE, priority)

    return [asyncio.create_task(turn()) for _ in range(count)]


def done(tasks: list[asyncio.Task[None]]) -> int:
    return sum(task.done() for task in tasks)


@pytest.mark.parametrize(
    ("product", "action", "rate"),
    [
        ("slb", "CreateLoadBalancer", Rate(90)),
        ("slb", "DescribeLoadBalancers", Rate(3000)),
        ("slb", "SetDomainExtensionAttribute", Rate(400)),
        ("nlb", "CreateServerGroup", Rate(200)),
        ("nlb", "ListListeners", Rate(20, 1.0)),
        ("nlb", "GetListenerHealthStatus", Rate(10, 1.0)),
        ("vpc", "CreateRouteEntries", Rate(300)),
        ("ecs", "DescribeInstances", Rate(1000)),
        ("cas", "Anything", Rate(60)),
    ],
)
def test_rates_are_the_documented_ones(product: str, action: str, rate: Rate) -> None:
    assert documented(product, action) == rate


async def test_a_windows_worth_goes_at_once_and_the_rest_a_window_later(clock: Any) -> None:
    tasks = queue(Limits(clock), 200)
    counts = []
    for _ in range(4):
        await clock.advance(0)
        counts.append(done(tasks))
        await clock.advance(60 + MARGIN)
    assert counts == [90, 180, 200, 200]


@given(st.integers(1, 5), st.lists(st.floats(0, 4), max_size=60))
def test_no_window_of_the_cloud_ever_sees_more_calls_than_it_allows(calls: int, pauses: list[float]) -> None:
    bucket, now = Bucket(Rate(calls, 10.0)), 0.0
    gone: list[float] = []
    for pause in pauses:
        now += pause
        now += bucket.wait(now)
        assert bucket.wait(now) < 1e-6
        bucket.spend(now)
        gone.append(now)
    for start in gone:
        assert sum(start <= each < start + 10.0 for each in gone) <= calls


async def test_the_urgent_go_first(clock: Any) -> None:
    limits = Limits(clock)
    queue(limits, 90)
    await clock.advance(0)
    looks = queue(limits, 60, Priority.LOOK)
    removals = queue(limits, 60, Priority.REMOVE_BACKENDS)
    await clock.advance(60 + MARGIN)
    assert (done(removals), done(looks)) == (60, 30)


async def test_actions_do_not_wait_for_each_other(clock: Any) -> None:
    limits = Limits(clock)
    tasks = queue(limits, 100)
    await limits.turn("slb", "DeleteVServerGroup")
    await clock.advance(0)
    assert done(tasks) == 90


async def test_throttling_halves_once_holds_and_recovers(clock: Any) -> None:
    limits = Limits(clock)
    limits.slow(*WRITE)
    limits.slow(*WRITE)  # was under way together with the first
    assert limits.allowed(*WRITE) == 45
    tasks = queue(limits, 100)
    await clock.advance(4.9)
    assert done(tasks) == 0
    await clock.advance(0.2)
    assert done(tasks) == 45
    await clock.advance(600)
    queue(limits, 1)
    await clock.advance(0)
    assert limits.allowed(*WRITE) == 90
    assert done(tasks) == 100


async def test_constant_throttling_still_lets_one_call_through(clock: Any) -> None:
    limits = Limits(clock)
    for _ in range(20):
        limits.slow(*WRITE, after=1.0)
        await clock.advance(1.1)
    assert limits.allowed(*WRITE) == 1


async def test_a_caller_that_gives_up_spends_nothing(clock: Any) -> None:
    limits = Limits(clock)
    queue(limits, 90)
    await clock.advance(0)
    quitters, patient = queue(limits, 50), queue(limits, 90)
    await clock.advance(1)
    for task in quitters:
        task.cancel()
    await clock.advance(60 + MARGIN)
    assert done(patient) == 90
