"""What a listener with Gzip switched on compresses: responses of some types, for clients that take it.

The types are those of
https://www.alibabacloud.com/help/en/slb/classic-load-balancer/user-guide/add-an-http-listener-1. From which length on a
response is compressed is not documented; here an empty one alone is not.
"""

import zlib

from yunsim.dataplane.http.messages import Headers, Request, Response

TYPES = frozenset(
    {
        *(b"text/xml", b"text/plain", b"text/css", b"application/javascript", b"application/x-javascript"),
        *(b"application/rss+xml", b"application/atom+xml", b"application/xml"),
    }
)

_GZIP_FORMAT = 31
"""zlib's number for the gzip format with the largest window."""


class Compression:
    """The compressed body of one response."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(wbits=_GZIP_FORMAT)

    def part(self, data: bytes) -> bytes:
        """Compress a part of the body, so that the client can read all of it at once."""
        return self._compressor.compress(data) + self._compressor.flush(zlib.Z_SYNC_FLUSH)

    def rest(self) -> bytes:
        """End the body."""
        return self._compressor.flush()


def compressed(request: Request, response: Response) -> Compression | None:
    """Let a response be compressed, and say so in its head; None where it stays as it is."""
    if not _wanted(request) or not _suitable(request, response):
        return None
    replaced = {b"content-length", b"content-encoding"}
    kept = [(name, value) for name, value in response.headers.fields() if name.lower() not in replaced]
    response.headers = Headers([*kept, (b"Content-Encoding", b"gzip"), (b"Vary", b"Accept-Encoding")])
    return Compression()


def _wanted(request: Request) -> bool:
    """Tell whether the client takes gzip and can be sent a body of unknown length (not in HTTP/1.0)."""
    encodings = (request.headers.get(b"accept-encoding") or b"").lower().split(b",")
    named = {name.strip(): weight.strip() for name, _, weight in (each.partition(b";") for each in encodings)}
    return request.version != "1.0" and b"gzip" in named and named[b"gzip"] not in (b"q=0", b"q=0.0")


def _suitable(request: Request, response: Response) -> bool:
    kind = (response.headers.get(b"content-type") or b"").partition(b";")[0].strip().lower()
    empty = response.headers.get(b"content-length") == b"0"
    encoded = response.headers.get(b"content-encoding") is not None
    whole = response.status != 206 and response.has_body(request)
    return kind in TYPES and whole and not empty and not encoded
