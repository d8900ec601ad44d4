"""Opening a connection to a backend on behalf of a client."""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from yunsim.dataplane.pool import Pool, Target

log = logging.getLogger(__name__)

CONNECT_TIMEOUT = 5.0
"""Seconds a backend has to accept a connection."""

Side = TypeVar("Side", bound=asyncio.Protocol)


async def dial(
    pool: Pool, protocol: Callable[[], Side], first: Target | None = None, client: bytes = b""
) -> tuple[Target, Side] | None:
    """Connect to `first` or the target whose turn it is; its `active` count then includes the connection.

    `client` is what is hashed of the client, where the scheduler does.

    The cloud's layer 4 passes the client's SYN through, so a refusal reaches the client, whose next attempt goes
    elsewhere. A proxy has already accepted the client: it tries each other backend once; None means nobody took it.
    """
    tried: set[Target] = set()
    while target := first or await pool.wait(tried, CONNECT_TIMEOUT, client):
        first = None
        tried.add(target)
        target.active += 1
        try:
            return target, await _connect(target, protocol)
        except OSError as error:
            target.active -= 1
            log.info("Backend %s:%d refused a connection: %s", target.backend.address, target.backend.port, error)
        except BaseException:
            target.active -= 1
            raise
    return None


async def _connect(target: Target, protocol: Callable[[], Side]) -> Side:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(CONNECT_TIMEOUT):
        return (await loop.create_connection(protocol, target.backend.address, target.backend.port))[1]
