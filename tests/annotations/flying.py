"""How can a test see what happens after ten minutes, with real sockets, at once? On a loop whose time can fly.

Time is real until a test asks for it to pass. While it flies, the loop jumps to its next timer whenever nobody has
anything to say: client, balancer and backends live in this one process, so a silence is one for all of them.
"""

import asyncio
import contextlib
import selectors
from collections.abc import Iterator

GRACE = 0.004
"""Seconds of silence before time jumps: what was written to a loopback socket has arrived long before."""


class FlyingLoop(asyncio.SelectorEventLoop):
    """An event loop that is `ahead` of the real time by that many seconds, and gets further ahead while it flies."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.flies = False
        self._waiting = _Selector(self)
        super().__init__(self._waiting)

    def time(self) -> float:
        return super().time() + self.ahead

    @property
    def sockets(self) -> int:
        """How many sockets are listened to or written to, without the loop's own."""
        return len(self._waiting.get_map()) - 1


class _Selector(selectors.DefaultSelector):
    """Waits as it is told, but while time flies not longer than a silence is."""

    def __init__(self, loop: FlyingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout=None):
        if not self._loop.flies or timeout is None or timeout <= GRACE:
            return super().select(timeout)
        events = super().select(GRACE)
        if not events:
            self._loop.ahead += timeout - GRACE
        return events


def _loop() -> FlyingLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, FlyingLoop)
    return loop


@contextlib.contextmanager
def flying(flies: bool = True) -> Iterator[None]:
    """Time flies here, or is real in the midst of where it flies."""
    loop = _loop()
    flew, loop.flies = loop.flies, flies
    try:
        yield
    finally:
        loop.flies = flew


async def elapse(seconds: float) -> None:
    """Let that much time pass, with all that is due in it."""
    with flying():
        await asyncio.sleep(seconds)


async def silence() -> None:
    """Wait until no socket is in use any more, and everybody has been told."""
    async with asyncio.timeout(5):
        while _loop().sockets:
            await asyncio.sleep(0.001)
    for _ in range(20):  # transports close some turns after they were told to
        await asyncio.sleep(0)
