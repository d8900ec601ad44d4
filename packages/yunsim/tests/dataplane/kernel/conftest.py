"""Tests in a network of their own: each runs in a child process, in namespaces that go with it."""

import asyncio
import contextlib
import ctypes
import os
import socket
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from yunsim.dataplane.kernel.namespaces import inside

Test = Callable[[], Awaitable[None]]
USER, MOUNTS, NETWORK = 0x10000000, 0x20000, 0x40000000
PRIVATE = 1 << 18 | 1 << 14  # MS_PRIVATE | MS_REC


def _libc(name: str, *arguments: object) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


def separate() -> None:
    """Go into a network and mounts of one's own, with an empty /run."""
    user, group = os.geteuid(), os.getegid()
    _libc("unshare", NETWORK | MOUNTS | (USER if user else 0))
    if user:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
            Path(f"/proc/self/{name}").write_text(text)
    _libc("mount", b"none", b"/", None, PRIVATE, None)
    _libc("mount", b"none", b"/run", b"tmpfs", 0, None)
    Path("/run/netns").mkdir()


def in_child(body: Callable[[], None]) -> str:
    """Run something in a child process; the traceback of what went wrong there."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        text = ""
        try:
            body()
        except BaseException:
            text = traceback.format_exc()
        os.write(writing, text.encode())
        sys.stdout.flush()
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text


@pytest.fixture(scope="session")
def alone() -> Callable[[Test], None]:
    if sys.platform != "linux" or (why := in_child(separate)):
        pytest.skip(f"this system allows no namespaces: {why.splitlines()[-1] if sys.platform == 'linux' else ''}")

    def run(test: Test) -> None:
        def body() -> None:
            separate()
            asyncio.run(asyncio.wait_for(test(), 20))

        if text := in_child(body):
            pytest.fail(text, pytrace=False)

    return run


def reaches(source: tuple[str, str], target: tuple[str, str], seconds: float = 4, called: str = "") -> str:
    """Connect from (namespace, address) to a listener made at (namespace, address); the client's address as seen there.

    The listener is `called` at another address than its own if that is given. "" when nobody is reached: it is tried
    as long as that, since the kernel needs a moment before an IPv6 address that it has taken works.
    """
    end = time.monotonic() + seconds
    with _server(target) as server:
        address, port = server.getsockname()[:2]
        while not (seen := _seen(source, (called or address, port), server, end)) and time.monotonic() < end:
            time.sleep(0.02)
    return seen


def cut_off(source: tuple[str, str], target: tuple[str, str], called: str = "") -> bool:
    """Whether nobody is reached, for a while."""
    return not reaches(source, target, 0.4, called)


def dropped(source: tuple[str, str], target: tuple[str, str]) -> bool:
    """Whether no packet arrives, for a while."""
    return not arrives(source, target, 0.3)


def _seen(source: tuple[str, str], target: tuple[str, int], server: socket.socket, end: float) -> str:
    with inside(source[0]):
        client = socket.socket(_family(target[0]))
    with client:
        left = max(0.01, end - time.monotonic())
        server.settimeout(left)
        client.settimeout(left)
        try:
            if source[1]:
                client.bind((source[1], 0))
            client.connect(target)
            accepted, (seen, *_) = server.accept()
        except OSError:
            return ""
        accepted.close()
        return str(seen)


def arrives(source: tuple[str, str], target: tuple[str, str], seconds: float = 4) -> bool:
    """Send packets from (namespace, address) to (namespace, address), one way: does any get there?"""
    end = time.monotonic() + seconds
    with inside(source[0]):
        sender = socket.socket(_family(target[1]), socket.SOCK_DGRAM)
    with inside(target[0]):
        receiver = socket.socket(_family(target[1]), socket.SOCK_DGRAM)
    with sender, receiver:
        sender.bind((source[1], 0))
        receiver.bind((target[1], 0))
        receiver.settimeout(0.05)
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                sender.sendto(b"packet", receiver.getsockname()[:2])
                return receiver.recv(100) == b"packet"
            time.sleep(0.02)
    return False


def _server(target: tuple[str, str]) -> socket.socket:
    with inside(target[0]):
        return socket.create_server((target[1], 0), family=_family(target[1]))


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
