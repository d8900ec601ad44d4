"""Be stopped in order: whoever asks a demo or a sandbox to end gets a clean end, once, however often they ask."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stopped(Exception):
    """The work was ended by a signal, and has cleaned up."""


async def until_stopped(work: Coroutine[Any, Any, T]) -> T:
    """Do the work; the first SIGTERM, Ctrl-C or closed terminal cancels it. Raises Stopped when that ended it."""
    task, asked = asyncio.create_task(work), asyncio.Event()

    def stop() -> None:
        if not asked.is_set():
            asked.set()
            task.cancel()

    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        return await task
    except asyncio.CancelledError:
        if asked.is_set():
            raise Stopped("stopped by a signal") from None
        raise
