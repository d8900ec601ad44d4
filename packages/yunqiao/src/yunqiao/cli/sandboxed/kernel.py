"""The few things asked of the Linux kernel that Python has no words for yet: namespaces, and addresses of `lo`.

All as in unshare(2), setns(2), prctl(2) and netdevice(7); every function raises OSError.
"""

import ctypes
import fcntl
import os
import signal
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER, PROCESSES, NETWORK, MOUNTS = 0x10000000, 0x20000000, 0x40000000, 0x00020000
"""CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWNS."""
_MS_PRIVATE, _MS_REC = 1 << 18, 1 << 14
_PR_SET_PDEATHSIG = 1
_SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C
_IFF_UP = 0x1


def unshare(kinds: int) -> None:
    """Leave namespaces for new ones of our own; new PROCESSES are for children only."""
    _call("unshare", kinds)


def join(namespace: int) -> None:
    """Go into the namespace that a file descriptor of /proc/PID/ns stands for."""
    _call("setns", namespace, 0)


@contextmanager
def inside(network: Path) -> Iterator[None]:
    """Be in a network namespace, in this thread, while the block runs (no await in it): sockets made there stay."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        there = os.open(network, os.O_RDONLY | os.O_CLOEXEC)
        try:
            join(there)
        finally:
            os.close(there)
        try:
            yield
        finally:
            join(home)
    finally:
        os.close(home)


def mount_empty(folder: Path) -> None:
    """Put an empty folder of our own in the place of one, for us alone: in a mount namespace, after mount(2)."""
    _call("mount", b"none", b"/", None, _MS_PRIVATE | _MS_REC, None)
    _call("mount", b"none", bytes(folder), b"tmpfs", 0, b"mode=755")


def die_with_parent() -> None:
    """Be killed when the parent ends, however it ends."""
    _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def raise_loopback(addresses: tuple[tuple[str, str], ...]) -> None:
    """Bring `lo` up with these addresses and netmasks: the whole range of each is then of this machine.

    The kernel's own `local` route does it, as for 127.0.0.1/8. A connection to a range comes from its address here.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _IFF_UP))
        for number, (address, netmask) in enumerate(addresses):
            for request, value in ((_SIOCSIFADDR, address), (_SIOCSIFNETMASK, netmask)):
                fcntl.ioctl(control, request, _interface_address(f"lo:{number}", value))


def _interface_address(interface: str, address: str) -> bytes:
    return struct.pack("16sHxx4s16x", interface.encode(), socket.AF_INET, socket.inet_aton(address))


def _call(name: str, *arguments: int | bytes | None) -> None:
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), f"{name}(2)")
