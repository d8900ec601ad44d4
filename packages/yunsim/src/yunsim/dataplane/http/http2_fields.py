"""Requests and responses as HTTP/2 has them, fields with a name that begins with a colon among them (RFC 9113, 8.3).

What h2 has let through is well-formed in HTTP/2. A backend is asked in HTTP/1.1, where some of that would mean
something else: a space in a target would end it. CONNECT is refused, and with it WebSocket (RFC 8441).
"""

import re
from collections.abc import Iterable

from yunsim.dataplane.http.messages import Header, Headers, Request, Response

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A method, or the name of a field (RFC 9110, 5.6.2)."""
_TARGET = re.compile(rb"/[^\x00-\x20\x7f]*|\*")
_AUTHORITY = re.compile(rb"[^\x00-\x20\x7f,/?#@]+")


class UnacceptableError(ValueError):
    """A request that is not passed on; `status` is the answer to it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def request_of(fields: Iterable[Header], *, with_body: bool) -> Request:
    """A request as backends are asked it. Raises UnacceptableError for one that cannot be passed on."""
    fields = list(fields)
    special = {name: value for name, value in fields if name.startswith(b":")}
    headers = Headers([(b"Host", special[b":authority"])] if special.get(b":authority") else [])
    for name, value in fields:
        if not name.startswith(b":") and not (name == b"host" and special.get(b":authority")):
            headers.add(name, value)
    if with_body and headers.get(b"content-length") is None:
        headers.add(b"transfer-encoding", b"chunked")
    request = Request(special.get(b":method", b""), special.get(b":path", b""), "2", headers, keep_alive=True)
    _check(request)
    return request


def _check(request: Request) -> None:
    if request.too_long:
        raise UnacceptableError(431)
    names = [request.method, *(name for name, _ in request.headers.fields())]
    length = request.headers.get(b"content-length")
    if request.method == b"CONNECT" or not (
        _TARGET.fullmatch(request.target)
        and _AUTHORITY.fullmatch(request.headers.get(b"host") or b"")
        and all(_TOKEN.fullmatch(name) for name in names)
        and (length is None or length.isdigit())
    ):
        raise UnacceptableError(400)


def fields_of(response: Response) -> list[Header]:
    """A response's fields for an HTTP/2 client."""
    status = (b":status", b"%d" % response.status)
    return [status, *((name.lower(), value) for name, value in response.end_to_end())]
