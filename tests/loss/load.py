"""Requests through a balancer at an even rate, and a record of each one that failed.

The pace is open: requests leave on time whatever became of those before them, so a balancer that stands still for a
second fails a second's worth of requests and not one. Half of them have a connection of their own, the others share
kept ones that are used in turn.
"""

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Literal

Way = Literal["fresh", "kept"]
REQUEST = b"GET / HTTP/1.1\r\nHost: loss\r\nConnection: %s\r\n\r\n"
PATIENCE = 4.0
"""Seconds after which a client gives up."""
MOST_KEPT = 8
"""Kept connections: few enough for each to be used several times a second."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A request without a whole good answer; `at` is when it was sent, in seconds since the load began."""

    at: float
    way: Way
    kind: str


@dataclass(slots=True)
class Connection:
    """One connection of a client."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    used: bool = False

    async def ask(self, way: Way) -> tuple[str, bool]:
        """The name of the pod that answered, and whether the connection may be used again."""
        self.writer.write(REQUEST % (b"keep-alive" if way == "kept" else b"close"))
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        if " 200 " not in head.partition("\r\n")[0]:
            raise ValueError(head.partition("\r\n")[0])
        body = await self.reader.readexactly(int(head.partition("content-length: ")[2].partition("\r\n")[0]))
        self.used = True
        return body.decode().split()[0], "connection: close" not in head


@dataclass(slots=True)
class Load:
    """Runs from `async with` to its end, then every request has been answered or has failed.

    `repeated` counts what a client may send again by itself: a request on a kept connection that the server had closed
    in the meantime, in good order and without a byte of an answer (RFC 9112, section 9.3.1).
    """

    address: str
    port: int
    per_second: int = 120
    failures: list[Failure] = field(default_factory=list)
    pods: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    repeated: int = 0
    _kept: deque[Connection] = field(default_factory=deque)
    _began: float = 0.0
    _ends: float = float("inf")
    _pacing: asyncio.Task[None] | None = None

    @property
    def now(self) -> float:
        """Seconds since it began."""
        return asyncio.get_running_loop().time() - self._began

    @property
    def pace(self) -> float:
        """Requests a second, from its beginning to its end."""
        return self.sent / self._ends

    @property
    def began(self) -> float:
        """When it began, on the monotonic clock."""
        return self._began

    async def __aenter__(self) -> "Load":
        self._began = asyncio.get_running_loop().time()
        self._pacing = asyncio.create_task(self._pace())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ends = self.now
        if self._pacing is not None:
            await self._pacing
        for connection in self._kept:
            connection.writer.close()

    async def _pace(self) -> None:
        """Send what is due, late if it must be, until the end; then wait for every answer."""
        async with asyncio.TaskGroup() as under_way:
            while (due := self.sent / self.per_second) < self._ends:
                await asyncio.sleep(due - self.now)
                under_way.create_task(self._request("kept" if self.sent % 2 else "fresh"))
                self.sent += 1

    async def _request(self, way: Way) -> None:
        at = self.now
        try:
            async with asyncio.timeout(PATIENCE):
                self.pods[await self._answer(way)] += 1
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            self.failures.append(Failure(round(at, 3), way, str(error) or type(error).__name__))

    async def _answer(self, way: Way) -> str:
        connection = await self._connection(way)
        try:
            pod, again = await connection.ask(way)
        except asyncio.IncompleteReadError as cut:
            connection.writer.close()
            if not connection.used or cut.partial:
                raise
            self.repeated += 1
            return await self._answer(way)
        except BaseException:
            connection.writer.close()
            raise
        if way == "kept" and again and len(self._kept) < MOST_KEPT:
            self._kept.append(connection)
        else:
            connection.writer.close()
        return pod

    async def _connection(self, way: Way) -> Connection:
        while way == "kept" and self._kept:
            connection = self._kept.popleft()
            if not connection.reader.at_eof():
                return connection
            connection.writer.close()
        return Connection(*await asyncio.open_connection(self.address, self.port))
