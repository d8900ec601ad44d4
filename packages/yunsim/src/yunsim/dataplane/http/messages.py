"""Requests and responses as layer 7 writes them: pure bytes.

Hop-by-hop fields (RFC 9110, 7.6.1) end here and are made anew; X-Forwarded-For grows by the client's address, as on
every HTTP listener of the cloud (https://www.alibabacloud.com/help/doc-detail/54007.html).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

Header = tuple[bytes, bytes]

HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)

REASONS = {400: b"Bad Request", 502: b"Bad Gateway", 504: b"Gateway Timeout"}
"""What a listener says by itself: the request cannot be read, no backend answers, or none in time
(https://www.alibabacloud.com/help/en/slb/classic-load-balancer/support/clb-status-code-description)."""


class Headers:
    """The header fields of a message, in order and with names as they came; looked up by lower-case name."""

    __slots__ = ("_fields", "_values")

    def __init__(self, fields: Iterable[Header] = ()) -> None:
        self._fields: list[tuple[bytes, bytes, bytes]] = []
        self._values: dict[bytes, bytes] = {}
        for name, value in fields:
            self.add(name, value)

    def add(self, name: bytes, value: bytes) -> None:
        """Append one field."""
        key = name.lower()
        earlier = self._values.get(key)
        self._values[key] = value if earlier is None else earlier + b", " + value
        self._fields.append((key, name, value))

    def get(self, key: bytes) -> bytes | None:
        """All values of a field (lower-case name) as one, or None."""
        return self._values.get(key)

    def end_to_end(self, *replaced: bytes) -> list[Header]:
        """The fields that are passed on: no hop-by-hop field, none that Connection names, none that is replaced."""
        dropped = HOP_BY_HOP.union(replaced)
        if connection := self._values.get(b"connection"):
            dropped |= {name.strip().lower() for name in connection.split(b",")}
        return [(name, value) for key, name, value in self._fields if key not in dropped]


@dataclass(slots=True)
class Request:
    """The head of a client's request."""

    method: bytes = b""
    target: bytes = b""
    version: str = "1.1"
    headers: Headers = field(default_factory=Headers)
    keep_alive: bool = False
    upgrade: bool = False

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return self.headers.get(b"transfer-encoding") is not None

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again when a kept connection turns out to be dead: idempotent and without a body."""
        idempotent = self.method in (b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE")
        return idempotent and not self.chunked and self.headers.get(b"content-length") in (None, b"0")

    def head(self, client_address: str) -> bytes:
        """The request head for a backend."""
        fields = self.headers.end_to_end(b"x-forwarded-for")
        forwarded = self.headers.get(b"x-forwarded-for")
        address = client_address.encode()
        fields.append((b"X-Forwarded-For", forwarded + b", " + address if forwarded else address))
        fields += self._connection()
        return _head(b"%b %b HTTP/1.1" % (self.method, self.target), fields)

    def _connection(self) -> list[Header]:
        if self.upgrade:
            return [(b"Connection", b"Upgrade"), (b"Upgrade", self.headers.get(b"upgrade") or b"")]
        return [(b"Transfer-Encoding", b"chunked")] if self.chunked else []


@dataclass(slots=True)
class Response:
    """The head of a backend's response, and how its body reaches the client."""

    status: int
    reason: bytes
    headers: Headers

    @property
    def delimited(self) -> bool:
        """Whether the backend tells where the body ends, other than by closing the connection."""
        return any(self.headers.get(name) is not None for name in (b"content-length", b"transfer-encoding"))

    def has_body(self, request: Request) -> bool:
        """Whether a body follows the head (RFC 9112, 6.3)."""
        return request.method != b"HEAD" and self.status >= 200 and self.status not in (204, 304)

    def framed(self, request: Request) -> bool:
        """Whether the head tells where the message ends, so that the client needs no chunks."""
        return not self.has_body(request) or self.headers.get(b"content-length") is not None

    def chunked(self, request: Request) -> bool:
        """Whether the body is sent to the client in chunks."""
        return not self.framed(request) and request.version == "1.1"

    def head(self, request: Request, *, keep_alive: bool) -> bytes:
        """The response head for the client."""
        fields = self.headers.end_to_end()
        if self.status == 101:
            fields += [(b"Connection", b"Upgrade"), (b"Upgrade", self.headers.get(b"upgrade") or b"")]
        elif self.status >= 200:
            fields += [(b"Transfer-Encoding", b"chunked")] if self.chunked(request) else []
            fields.append((b"Connection", b"keep-alive" if keep_alive else b"close"))
        return _head(b"HTTP/1.1 %d %b" % (self.status, self.reason), fields)


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"


def own_response(status: int) -> bytes:
    """A whole response of the listener itself, after which it closes the connection."""
    body = b"%d %b\n" % (status, REASONS[status])
    fields = [(b"Content-Type", b"text/plain"), (b"Content-Length", b"%d" % len(body)), (b"Connection", b"close")]
    return _head(b"HTTP/1.1 %d %b" % (status, REASONS[status]), fields) + body


def _head(first_line: bytes, fields: list[Header]) -> bytes:
    return b"\r\n".join([first_line, *(key + b": " + value for key, value in fields), b"\r\n"])
