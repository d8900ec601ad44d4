"""A TCP listener: each accepted connection is joined to a backend, byte for byte, each direction ending on its own.

What one half receives it writes to its peer, and a peer whose buffer is full stops the reading: callbacks alone carry
the bytes, and only the short connect is a task. A client that an access control list keeps out is reset: the pages say
that it is blocked, not how.
"""

import asyncio
import socket
from typing import cast

from yunsim.dataplane.bandwidth import Bucket, Lane
from yunsim.dataplane.dial import dial
from yunsim.dataplane.engine import Listener
from yunsim.dataplane.hashing import client_key
from yunsim.dataplane.persistence import Persistence
from yunsim.dataplane.pool import Pool, Target
from yunsim.dataplane.proxy_protocol import header
from yunsim.dataplane.sockets import reset_on_close
from yunsim.dataplane.sweep import Sweeper

BACKLOG = 1024
NOBODY_YET, FULL = "no backend yet", "the peer takes no more"
"""Why a half is not read."""


class TcpService:
    """One running TCP listener."""

    kind = socket.SOCK_STREAM

    def __init__(self, listener: Listener, pool: Pool, lane: Lane) -> None:
        self.pool = pool
        self.sweeper = Sweeper()
        self.closed = False
        self.persistence = Persistence()
        self.assign(listener, lane)

    async def open(self, sock: socket.socket) -> None:
        """Accept connections at a bound socket, which is ours to close from now on."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Flow(self).client, sock=sock, backlog=BACKLOG)

    def assign(self, listener: Listener, lane: Lane) -> None:
        """Take over changed settings; established connections follow the new timeouts, and are not refused."""
        self.listener, self.lane = listener, lane
        self.persistence.timeout = listener.persistence_timeout
        self.sweeper.allow(min(listener.established_timeout, listener.drain_timeout or listener.established_timeout))

    async def close(self) -> None:
        """Refuse new connections and reset those that exist, as a deleted listener does."""
        self.closed = True
        self._server.close()
        await self.sweeper.end_all()


class Flow:
    """One client's connection and the backend's that belongs to it."""

    def __init__(self, service: TcpService) -> None:
        self.service = service
        self.client = ClientHalf(self)
        self.server = Half(self)
        self.client.peer, self.server.peer = self.server, self.client
        self.loop = asyncio.get_running_loop()
        self.touched = self.loop.time()
        self.over = False
        self._target: Target | None = None
        self._connecting: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Find a backend for a client that has just connected."""
        self.service.sweeper.add(self)
        address = self.client.address[0]
        if self.service.closed or not self.service.listener.access.admits(address):
            self.end()
            return
        self._connecting = self.loop.create_task(self._connect())
        self._connecting.add_done_callback(self._connected)

    async def _connect(self) -> None:
        address, persistence = self.client.address[0], self.service.persistence
        last = persistence.recall(address, self.loop.time())
        first = last if last and last.accepts else None
        dialed = await dial(self.service.pool, lambda: self.server, first, self._key())
        if dialed is None:
            self.end()
            return
        self._target = dialed[0]
        persistence.remember(address, self._target, self.loop.time())
        if self.service.listener.proxy_protocol:
            self._introduce()
        self.service.lane.inward.charge(0, self.client)
        self.service.lane.outward.charge(0, self.server)
        self.client.release(NOBODY_YET)

    def _key(self) -> bytes:
        return client_key(self.service.listener.scheduler, self.client.address, self._reached())

    def _reached(self) -> tuple[str, int]:
        """Where the client came to, with the port that was asked for, also when it is mapped."""
        if self.client.transport is None:
            return self.service.listener.address, self.service.listener.port
        address, port = self.client.transport.get_extra_info("sockname")[:2]
        return address, self.service.listener.port or port

    def _introduce(self) -> None:
        """Tell the backend who the client is, and where it came to."""
        if self.server.transport is not None:
            self.server.transport.write(header(socket.SOCK_STREAM, self.client.address, self._reached()))

    def _connected(self, _: asyncio.Task[None]) -> None:
        self._connecting = None
        self.settle()

    def end(self) -> None:
        """Reset both halves at once."""
        self.over = True
        if self._connecting is not None:
            self._connecting.cancel()
        for half in (self.client, self.server):
            if half.transport is not None:
                reset_transport(half.transport)

    def finish(self) -> None:
        """Close both halves once what is buffered has been sent."""
        for half in (self.client, self.server):
            if half.transport is not None:
                half.transport.close()

    def settle(self) -> None:
        """Give everything back once both halves are gone."""
        if self.client.transport or self.server.transport or self._connecting:
            return
        if self._target is not None:
            self._target.active -= 1
            self._target = None
        self.service.sweeper.discard(self)

    def expire(self, now: float) -> None:
        """Reset a connection on which nothing has moved for the established timeout, or whose backend is drained."""
        idle = now - self.touched > self.service.listener.established_timeout
        if idle or (self._target is not None and self._target.drained(now, self.service.listener.drain_timeout)):
            self.end()


class Half(asyncio.Protocol):
    """One side of a flow: what it receives goes to its peer."""

    peer: "Half"

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.transport: asyncio.Transport | None = None
        self.ended = False
        self._holds: set[str] = set()

    @property
    def _way(self) -> Bucket:
        return self.flow.service.lane.outward

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start, unless the flow ended while the connection was being made."""
        self.transport = cast("asyncio.Transport", transport)
        if self.flow.over:
            reset_transport(self.transport)

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        self.flow.touched = self.flow.loop.time()
        if self.peer.transport is not None:
            self.peer.transport.write(data)
        self._way.charge(len(data), self)

    def eof_received(self) -> bool:
        """Pass the end of one direction on and keep the other; when both have ended, finish."""
        self.ended = True
        if self.peer.ended:
            self.flow.finish()
        elif self.peer.transport is not None:
            self.peer.transport.write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Reset the peer when this side broke."""
        self.transport = None
        if exc is not None:
            self.flow.end()
        self.flow.settle()

    def pause_writing(self) -> None:
        """Let the peer stop reading: this side takes no more for now."""
        self.peer.hold(FULL)

    def resume_writing(self) -> None:
        """Let the peer read again."""
        self.peer.release(FULL)

    def hold(self, reason: str) -> None:
        """Stop reading until every reason is released."""
        self._holds.add(reason)
        if self.transport is not None and not self.ended:
            self.transport.pause_reading()

    def release(self, reason: str) -> None:
        """Read again when no other reason holds; not after the end, which asyncio would then report a second time."""
        self._holds.discard(reason)
        if not self._holds and self.transport is not None and not self.ended:
            self.transport.resume_reading()


class ClientHalf(Half):
    """The side that was accepted: it reads nothing before there is a backend."""

    address: tuple[str, int]

    @property
    def _way(self) -> Bucket:
        return self.flow.service.lane.inward

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Look for a backend."""
        super().connection_made(transport)
        self.address = transport.get_extra_info("peername")[:2]
        # Not at once: up to Python 3.11.3 asyncio starts reading after this callback all the same
        # (https://github.com/python/cpython/issues/103607) and bytes would go where nobody takes them yet.
        asyncio.get_running_loop().call_soon(self.hold, NOBODY_YET)
        self.flow.begin()


def reset_transport(transport: asyncio.Transport) -> None:
    """End a connection with RST, dropping what is buffered."""
    sock = transport.get_extra_info("socket")  # None when TLS has ended already
    if sock is not None and sock.fileno() >= 0:
        reset_on_close(sock)
    transport.abort()
