"""Which part of 127.0.0.0/8 a sandbox on loopback has, and which ports its user may open there."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FIRST, LAST = 32, 215
"""Not 16 to 31: those are of the simulated cloud's default world, which takes no lock."""
LOCK_PORT = 65000
PORT_SHIFT = 20000
"""Both simulators serve a port that their user may not open this much higher: 80 at 20080."""


@contextmanager
def free_range() -> Iterator[int]:
    """The number N of a 127.N.0.0/16 that no other sandbox has while the context lasts. Raises OSError."""
    for number in range(FIRST, LAST):
        with socket.socket() as lock:
            if _takes(lock, number):
                yield number
                return
    raise OSError(
        errno.EADDRINUSE, f"every range from 127.{FIRST}.0.0/16 to 127.{LAST - 1}.0.0/16 is taken by another sandbox"
    )


def _takes(lock: socket.socket, number: int) -> bool:
    try:
        lock.bind((f"127.{number}.255.254", LOCK_PORT))
    except OSError:
        return False
    return True


def lowest_port() -> int:
    """Lowest port that this process may open: 1, or the system's first one that needs no privilege."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.255.255.253", 1))
        except PermissionError:
            return _first_unprivileged()
        except OSError:
            return 1  # somebody has that port, and this process would be allowed to
    return 1


def _first_unprivileged() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 1024
