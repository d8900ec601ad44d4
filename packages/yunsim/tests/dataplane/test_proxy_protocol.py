import socket

from yunsim.dataplane.proxy_protocol import header


def test_a_header_is_written_as_the_specification_draws_it():
    assert header(socket.SOCK_STREAM, ("127.0.0.1", 0x1234), ("127.0.2.1", 80)) == (
        b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"  # the signature
        b"\x21\x11\x00\x0c"  # version 2, PROXY; TCP over IPv4; twelve bytes follow
        b"\x7f\x00\x00\x01\x7f\x00\x02\x01\x12\x34\x00\x50"
    )


def test_datagrams_and_ipv6_have_their_own_families():
    made = header(socket.SOCK_DGRAM, ("2001:db8::1", 1), ("2001:db8::2", 53))
    assert made[12:16] == b"\x21\x22\x00\x24"
    assert len(made) == 16 + 36
