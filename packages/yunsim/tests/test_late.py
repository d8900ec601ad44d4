"""Calls that come late are done once, in order, when their time has come."""

from datetime import UTC, datetime, timedelta

from yunsim.late import LateCalls

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def test_what_is_due_is_done_once_and_in_the_order_of_its_time():
    now, done = [NOON], []
    late = LateCalls(now=lambda: now[-1])
    late.add(20, lambda: done.append("second"))
    late.add(10, lambda: done.append("first"))
    late.catch_up()
    assert done == []
    now.append(NOON + timedelta(seconds=20))
    late.catch_up()
    late.catch_up()
    assert done == ["first", "second"]


async def test_what_is_forgotten_is_never_done():
    done: list[str] = []
    late = LateCalls(now=lambda: NOON)
    late.add(0, lambda: done.append("never"))
    late.forget()
    late.catch_up()
    assert done == []
