import pytest

from yunsim.dataplane.engine import Forwarded
from yunsim.dataplane.http.messages import Headers, Request, Response, chunk, own_response


def request(*fields, **settings):
    return Request(**{"method": b"GET", "target": b"/a?b", "headers": Headers(list(fields)), **settings})


def test_a_request_gets_the_clients_address():
    head = request((b"Host", b"shop"), (b"X-Custom", b"1")).head(("127.0.0.8", 4242), Forwarded())
    assert head == b"GET /a?b HTTP/1.1\r\nHost: shop\r\nX-Custom: 1\r\nX-Forwarded-For: 127.0.0.8\r\n\r\n"


def test_addresses_of_earlier_proxies_stay_before_the_clients():
    head = request((b"X-Forwarded-For", b"10.0.0.1"), (b"x-forwarded-for", b"10.0.0.2")).head(
        ("127.0.0.8", 4242), Forwarded()
    )
    assert head.count(b"orwarded-") == 1
    assert b"X-Forwarded-For: 10.0.0.1, 10.0.0.2, 127.0.0.8\r\n" in head


def test_hop_by_hop_fields_end_here():
    head = request(
        (b"Connection", b"keep-alive, X-Secret"),
        (b"X-Secret", b"1"),
        (b"Keep-Alive", b"5"),
        (b"TE", b"x"),
        (b"A", b"b"),
    ).head(("::1", 4242), Forwarded())
    assert head == b"GET /a?b HTTP/1.1\r\nA: b\r\nX-Forwarded-For: ::1\r\n\r\n"


def test_a_chunked_request_stays_chunked_and_is_not_repeated():
    chunked = request((b"Transfer-Encoding", b"chunked"))
    assert b"Transfer-Encoding: chunked\r\n" in chunked.head(("::1", 4242), Forwarded())
    assert not chunked.repeatable


@pytest.mark.parametrize(
    ("method", "length", "repeatable"),
    [(b"GET", None, True), (b"DELETE", b"0", True), (b"PUT", b"5", False), (b"POST", b"0", False)],
)
def test_only_idempotent_requests_without_a_body_are_repeated(method, length, repeatable):
    fields = [(b"Content-Length", length)] if length else []
    assert request(*fields, method=method).repeatable == repeatable


@pytest.mark.parametrize(
    ("status", "method", "fields", "version", "framing"),
    [
        (200, b"GET", [(b"Content-Length", b"3")], "1.1", b"Content-Length: 3\r\n"),
        (200, b"GET", [(b"Transfer-Encoding", b"chunked")], "1.1", b"Transfer-Encoding: chunked\r\n"),
        (200, b"GET", [], "1.1", b"Transfer-Encoding: chunked\r\n"),
        (200, b"GET", [(b"Transfer-Encoding", b"chunked")], "1.0", b""),
        (200, b"HEAD", [(b"Content-Length", b"3")], "1.1", b"Content-Length: 3\r\n"),
        (204, b"GET", [], "1.1", b""),
        (304, b"GET", [], "1.1", b""),
    ],
)
def test_the_client_learns_where_a_response_ends(status, method, fields, version, framing):
    asked = request(method=method, version=version)
    head = Response(status, b"X", Headers(fields)).head(asked, keep_alive=False)
    assert head == b"HTTP/1.1 %d X\r\n%bConnection: close\r\n\r\n" % (status, framing)


def test_chunks_are_measured_in_hexadecimal():
    assert chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"


def test_the_listeners_own_answer_is_whole():
    response, body = own_response(502)
    assert response.head(request(), keep_alive=False) + body == (
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: 16\r\n"
        b"Connection: close\r\n\r\n502 Bad Gateway\n"
    )


TOLD = Forwarded(port=True, constant=(("X-Forwarded-Proto", "https"), ("SLB-ID", "lb-1")))


def test_backends_are_told_what_is_switched_on_whatever_the_client_claims():
    head = request((b"x-forwarded-proto", b"gopher"), (b"SLB-ID", b"mine")).head(("127.0.0.8", 4242), TOLD)
    assert head == (
        b"GET /a?b HTTP/1.1\r\nX-Forwarded-For: 127.0.0.8\r\nX-Forwarded-Proto: https\r\nSLB-ID: lb-1\r\n"
        b"X-Forwarded-Client-srcport: 4242\r\n\r\n"
    )


def test_with_the_address_switched_off_what_the_client_claims_passes():
    head = request((b"X-Forwarded-For", b"10.0.0.1")).head(("127.0.0.8", 4242), Forwarded(address=False))
    assert head == b"GET /a?b HTTP/1.1\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n"


@pytest.mark.parametrize(
    ("host", "target", "port", "location"),
    [
        (b"shop", b"/a?b", 443, "https://shop/a?b"),
        (b"shop:8080", b"/", 8443, "https://shop:8443/"),
        (b"[2001:db8::1]:80", b"/", 443, "https://[2001:db8::1]/"),
        (b"", b"*", 443, "https://127.0.2.1/"),
    ],
)
def test_https_is_found_at_the_same_host_and_path(host, target, port, location):
    asked = request(*([(b"Host", host)] if host else []), target=target)
    assert asked.https_location(port, "127.0.2.1") == location


def test_a_cookie_is_found_among_others():
    asked = request((b"Cookie", b"a=1; SERVERID=abc|7; b=2"), (b"cookie", b"c=3"))
    assert [asked.cookie(name) for name in ("a", "SERVERID", "b", "c", "d")] == ["1", "abc|7", "2", "3", ""]


def test_a_cookie_of_the_backend_is_overwritten_and_keeps_its_attributes():
    response = Response(200, b"OK", Headers([(b"Set-Cookie", b"shop=1; Path=/; Secure"), (b"set-cookie", b"other=2")]))
    response.overwrite_cookie("shop", "digest")
    assert response.headers.fields() == [
        (b"Set-Cookie", b"shop=digest; Path=/; Secure"),
        (b"set-cookie", b"other=2"),
    ]
