import asyncio
import logging
from contextlib import asynccontextmanager, suppress

from kubesim.hollow.controller import Controller

A, B = ("", "a"), ("", "b")


@asynccontextmanager
async def working(controller):
    task = asyncio.create_task(controller.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_key_that_is_added_often_is_looked_at_once():
    seen = []

    async def reconcile(key):
        seen.append(key)

    controller = Controller("test", reconcile)
    for key in (A, B, A, A):
        controller.enqueue(key)
    async with working(controller):
        await asyncio.sleep(0.01)
    assert seen == [A, B]


async def test_a_look_may_ask_for_another_one_later():
    seen = []

    async def reconcile(key):
        seen.append(key)
        return 0.01 if len(seen) < 3 else None

    controller = Controller("test", reconcile)
    controller.enqueue(A)
    async with working(controller):
        await asyncio.sleep(0.1)
    assert seen == [A] * 3


async def test_changes_that_settle_are_one_look():
    seen = []

    async def reconcile(key):
        seen.append(key)

    controller = Controller("test", reconcile, settle=0.02)
    async with working(controller):
        for _ in range(5):
            controller.enqueue(A)
            await asyncio.sleep(0.001)
        assert seen == []
        await asyncio.sleep(0.05)
    assert seen == [A]


async def test_a_failure_is_logged_and_tried_again(caplog):
    seen = []

    async def reconcile(key):
        seen.append(key)
        if len(seen) < 3:
            raise ValueError("not yet")

    controller = Controller("test", reconcile)
    controller.enqueue(("default", "a"))
    with caplog.at_level(logging.ERROR):
        async with working(controller):
            await asyncio.sleep(0.3)
    assert len(seen) == 3
    assert "test: default/a failed, again in 0.04 s" in caplog.text
