"""Sockets for listeners, and what is done when the asked-for port is not allowed."""

import errno
import socket
import struct
from collections.abc import Callable

MAPPED_PORT_OFFSET = 20000
"""Where a port that needs privileges is found instead: 80 is at 20080."""

Bind = Callable[[socket.socket, tuple[str, int]], None]
"""Gives a socket its address; raises OSError as socket.bind does."""


def bound_socket(kind: socket.SocketKind, address: str, port: int, bind: Bind = socket.socket.bind) -> socket.socket:
    """A non-blocking socket at the address and port, or at a mapped port when that one needs privileges we lack.

    Raises OSError when the address is in use or not of this machine.
    """
    for candidate in (port, min(port + MAPPED_PORT_OFFSET, 65535), 0):
        sock = socket.socket(family_of(address), kind)
        try:
            _prepare(sock, kind)
            bind(sock, (address, candidate))
        except OSError as error:
            sock.close()
            if not _may_map(error, mapped=candidate != port):
                raise
        else:
            return sock
    raise OSError(errno.EADDRNOTAVAIL, f"no free port at {address}")


def family_of(address: str) -> socket.AddressFamily:
    """The family of an IP address in text."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def reset_on_close(sock: socket.socket) -> None:
    """Let closing send RST instead of FIN, and leave no TIME_WAIT."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _prepare(sock: socket.socket, kind: socket.SocketKind) -> None:
    sock.setblocking(False)
    if kind == socket.SOCK_STREAM:  # for datagrams it would let two listeners share a port
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


def _may_map(error: OSError, *, mapped: bool) -> bool:
    return isinstance(error, PermissionError) or (mapped and error.errno == errno.EADDRINUSE)
