"""Which machines are heard of: one with a network of its own only while its kubelet reaches the API server from there.

Like a kubelet that cannot post its status: the Node's conditions become Unknown after a while, and it is ready again
once it gets through (https://kubernetes.io/docs/concepts/architecture/nodes/#node-heartbeats).
"""

import asyncio
from collections.abc import Callable

from kubesim.hollow.homes import Home, Place, connected

EVERY = 0.5
"""Seconds between two attempts to get through, and until one has failed."""
MISSES = 4
"""Failures in a row after which a machine counts as silent (a real control plane waits for 50 seconds)."""


class Hearing:
    """Follows one machine; `heard` is told of a change: True when it gets through again, False when it is silent."""

    def __init__(self, home: Home, server: Place, heard: Callable[[bool], None]) -> None:
        """Take where the machine's sockets are made, and where the API server listens."""
        self._home = home
        self._server = server
        self._heard = heard

    async def run(self) -> None:
        """Try again and again until cancelled."""
        misses = 0
        while True:
            missed = not await self._gets_through()
            if missed and misses + 1 == MISSES:
                self._heard(False)
            elif not missed and misses >= MISSES:
                self._heard(True)
            misses = misses + 1 if missed else 0
            await asyncio.sleep(EVERY)

    async def _gets_through(self) -> bool:
        try:
            async with asyncio.timeout(EVERY):
                (await connected(self._home, self._server)).close()
        except (OSError, TimeoutError):
            return False
        return True
