"""A whole yunsim beside a program that is not asynchronous: the server runs in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from yunsim.serving import serving
from yunsim.worldfile import WorldFile

Started = tuple[str, Callable[[], object]]
"""Where a server listens, and what stops it."""


@contextmanager
def running(file: WorldFile, *, strict: bool = False) -> Iterator[str]:
    """Serve a world on a free port of 127.0.0.1 until the block ends; gives the URL.

    Raises FileError when a product refuses the file.
    """
    started: Future[Started] = Future()
    thread = threading.Thread(target=_run, args=(file, strict, started), name="yunsim", daemon=True)
    thread.start()
    url, stop = started.result()
    try:
        yield url
    finally:
        stop()
        thread.join()


def _run(file: WorldFile, strict: bool, started: "Future[Started]") -> None:
    try:
        asyncio.run(_serve(file, strict, started))
    except Exception as error:
        if started.done():
            raise
        started.set_exception(error)


async def _serve(file: WorldFile, strict: bool, started: "Future[Started]") -> None:
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    async with serving(file, "127.0.0.1", 0, strict=strict) as server:
        started.set_result((server.url, lambda: loop.call_soon_threadsafe(stopped.set)))
        await stopped.wait()
