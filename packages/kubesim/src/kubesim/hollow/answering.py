"""A very small HTTP/1.1 server side: every request gets the answer that its owner has at that moment.

Pods and health checks need no more than that: keep-alive and pipelining, HEAD, request bodies read and forgotten,
`Connection: close`. What it cannot read (a malformed or huge head, a chunked body) it answers and then hangs up.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus

from kubesim.hollow.door import Door
from kubesim.hollow.homes import HERE, Home
from kubesim.hollow.silence import Silence

LARGEST_HEAD = 65536
"""Bytes of request line and headers that are read at most."""


@dataclass(frozen=True)
class Answer:
    """A response; `last` asks the client to go away after it, as a server does that is shutting down."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    last: bool = False

    def encode(self, *, close: bool, body: bool) -> bytes:
        """Give the bytes on the wire; `body` is False for HEAD, which has the headers alone."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += ["Connection: close"] if close else []
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + (self.body if body else b"")


@dataclass(frozen=True, slots=True)
class Request:
    """What of a request's head matters here."""

    head_only: bool
    close: bool
    body_length: int
    expects_continue: bool


class Malformed(Exception):
    """The bytes are no request that can be answered here."""


@lru_cache(maxsize=1024)
def parse_head(head: bytes) -> Request:
    """Read a request's head (without the empty line). Raises Malformed."""
    line, *fields = head.split(b"\r\n")
    words = line.split(b" ")
    if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
        raise Malformed
    headers = dict(_field(entry) for entry in fields)
    connection = headers.get(b"connection", b"keep-alive" if words[2] != b"HTTP/1.0" else b"close").lower()
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or b"transfer-encoding" in headers:
        raise Malformed
    return Request(words[0] == b"HEAD", b"close" in connection, int(length), b"expect" in headers)


def _field(entry: bytes) -> tuple[bytes, bytes]:
    name, colon, value = entry.partition(b":")
    if not colon:
        raise Malformed
    return name.strip().lower(), value.strip()


class AnsweringProtocol(asyncio.Protocol):
    """One accepted connection. It adds itself to `connections` while it lives, so that its owner can end it."""

    def __init__(self, answer: Callable[[], Answer], connections: "set[asyncio.Transport]") -> None:
        self._answer = answer
        self._connections = connections
        self._received = b""
        self._body_left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows the type; asyncio gives nothing else here
        self._transport = transport
        self._connections.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the signature is asyncio's
        """Forget the connection."""
        self._connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete so far."""
        self._received += data
        while self._skip_body() and not self._transport.is_closing():
            head, end, rest = self._received.partition(b"\r\n\r\n")
            if not end:
                return self._refuse_if_too_long()
            self._received = rest
            self._respond(head)
        return None

    def pause_writing(self) -> None:
        """Read no more while the client does not take its answers."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    def _skip_body(self) -> bool:
        skipped = min(self._body_left, len(self._received))
        self._received = self._received[skipped:]
        self._body_left -= skipped
        return not self._body_left

    def _refuse_if_too_long(self) -> None:
        if len(self._received) > LARGEST_HEAD:
            self._hang_up(431)

    def _respond(self, head: bytes) -> None:
        try:
            request = parse_head(head.lstrip(b"\r\n"))
        except Malformed:
            return self._hang_up(400)
        if request.expects_continue:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._body_left = request.body_length
        answer = self._answer()
        close = request.close or answer.last
        self._transport.write(answer.encode(close=close, body=not request.head_only))
        if close:
            self._transport.close()
        return None

    def _hang_up(self, status: int) -> None:
        self._transport.write(Answer(b"", status).encode(close=True, body=False))
        self._transport.close()


class AnsweringServer:
    """Listening sockets that share one answer."""

    def __init__(self, answer: Callable[[], Answer], home: Home = HERE) -> None:
        self._answer = answer
        self._home = home
        self._doors: dict[tuple[str, int], Door] = {}
        self._connections: set[asyncio.Transport] = set()

    @property
    def places(self) -> frozenset[tuple[str, int]]:
        """Where it listens."""
        return frozenset(self._doors)

    def listen(self, address: str, port: int) -> None:
        """Listen there too; nothing happens when it does already. Raises OSError when the port is taken."""
        if (address, port) not in self._doors:
            self._doors[address, port] = Door(
                (address, port), lambda: AnsweringProtocol(self._answer, self._connections), self._home
            )

    def fall_silent(self, silence: Silence) -> None:
        """Answer nothing any more, and refuse nothing either."""
        places = self.places
        self._stop_listening()
        for place in places:
            silence.mute(place)
        for transport in self._connections:
            silence.hold(transport)

    def close(self) -> None:
        """Stop listening and end every connection, after what is already written has gone out."""
        self._stop_listening()
        for transport in list(self._connections):
            transport.close()

    def _stop_listening(self) -> None:
        for door in self._doors.values():
            door.close()
        self._doors.clear()
