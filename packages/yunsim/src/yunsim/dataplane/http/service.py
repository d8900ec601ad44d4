"""The listener itself: whom it accepts, and which connections to backends it keeps for later requests."""

import asyncio
import socket
import ssl

from yunsim.dataplane.bandwidth import Lane
from yunsim.dataplane.engine import Listener, Tls
from yunsim.dataplane.http.client import Client
from yunsim.dataplane.http.http2 import Http2Client
from yunsim.dataplane.http.tls import Door, server_context
from yunsim.dataplane.http.upstream import Upstream
from yunsim.dataplane.pool import Pool, Target
from yunsim.dataplane.sweep import Sweeper
from yunsim.dataplane.tcp import BACKLOG

HANDSHAKE_TIMEOUT = 10.0
"""Seconds that a client has for its TLS handshake."""


class HttpService:
    """One running HTTP or HTTPS listener."""

    kind = socket.SOCK_STREAM

    def __init__(self, listener: Listener, pool: Pool, lane: Lane) -> None:
        self.pool = pool
        self.sweeper = Sweeper()
        self.closed = False
        self.handshake_timeout = HANDSHAKE_TIMEOUT
        self._kept: dict[Target, list[Upstream]] = {}
        self._tls: Tls | None = None
        self._context: ssl.SSLContext | None = None
        self.assign(listener, lane)

    async def open(self, sock: socket.socket) -> None:
        """Accept connections at a bound socket, which is ours to close from now on."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accepted, sock=sock, backlog=BACKLOG)

    def assign(self, listener: Listener, lane: Lane) -> None:
        """Take over changed settings, and close the unused connections to backends that are gone.

        Clients in HTTP/2 are sent away, after what they have asked, when that is switched off.

        Raises OSError, and changes nothing, when a certificate cannot be used.
        """
        if self._tls != listener.tls:
            self._context = server_context(listener.tls) if listener.tls else None
            self._tls = listener.tls
        self.listener, self.lane = listener, lane
        if not (listener.tls and listener.tls.http2):
            self._retire_http2()
        self.sweeper.allow(min(listener.idle_timeout, listener.request_timeout))
        for gone in self._kept.keys() - set(self.pool.targets):
            for upstream in self._kept.pop(gone):
                upstream.transport.close()

    def _retire_http2(self) -> None:
        for member in list(self.sweeper.members):
            if isinstance(member, Http2Client):
                member.retire()

    def _accepted(self) -> asyncio.Protocol:
        return Client(self) if self._context is None else Door(self, self._context)

    async def close(self) -> None:
        """Refuse new connections and reset those that exist, as a deleted listener does."""
        self.closed = True
        self._server.close()
        await self.sweeper.end_all()

    def kept(self, target: Target) -> Upstream | None:
        """An unused connection to this backend, the latest first; its taker owns it."""
        upstreams = self._kept.get(target, [])
        while upstreams:
            upstream = upstreams.pop()
            if not upstream.transport.is_closing():
                return upstream
        return None

    def keep(self, target: Target, upstream: Upstream) -> None:
        """Keep a connection for a later request, unless its backend has left."""
        if target in self.pool.targets and not self.closed:
            self._kept.setdefault(target, []).append(upstream)
        else:
            upstream.transport.close()

    def forget(self, upstream: Upstream) -> None:
        """A connection has ended: do not offer it any more."""
        for upstreams in self._kept.values():
            if upstream in upstreams:
                upstreams.remove(upstream)
