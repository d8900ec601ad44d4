"""A real `yunsim serve`, and whatever both generations of the official SDK need to reach it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from darabonba.core import DaraCore

from yunsim import worldfile

DEFAULT = worldfile.load()


@dataclass(frozen=True)
class Endpoint:
    """Where the server is, and a key and a vSwitch of its default world."""

    address: str
    key_id: str = DEFAULT.keys[0].id
    secret: str = DEFAULT.keys[0].secret
    region: str = DEFAULT.region
    vpc: str = DEFAULT.vpcs[0].id
    vswitch: str = DEFAULT.vswitches[0].id
    workers: tuple[str, ...] = tuple(one.id for one in DEFAULT.instances if one.hostname.startswith("worker"))


@pytest.fixture(scope="session")
def endpoint() -> Iterator[Endpoint]:
    """Start a strict server for all tests of a worker: every field that an SDK sends must be known."""
    command = [sys.executable, "-m", "yunsim", "serve", "--listen", "127.0.0.1:0", "--strict"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        try:
            yield Endpoint(line.split("http://")[1].strip())
        finally:
            for session in DaraCore._sessions.values():  # the newer SDK keeps its connections for the process's life
                session.close()
            server.send_signal(signal.SIGTERM)
            assert server.wait(10) == 0
