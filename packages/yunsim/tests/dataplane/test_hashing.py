"""Consistent hashing."""

from collections import Counter

import pytest

from yunsim.dataplane.engine import Backend
from yunsim.dataplane.hashing import client_key, draw, quic_connection_id

HERE = ("127.0.2.1", 443)
LONG = bytes([0xC3]) + b"\0\0\0\1" + bytes([4]) + b"conn" + b"rest"
SHORT = bytes([0x41]) + b"connect1" + b"rest"


@pytest.mark.parametrize(
    ("scheduler", "same_address", "same_ends"), [("sch", True, True), ("tch", False, True), ("qch", False, True)]
)
def test_what_is_hashed_is_the_address_or_both_ends(scheduler, same_address, same_ends):
    first = client_key(scheduler, ("127.0.0.1", 1000), HERE)
    assert (client_key(scheduler, ("127.0.0.1", 1001), HERE) == first) == same_address
    assert (client_key(scheduler, ("127.0.0.1", 1000), HERE) == first) == same_ends
    assert client_key(scheduler, ("127.0.0.2", 1000), HERE) != first


def test_a_quic_connection_keeps_its_key_when_the_client_moves():
    keys = {client_key("qch", ("127.0.0.1", port), HERE, SHORT) for port in (1000, 1001)}
    assert keys == {b"connect1"}


@pytest.mark.parametrize("scheduler", ["rr", "wrr", "wlc"])
def test_nothing_is_hashed_where_turns_are_taken(scheduler):
    assert client_key(scheduler, ("127.0.0.1", 1000), HERE, SHORT) == b""


@pytest.mark.parametrize(
    ("packet", "connection"), [(LONG, b"conn"), (SHORT, b"connect1"), (b"", b""), (bytes([0xC3]), b"")]
)
def test_the_connection_id_is_where_the_header_says(packet, connection):
    assert quic_connection_id(packet) == connection


def test_clients_spread_by_weight():
    backends = [Backend("a", "127.0.0.9", 1, 75), Backend("b", "127.0.0.9", 2, 25)]
    chosen = Counter(max(backends, key=lambda one: draw(b"%d" % client, one)).key for client in range(4000))
    assert 2850 < chosen["a"] < 3150
