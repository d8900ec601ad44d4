"""The few things asked of the Linux kernel that Python has no words for yet: namespaces, and addresses of `lo`.

All as in unshare(2), setns(2), prctl(2) and netdevice(7); every function raises OSError.
"""

import ctypes
import fcntl
import os
import signal
import socket
import struct

USER, PROCESSES, NETWORK = 0x10000000, 0x20000000, 0x40000000
"""CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET."""
_PR_SET_PDEATHSIG = 1
_SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C
_IFF_UP = 0x1


def unshare(kinds: int) -> None:
    """Leave namespaces for new ones of our own; new PROCESSES are for children only."""
    _call("unshare", kinds)


def join(namespace: int) -> None:
    """Go into the namespace that a file descriptor of /proc/PID/ns stands for."""
    _call("setns", namespace, 0)


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


def _call(name: str, *arguments: int) -> None:
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), f"{name}(2)")
