"""A UDP listener: each client address and port sticks to one backend until its flow has been silent for a while.

Where QUIC connection IDs are hashed, each ID of a client is a flow of its own.

A flow whose backend fails its health checks gets another one with its next datagram, and so does one whose backend was
removed; with connection draining it stays until the backend's time is over. Weight 0 lets flows that exist go on, with
draining for that time as well. Datagrams that find no backend or a full buffer, are more than the bandwidth lets pass,
or come from a client that an access control list keeps out, are dropped. With the PROXY protocol every datagram to a
backend begins with the header.
"""

import asyncio
import contextlib
import logging
import socket
from typing import Any

from yunsim.dataplane.bandwidth import Lane
from yunsim.dataplane.engine import Listener
from yunsim.dataplane.hashing import client_key
from yunsim.dataplane.pool import Pool, Target
from yunsim.dataplane.proxy_protocol import header
from yunsim.dataplane.sockets import family_of
from yunsim.dataplane.sweep import Sweeper

log = logging.getLogger(__name__)

FLOW_TIMEOUT = 90.0
"""Seconds of silence after which a flow is forgotten."""

DATAGRAMS_PER_TURN = 64
"""Datagrams taken from a socket before others get their turn."""

MAX_DATAGRAM = 65535


class UdpService:
    """One running UDP listener."""

    kind = socket.SOCK_DGRAM

    def __init__(self, listener: Listener, pool: Pool, lane: Lane) -> None:
        self.pool = pool
        self.sweeper = Sweeper()
        self.flow_timeout = FLOW_TIMEOUT
        self.flows: dict[Any, UdpFlow] = {}
        self.loop = asyncio.get_running_loop()
        self.assign(listener, lane)

    async def open(self, sock: socket.socket) -> None:
        """Take datagrams from a bound socket, which is ours to close from now on."""
        self.sock = sock
        self.loop.add_reader(sock, self._readable)

    def assign(self, listener: Listener, lane: Lane) -> None:
        """Take over changed settings. Without draining, the next datagrams to backends that are gone go elsewhere."""
        self.listener, self.lane = listener, lane
        self.sweeper.allow(min(self.flow_timeout, listener.drain_timeout or self.flow_timeout))
        if listener.drain_timeout is not None:
            return
        kept = set(self.pool.targets)
        for flow in [flow for flow in self.flows.values() if flow.target not in kept]:
            flow.end()

    async def close(self) -> None:
        """Stop listening and forget all flows."""
        self.loop.remove_reader(self.sock)
        self.sock.close()
        await self.sweeper.end_all()

    def _readable(self) -> None:
        for _ in range(DATAGRAMS_PER_TURN):
            try:
                data, client = self.sock.recvfrom(MAX_DATAGRAM)
            except OSError:
                return
            if (flow := self._flow(client, data)) and self.lane.inward.take(len(data)):
                flow.forward(data)

    def reached(self) -> tuple[str, int]:
        """Where clients send to, with the port that was asked for, also when it is mapped."""
        address, port = self.sock.getsockname()[:2]
        return address, self.listener.port or port

    def _flow(self, client: Any, data: bytes) -> "UdpFlow | None":
        if not self.listener.access.admits(client[0]):
            return None
        key = client_key(self.listener.scheduler, client[:2], self.reached(), data)
        flow = self.flows.get((client, key))
        if flow and flow.target.health.accepts:
            return flow
        if flow:
            flow.end()
        target = self.pool.choose(client=key)
        try:
            return UdpFlow(self, client, key, target) if target else None
        except OSError as error:
            log.warning("A datagram of %s is dropped: no socket towards its backend: %s", client, error)
            return None


class UdpFlow:
    """What one client address and port sends and gets back; `key` is what is hashed of it."""

    def __init__(self, service: UdpService, client: Any, key: bytes, target: Target) -> None:
        self.service = service
        self.client = client
        self.key = key
        self.target = target
        self.sock = _connected(target)
        self.touched = service.loop.time()
        target.active += 1
        service.flows[client, key] = self
        service.sweeper.add(self)
        service.loop.add_reader(self.sock, self._answered)

    @property
    def _introduction(self) -> bytes:
        if not self.service.listener.proxy_protocol:
            return b""
        return header(socket.SOCK_DGRAM, self.client[:2], self.service.reached())

    def forward(self, data: bytes) -> None:
        """Send a datagram of the client to the backend."""
        self.touched = self.service.loop.time()
        with contextlib.suppress(OSError):
            self.sock.send(self._introduction + data)

    def expire(self, now: float) -> None:
        """Be forgotten after a silence, or when the backend is drained."""
        drained = self.target.drained(now, self.service.listener.drain_timeout)
        if drained or now - self.touched > self.service.flow_timeout:
            self.end()

    def end(self) -> None:
        """Forget this flow."""
        self.service.loop.remove_reader(self.sock)
        self.sock.close()
        self.target.active -= 1
        del self.service.flows[self.client, self.key]
        self.service.sweeper.discard(self)

    def _answered(self) -> None:
        for _ in range(DATAGRAMS_PER_TURN):
            try:
                data = self.sock.recv(MAX_DATAGRAM)
            except OSError:  # nothing more for now, or the backend's port is closed: its health check will tell
                return
            self.touched = self.service.loop.time()
            if self.service.lane.outward.take(len(data)):
                with contextlib.suppress(OSError):
                    self.service.sock.sendto(data, self.client)


def _connected(target: Target) -> socket.socket:
    sock = socket.socket(family_of(target.backend.address), socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.connect((target.backend.address, target.backend.port))
    except OSError:
        sock.close()
        raise
    return sock
