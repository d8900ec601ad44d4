"""A private network: a Linux network namespace in which every address and port of the sandbox is true.

Root makes it directly; everybody else by way of a user namespace in which they count as root, so that ports below
1024 are theirs too. Its processes live in a process namespace of their own: when its first process ends, by whatever
accident, the kernel ends them all, and with the last one the network is gone.

In a routed one (`NET=kernel`) only the cloud's services are addresses of this network; every instance is a network
namespace of its own, and /run is ours, so that the names which `ip netns` gives them there are too, and go with us.
"""

import contextlib
import os
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from yunqiao.cli.sandboxed import kernel
from yunqiao.cli.sandboxed.refusal import refusal

ADDRESSES = (
    ("10.255.255.254", "255.0.0.0"),
    ("172.31.255.254", "255.240.0.0"),
    ("192.168.255.254", "255.255.0.0"),
    ("47.96.255.254", "255.255.0.0"),
    ("100.100.100.200", "255.255.255.255"),
)
"""The machine's own address in each range that is local: the private ones, some of the internet, the metadata's."""
ROUTED_ADDRESSES = (
    ("47.96.255.254", "255.255.0.0"),
    ("100.100.100.200", "255.255.255.255"),
    ("100.100.100.201", "255.255.255.255"),
)
"""In a routed network: some of the internet, the metadata's address, and the API server's beside it."""
RUN = Path("/run")
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Namespace:
    """How to find a private network from outside: a process that is in it, and whether it has its own users.

    `routed` tells whether every instance is a network namespace in it.
    """

    pid: int
    has_users: bool
    routed: bool = False

    @property
    def net(self) -> str:
        """What --net calls it."""
        return "kernel" if self.routed else "private"

    @property
    def nsenter(self) -> list[str]:
        """The command that goes in; what is to run there follows."""
        users = ["--user", "--preserve-credentials"] if self.has_users else []
        return ["nsenter", "--target", str(self.pid), *users, "--net", *(["--mount"] if self.routed else [])]


def go_in(*, routed: bool = False) -> Namespace:
    """Make a private network and go on inside, in a child process: only there does this come back.

    The process that calls waits, passes signals on, and exits as its child does. Raises OSError.
    """
    namespace = Namespace(os.getpid(), has_users=_separate(routed=routed), routed=routed)
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        sys.exit(_follow(child))
    kernel.die_with_parent()
    return namespace


def why_not(*, routed: bool = False) -> str:
    """Try it in a child process that ends at once; tells what forbids it and what helps, "" when it is possible."""
    if sys.platform != "linux":
        return f"it is made of Linux namespaces, and this system is {sys.platform}"
    if routed and not shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"):
        return "the program `ip` is missing: install the package iproute2 (iproute on Fedora)"
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, _attempt(routed=routed).encode())
        os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as answer:  # noqa: PTH123  # a pipe has no path
        text = answer.read()
    os.waitpid(child, 0)
    return text


def _attempt(*, routed: bool) -> str:
    try:
        _separate(routed=routed)
    except OSError as error:
        return refusal(error)
    return ""


def _separate(*, routed: bool) -> bool:
    """Leave the machine's network for one of our own; whether that took a user namespace. Raises OSError."""
    own_users = _unshare(kernel.NETWORK | kernel.PROCESSES | (kernel.MOUNTS if routed else 0))
    if routed:
        kernel.mount_empty(RUN)
        (RUN / "netns").mkdir()
    kernel.raise_loopback(ROUTED_ADDRESSES if routed else ADDRESSES)
    return own_users


def _unshare(kinds: int) -> bool:
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        with contextlib.suppress(PermissionError):  # root without CAP_SYS_ADMIN, as in most containers
            kernel.unshare(kinds)
            return False
    kernel.unshare(kernel.USER | kinds)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        Path(f"/proc/self/{name}").write_text(text, encoding="ascii")  # user_namespaces(7)
    return True


def _follow(child: int) -> int:
    def forward(number: int, _: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)

    for number in FORWARDED:
        signal.signal(number, forward)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code
