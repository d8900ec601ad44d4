"""Where sockets are made; with network namespaces where this system allows them."""

import os
import shutil
import subprocess
import sys
from ipaddress import IPv4Network

import pytest

from kubesim.hollow.homes import HERE, Homes, connected


async def test_what_is_in_no_namespace_is_here(address):
    homes = Homes()
    assert homes.of("10.244.1.2") is HERE
    homes.settle("10.244.1.2")
    homes.leave("10.244.1.2")
    with pytest.raises(ConnectionRefusedError):
        await connected(HERE, (address, 8080))


def test_an_address_is_in_the_namespace_of_its_network_until_that_is_taken_back():
    homes = Homes()
    homes.assign(IPv4Network("10.244.1.0/24"), "nobody-made-this")
    with pytest.raises(FileNotFoundError), homes.of("10.244.1.2")():
        pass
    assert homes.of("10.244.2.2") is HERE
    homes.leave("10.244.1.2")
    homes.assign(IPv4Network("10.244.1.0/24"), "")
    assert homes.of("10.244.1.2") is HERE


STORY = """
import asyncio, socket
from ipaddress import IPv4Network
from kubesim.hollow.answering import Answer, AnsweringServer
from kubesim.hollow.homes import Homes, connected

async def main():
    homes = Homes()
    homes.assign(IPv4Network("10.244.1.0/24"), "machine")
    homes.settle("10.244.1.2")
    homes.settle("10.244.1.2")
    server = AnsweringServer(lambda: Answer(b"pod"), homes.of("10.244.1.2"))
    server.listen("10.244.1.2", 80)
    sock = await connected(homes.of("10.244.1.3"), ("10.244.1.2", 80))
    reader, writer = await asyncio.open_connection(sock=sock)
    writer.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
    assert (await reader.read()).endswith(b"pod")
    writer.close()
    try:
        with socket.socket() as elsewhere:
            elsewhere.connect(("10.244.1.2", 80))
        raise AssertionError("it answers in the network of this process too")
    except OSError:
        pass
    server.close()
    homes.leave("10.244.1.2")
    with homes.of("10.244.1.2")():
        try:
            socket.create_server(("10.244.1.2", 81))
            raise AssertionError("its address is still there")
        except OSError:
            pass

asyncio.run(main())
"""
NETWORK = "mount -t tmpfs none /run && mkdir /run/netns && ip netns add machine && ip -n machine link set lo up"


def test_sockets_are_made_in_the_machines_namespace_and_pods_have_addresses_there():
    if not shutil.which("unshare") or not shutil.which("ip", path=f"{os.environ['PATH']}:/usr/sbin"):
        pytest.skip("needs the programs unshare and ip (Debian packages util-linux and iproute2)")
    users = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    separate = ["unshare", *users, "--net", "--mount", "sh", "-c"]
    environment = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    if subprocess.run([*separate, NETWORK], env=environment, capture_output=True, timeout=20).returncode:
        pytest.skip("this system allows no network namespaces")
    script = [*separate, f'{NETWORK} && exec "$@"', "sh", sys.executable, "-c", STORY]
    ended = subprocess.run(script, env=environment, capture_output=True, text=True, timeout=20)
    assert (ended.returncode, ended.stderr) == (0, "")
