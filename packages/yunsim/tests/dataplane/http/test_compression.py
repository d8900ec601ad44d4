"""Which responses are compressed, and that they come out as they went in."""

import gzip

import pytest

from yunsim.dataplane.http.compression import compressed
from yunsim.dataplane.http.messages import Headers, Request, Response


def request(accepted=b"gzip, deflate", **more):
    return Request(b"GET", b"/", headers=Headers([(b"Accept-Encoding", accepted)]), **more)


def response(kind=b"text/plain; charset=utf-8", status=200, **fields):
    more = [(name.replace("_", "-").encode(), value) for name, value in fields.items()]
    return Response(status, b"OK", Headers([(b"Content-Type", kind), *more]))


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_parts_are_readable_at_once_and_the_whole_is_what_it_was(version):
    found = response(Content_Length=b"10")
    body = compressed(request(version=version), found)
    first = body.part(b"hello")
    assert gzip.zlib.decompressobj(wbits=31).decompress(first) == b"hello"
    assert gzip.decompress(first + body.part(b"world") + body.rest()) == b"helloworld"
    assert found.headers.get(b"content-encoding") == b"gzip"
    assert found.headers.get(b"vary") == b"Accept-Encoding"
    assert found.headers.get(b"content-length") is None


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (request(b"br"), response()),
        (request(b"gzip;q=0, br"), response()),
        (request(version="1.0"), response()),
        (request(), response(b"image/png")),
        (request(), response(b"text/html")),
        (request(), response(status=204)),
        (request(), response(status=206)),
        (request(), response(Content_Length=b"0")),
        (request(), response(Content_Encoding=b"br")),
    ],
)
def test_what_the_client_or_the_type_does_not_allow_stays_as_it_is(asked, answered):
    before = answered.headers.fields()
    assert compressed(asked, answered) is None
    assert answered.headers.fields() == before
