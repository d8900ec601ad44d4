"""Requests and responses as layer 7 writes them: pure bytes.

Hop-by-hop fields (RFC 9110, 7.6.1) end here and are made anew. X-Forwarded-For grows by the client's address unless
that is switched off, when it passes as it came; the other fields that tell of the client replace what it claims
(https://www.alibabacloud.com/help/doc-detail/54007.html, and the XForwardedFor parameters of
CreateLoadBalancerHTTPListener).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from yunsim.dataplane.engine import Forwarded

Header = tuple[bytes, bytes]

HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)

REASONS = {
    302: b"Moved Temporarily",
    400: b"Bad Request",
    431: b"Request Header Fields Too Large",
    502: b"Bad Gateway",
    504: b"Gateway Timeout",
}
"""What a listener says by itself: go to HTTPS, the request cannot be read or its head is too long (RFC 6585, 5), no
backend answers, or none in time
(https://www.alibabacloud.com/help/en/slb/classic-load-balancer/support/clb-status-code-description, and
https://help.aliyun.com/en/slb/classic-load-balancer/use-cases/redirect-requests-from-http-to-https for the 302)."""

HEAD_LIMIT = 32 * 1024
"""Bytes that the target and the header fields of a request may have together. Of CLB this is not documented; it is what
ALB allows (https://www.alibabacloud.com/help/en/slb/application-load-balancer/support/alb-status-codes)."""

CLIENT_PORT = "X-Forwarded-Client-srcport"
"""The field with the port from which the client came (XForwardedFor_ClientSrcPort)."""


class Headers:
    """The header fields of a message, in order and with names as they came; looked up by lower-case name.

    `size` is the length of all names and values, in bytes.
    """

    __slots__ = ("_fields", "_values", "size")

    def __init__(self, fields: Iterable[Header] = ()) -> None:
        self.size = 0
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
        self.size += len(name) + len(value)

    def get(self, key: bytes) -> bytes | None:
        """All values of a field (lower-case name) as one, or None."""
        return self._values.get(key)

    def fields(self) -> list[Header]:
        """All fields as they came."""
        return [(name, value) for _, name, value in self._fields]

    def end_to_end(self, *replaced: bytes) -> list[Header]:
        """The fields that are passed on: no hop-by-hop field, none that Connection names, none that is replaced."""
        dropped = HOP_BY_HOP.union(replaced)
        if connection := self._values.get(b"connection"):
            dropped |= {name.strip().lower() for name in connection.split(b",")}
        return [(name, value) for key, name, value in self._fields if key not in dropped]


@dataclass(slots=True)
class Request:
    """The head of a client's request; `version` is "1.0", "1.1" or "2"."""

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

    @property
    def too_long(self) -> bool:
        """Whether the head is longer than a listener takes."""
        return len(self.target) + self.headers.size > HEAD_LIMIT

    def head(self, client: tuple[str, int], told: Forwarded) -> bytes:
        """The request head for a backend, which is told these things of the client's address and port."""
        added = self._forwarded_for(client[0]) if told.address else []
        added += [(name.encode(), value.encode()) for name, value in told.constant]
        added += [(CLIENT_PORT.encode(), b"%d" % client[1])] if told.port else []
        fields = self.headers.end_to_end(*(name.lower() for name, _ in added))
        return _head(b"%b %b HTTP/1.1" % (self.method, self.target), [*fields, *added, *self._connection()])

    def _forwarded_for(self, address: str) -> list[Header]:
        earlier = self.headers.get(b"x-forwarded-for")
        value = address.encode()
        return [(b"X-Forwarded-For", earlier + b", " + value if earlier else value)]

    def cookie(self, name: str) -> str:
        """The value of one of the client's cookies, or ""."""
        for field_value in (self.headers.get(b"cookie") or b"").replace(b", ", b"; ").split(b"; "):
            key, _, value = field_value.partition(b"=")
            if key.strip() == name.encode():
                return value.decode("latin-1")
        return ""

    def https_location(self, port: int, fallback_host: str) -> str:
        """Where the same thing is found over HTTPS at this port of the host that the client asked."""
        host = _host_of((self.headers.get(b"host") or fallback_host.encode()).decode("latin-1"))
        path = self.target.decode("latin-1")
        path = path if path.startswith("/") else "/"
        return f"https://{host}{path}" if port == 443 else f"https://{host}:{port}{path}"

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
    set_cookie: bytes = b""

    def overwrite_cookie(self, name: str, value: str) -> None:
        """Replace the value of a cookie that the backend sets; its attributes stay. None set, nothing done."""
        self.headers = Headers(
            (key, _with_value(text, name, value) if key.lower() == b"set-cookie" else text)
            for key, text in self.headers.fields()
        )

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
        """Whether the body is sent to the client in chunks, which only HTTP/1.1 has."""
        return not self.framed(request) and request.version == "1.1"

    def end_to_end(self) -> list[Header]:
        """The fields that are passed on to the client."""
        fields = self.headers.end_to_end()
        return [*fields, (b"Set-Cookie", self.set_cookie)] if self.set_cookie else fields

    def head(self, request: Request, *, keep_alive: bool) -> bytes:
        """The response head for a client of HTTP/1."""
        fields = self.end_to_end()
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


def own_response(status: int, location: str = "") -> tuple[Response, bytes]:
    """A response of the listener itself, and its body."""
    body = b"%d %b\n" % (status, REASONS[status])
    fields = [(b"Content-Type", b"text/plain"), (b"Content-Length", b"%d" % len(body))]
    fields += [(b"Location", location.encode("latin-1"))] if location else []
    return Response(status, REASONS[status], Headers(fields)), body


def _host_of(authority: str) -> str:
    """`shop:8080` is `shop`; an IPv6 address keeps its brackets."""
    end = authority.find("]") + 1 or len(authority.partition(":")[0])
    return authority[:end]


def _with_value(cookie: bytes, name: str, value: str) -> bytes:
    pair, separator, attributes = cookie.partition(b";")
    if pair.partition(b"=")[0].strip() != name.encode():
        return cookie
    return f"{name}={value}".encode() + separator + attributes


def _head(first_line: bytes, fields: list[Header]) -> bytes:
    return b"\r\n".join([first_line, *(key + b": " + value for key, value in fields), b"\r\n"])
