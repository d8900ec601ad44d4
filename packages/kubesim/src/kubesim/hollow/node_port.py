"""One TCP port of one node, forwarded to whichever endpoints it has at that moment.

The endpoints are an attribute: assigning it is the whole reconfiguration. A new connection takes the next endpoint in
turn, and no other: kube-proxy rewrites packets, so whoever is sent to an endpoint that is gone feels that. An
established one stays with its endpoint, half-closes included.
"""

import asyncio
from collections.abc import Sequence

from kubesim.hollow.door import Door
from kubesim.hollow.homes import HERE, Home, Place, connected
from kubesim.hollow.silence import Silence

CONNECT_TIMEOUT = 10.0
"""Seconds an endpoint has to accept."""


class Side(asyncio.Protocol):
    """One end of a forwarded connection: what arrives here goes to the other end, no faster than that takes it."""

    def __init__(self, peer: "Side | None" = None) -> None:
        self.transport: asyncio.Transport
        self.peer = peer
        self.finished = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows the type; asyncio gives nothing else here
        self.transport = transport
        if self.peer:
            self.peer.peer = self

    def data_received(self, data: bytes) -> None:
        """Pass on."""
        if self.peer:
            self.peer.transport.write(data)

    def eof_received(self) -> bool:
        """Pass on that no more comes from here; the other direction lives on until it ends too."""
        self.finished = True
        if self.peer is None:
            return False
        if self.peer.finished:
            self.peer.transport.close()
            return False
        self.peer.transport.write_eof()
        return True

    def pause_writing(self) -> None:
        """Read no more from the other end while this one is full."""
        if self.peer and not self.peer.transport.is_closing():
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        if self.peer and not self.peer.transport.is_closing():
            self.peer.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the other end in the same way: after its last bytes, or at once when this one broke."""
        if self.peer and exc:
            self.peer.transport.abort()
        elif self.peer:
            self.peer.transport.close()


class ClientSide(Side):
    """The end that the node accepted; it is read from as soon as an endpoint is found."""

    def __init__(self, node_port: "NodePort") -> None:
        super().__init__()
        self._node_port = node_port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for an endpoint."""
        super().connection_made(transport)
        # Not at once: up to Python 3.11.3 asyncio starts reading after this callback all the same
        # (https://github.com/python/cpython/issues/103607) and bytes would go where nobody takes them yet.
        asyncio.get_running_loop().call_soon(self.transport.pause_reading)
        self._node_port.accepted(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._node_port.connections.discard(self)


class NodePort:
    """A listening port and the connections made through it."""

    def __init__(self, place: Place, home: Home = HERE) -> None:
        """Name the place to listen at, and where the node's sockets are made; nothing listens before `serve`."""
        self.place = place
        self._home = home
        self.endpoints: Sequence[Place] = ()
        self.connections: set[ClientSide] = set()
        self._turn = 0
        self._door: Door | None = None
        self._connecting: set[asyncio.Task[None]] = set()

    def serve(self, endpoints: Sequence[Place]) -> None:
        """Forward to these from now on; with none the port refuses. Raises OSError when the port is taken."""
        self.endpoints = endpoints
        if not endpoints:
            self._refuse()
        elif self._door is None:
            self._door = Door(self.place, lambda: ClientSide(self), self._home)

    def accepted(self, client: ClientSide) -> None:
        """Begin to connect a new connection to an endpoint."""
        self.connections.add(client)
        task = asyncio.get_running_loop().create_task(self._connect(client))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    def fall_silent(self, silence: Silence) -> None:
        """Carry nothing any more, and refuse nothing either."""
        listened = self._door is not None
        self._stop()
        if listened:
            silence.mute(self.place)
        for side in [side for client in self.connections for side in (client, client.peer) if side]:
            silence.hold(side.transport)

    def close(self) -> None:
        """Refuse new connections and cut the established ones."""
        self._stop()
        for client in list(self.connections):
            client.transport.abort()

    def _stop(self) -> None:
        self._refuse()
        for task in self._connecting:
            task.cancel()

    def _refuse(self) -> None:
        if self._door:
            self._door.close()
            self._door = None

    async def _connect(self, client: ClientSide) -> None:
        backend = await self._next(client)
        if backend is None:
            client.transport.abort()
        elif client.transport.is_closing():
            backend.transport.abort()
        else:
            client.transport.resume_reading()

    async def _next(self, client: ClientSide) -> Side | None:
        """The other end at the endpoint whose turn it is; None when there is none, or it does not accept."""
        if not self.endpoints:
            return None
        place = self.endpoints[self._turn % len(self.endpoints)]
        self._turn += 1
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                sock = await connected(self._home, place)
                return (await asyncio.get_running_loop().create_connection(lambda: Side(client), sock=sock))[1]
        except (OSError, TimeoutError):
            return None
