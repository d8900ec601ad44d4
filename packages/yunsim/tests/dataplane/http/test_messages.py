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
    assert own_response(502) == (
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: 16\r\n"
        b"Connection: close\r\n\r\n502 Bad Gateway\n"
    )
