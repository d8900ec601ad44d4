"""Signals end the work once, and let it clean up."""

import asyncio
import os
import signal

import pytest

from yunqiao.cli.sandboxed.stopping import SIGNALS, Stopped, until_stopped


async def test_work_that_ends_by_itself_gives_its_result() -> None:
    async def work() -> int:
        return 7

    assert await until_stopped(work()) == 7


@pytest.mark.parametrize("number", SIGNALS)
async def test_a_signal_ends_the_work_and_a_second_one_does_not_disturb_its_cleaning_up(number: signal.Signals) -> None:
    cleaned = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.sleep(30)
        finally:
            os.kill(os.getpid(), number)
            await asyncio.sleep(0.05)
            cleaned.append(True)

    with pytest.raises(Stopped):
        await until_stopped(work())
    assert cleaned == [True]


async def test_an_error_of_the_work_is_passed_on() -> None:
    async def work() -> None:
        raise ValueError("what went wrong")

    with pytest.raises(ValueError, match="what went wrong"):
        await until_stopped(work())
