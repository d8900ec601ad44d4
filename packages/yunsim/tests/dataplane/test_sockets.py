import socket

import pytest

from yunsim.dataplane.sockets import bound_socket


def refuse(sock, address):
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_free_port_is_taken_as_asked(kind):
    with bound_socket(kind, "127.0.5.1", 0) as free:
        port = free.getsockname()[1]
    with bound_socket(kind, "127.0.5.1", port) as sock:
        assert sock.getsockname() == ("127.0.5.1", port)
        assert sock.type == kind
        if kind == socket.SOCK_STREAM:
            sock.listen()
        with pytest.raises(OSError, match="in use"):
            bound_socket(kind, "127.0.5.1", port)


def test_an_address_of_another_machine_is_an_error():
    with pytest.raises(OSError, match="assign"):
        bound_socket(socket.SOCK_STREAM, "192.0.2.1", 0)


def test_a_system_that_allows_nothing_is_an_error():
    with pytest.raises(OSError, match=r"no free port at 127\.0\.5\.1"):
        bound_socket(socket.SOCK_STREAM, "127.0.5.1", 80, refuse)


def test_a_mapped_port_never_leaves_the_range():
    ports = []

    def record(sock, address):
        ports.append(address[1])
        raise PermissionError

    with pytest.raises(OSError, match="no free port"):
        bound_socket(socket.SOCK_STREAM, "127.0.5.1", 60000, record)
    assert ports == [60000, 65535, 0]
