"""Where the sockets of a node are made: in this process's network, or in a network namespace that is the machine's.

A network namespace is a matter of one thread (setns(2)), and a socket stays in that in which it was made. So a thread
goes in for the moment in which a socket is made, and the event loop serves the sockets of all nodes.
"""

import asyncio
import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

Place = tuple[str, int]
"""An address and a port."""
Home = Callable[[], AbstractContextManager[None]]
"""Gives a block in which sockets are made where they belong; it must not wait for anything. Raises OSError."""

HERE: Home = nullcontext
"""This process's own network."""
NAMES = Path("/run/netns")
"""Where `ip netns` keeps the names of namespaces."""
_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C  # netdevice(7)


class Homes:
    """Which addresses of the cluster are in which namespace; all others are in this process's own network."""

    def __init__(self) -> None:
        """Begin with none."""
        self._namespaces: dict[IPv4Network, str] = {}

    def assign(self, network: IPv4Network, namespace: str) -> None:
        """Say that a network's addresses are in a namespace, or with "" in this process's own network."""
        self._namespaces[network] = namespace

    def of(self, address: str) -> Home:
        """Say where the sockets of an address are made."""
        namespace = self._namespace(address)
        return (lambda: _inside(NAMES / namespace)) if namespace else HERE

    def settle(self, address: str) -> None:
        """Let a pod's address be one of its node's machine. Raises OSError when the machine is gone."""
        if self._namespace(address):
            with self.of(address)():
                _give(address)

    def leave(self, address: str) -> None:
        """Let an address be nobody's; nothing happens when the machine is gone."""
        if self._namespace(address):
            try:
                with self.of(address)():
                    _take_away(address)
            except OSError:
                return

    def _namespace(self, address: str) -> str:
        asked = IPv4Address(address)
        return next((name for network, name in self._namespaces.items() if asked in network), "")


async def connected(home: Home, place: Place) -> socket.socket:
    """Connect from there to a place. Raises OSError."""
    with home():
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, place)
    except BaseException:
        sock.close()
        raise
    return sock


@contextmanager
def _inside(namespace: Path) -> Iterator[None]:
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        there = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _set(there)
        finally:
            os.close(there)
        try:
            yield
        finally:
            _set(home)
    finally:
        os.close(home)


def _set(descriptor: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "setns(2)")


def _give(address: str) -> None:
    """Add an address to `lo`, as an alias that is named after it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for request, value in ((_SIOCSIFADDR, address), (_SIOCSIFNETMASK, "255.255.255.255")):
            number = struct.pack("16sHxx4s16x", _alias(address), socket.AF_INET, socket.inet_aton(value))
            fcntl.ioctl(control, request, number)


def _take_away(address: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", _alias(address), 0))


def _alias(address: str) -> bytes:
    return f"lo:{int(IPv4Address(address)):x}".encode()
