"""How a request in HTTP/2 is asked in HTTP/1.1, and a response to it is told in HTTP/2."""

import pytest

from yunsim.dataplane.engine import Forwarded
from yunsim.dataplane.http.http2_fields import UnacceptableError, fields_of, request_of
from yunsim.dataplane.http.messages import Headers, Response

ASKED = {b":method": b"GET", b":scheme": b"https", b":authority": b"shop", b":path": b"/a?b"}


def asked(*fields, with_body=False, **special):
    values = ASKED | {f":{name}".encode(): value for name, value in special.items()}
    return request_of([*values.items(), *fields], with_body=with_body)


def head(request):
    return request.head(("127.0.0.8", 4242), Forwarded(address=False))


def test_the_authority_is_the_host():
    assert head(asked((b"accept", b"*/*"))) == b"GET /a?b HTTP/1.1\r\nHost: shop\r\naccept: */*\r\n\r\n"


def test_a_host_field_beside_the_authority_is_not_told_twice():
    assert head(asked((b"host", b"shop"))).lower().count(b"host:") == 1


def test_a_host_field_alone_is_the_host():
    fields = [(name, value) for name, value in ASKED.items() if name != b":authority"]
    assert b"host: shop\r\n" in head(request_of([*fields, (b"host", b"shop")], with_body=False))


@pytest.mark.parametrize(
    ("fields", "with_body", "framing"),
    [
        ([], True, b"Transfer-Encoding: chunked\r\n"),
        ([(b"content-length", b"5")], True, b"content-length: 5\r\n"),
        ([], False, b""),
    ],
)
def test_a_body_of_unknown_length_goes_in_chunks(fields, with_body, framing):
    request = asked(*fields, with_body=with_body)
    assert head(request) == b"GET /a?b HTTP/1.1\r\nHost: shop\r\n" + framing + b"\r\n"
    assert request.chunked == framing.startswith(b"Transfer")


@pytest.mark.parametrize(
    ("fields", "special"),
    [
        ([], {"path": b"/a HTTP/1.1\r\nX: y"}),
        ([], {"path": b"http://shop/"}),
        ([], {"method": b"GET /"}),
        ([], {"authority": b"shop, other"}),
        ([(b"content-length", b"5"), (b"content-length", b"6")], {}),
        ([(b"content-length", b"+5")], {}),
        ([(b"x y", b"z")], {}),
        ([], {"method": b"CONNECT"}),
    ],
)
def test_what_an_http_1_1_backend_would_read_otherwise_is_unacceptable(fields, special):
    with pytest.raises(UnacceptableError) as refused:
        asked(*fields, **special)
    assert refused.value.status == 400


def test_the_asterisk_is_a_target():
    assert head(asked(method=b"OPTIONS", path=b"*")).startswith(b"OPTIONS * HTTP/1.1\r\n")


def test_a_head_that_is_too_long_is_unacceptable():
    with pytest.raises(UnacceptableError) as refused:
        asked((b"x", b"y" * 33_000))
    assert refused.value.status == 431


def test_a_response_has_a_status_and_lower_case_names_and_nothing_of_its_connection():
    fields = [(b"Server", b"x"), (b"Connection", b"X-Hop"), (b"X-Hop", b"1"), (b"Transfer-Encoding", b"chunked")]
    response = Response(200, b"OK", Headers(fields), set_cookie=b"SERVERID=1")
    assert fields_of(response) == [(b":status", b"200"), (b"server", b"x"), (b"set-cookie", b"SERVERID=1")]
