import asyncio
import socket
from collections import Counter
from ipaddress import ip_network

import pytest

from yunsim.dataplane.engine import AccessControl, Backend, HealthCheck
from yunsim.dataplane.loopback import key_of
from yunsim.dataplane.proxy_protocol import header

UDP = HealthCheck(kind="udp", interval=0.02, timeout=1, healthy_threshold=2, unhealthy_threshold=2)


class Echo(asyncio.DatagramProtocol):
    """Answers each datagram with its name and the datagram."""

    def __init__(self, name):
        self.name = name

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        if data:  # a health check is empty
            self.transport.sendto(self.name + b":" + data, address)


@pytest.fixture
async def echoes():
    started = []

    async def start(name):
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: Echo(name.encode()), local_addr=("127.0.4.1", 0))
        started.append(transport)
        return Backend(name, *transport.get_extra_info("sockname"), 100), transport

    yield start
    for transport in started:
        transport.close()
    await asyncio.sleep(0)


@pytest.fixture
def client():
    """Sends from a socket of its own, or from one given, and waits for the answer."""
    opened = []

    async def ask(rig, listener, text, sock=None):
        if sock is None:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.setblocking(False)
            opened.append(sock)
            sock.connect(rig.engine.ports()[key_of(listener)])
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(sock, text)
        async with asyncio.timeout(2):
            return await loop.sock_recv(sock, 100), sock

    yield ask
    for sock in opened:
        sock.close()


async def test_datagrams_are_answered_from_the_listeners_address_and_flows_stick(rig, echoes, client):
    listener = rig.listener([(await echoes("a"))[0], (await echoes("b"))[0]], protocol="udp", health_check=UDP)
    await rig.apply(listener)
    takers = Counter()
    for _ in range(4):
        answer, sock = await client(rig, listener, b"1")
        takers[answer[:1]] += 1
        for text in (b"2", b"3"):
            assert (await client(rig, listener, text, sock))[0] == answer[:2] + text
    assert takers == {b"a": 2, b"b": 2}


async def test_a_removed_backend_gives_its_flows_to_another(rig, echoes, client):
    first, second = (await echoes("a"))[0], (await echoes("b"))[0]
    listener = rig.listener([first], protocol="udp", health_check=UDP)
    await rig.apply(listener)
    answer, sock = await client(rig, listener, b"1")
    assert answer == b"a:1"
    await rig.apply(rig.listener([second], protocol="udp", health_check=UDP))
    assert (await client(rig, listener, b"2", sock))[0] == b"b:2"


async def test_a_backend_whose_port_closes_is_unhealthy_and_loses_its_flows(rig, echoes, client):
    (first, transport), (second, _) = await echoes("a"), await echoes("b")
    listener = rig.listener([first, second], protocol="udp", health_check=UDP)
    await rig.apply(listener)
    answer, sock = await client(rig, listener, b"1")
    assert answer == b"a:1"
    transport.close()
    await rig.health(listener, "a", "abnormal")
    assert (await client(rig, listener, b"2", sock))[0] == b"b:2"


async def test_a_silent_flow_is_forgotten(rig, echoes, client):
    listener = rig.listener([(await echoes("a"))[0]], protocol="udp", health_check=UDP)
    await rig.apply(listener)
    service = rig.service()
    service.flow_timeout = 0.05
    service.sweeper.allow(0.05)
    await client(rig, listener, b"1")
    assert [target.active for target in service.pool.targets] == [1]
    async with asyncio.timeout(2):
        while service.flows:
            await asyncio.sleep(0.005)
    assert [target.active for target in service.pool.targets] == [0]


async def test_datagrams_without_a_backend_are_dropped(rig, client):
    listener = rig.listener([], protocol="udp", health_check=UDP)
    await rig.apply(listener)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await client(rig, listener, b"1")


async def test_a_client_that_the_access_control_keeps_out_is_not_heard(rig, echoes, client):
    (first, _) = await echoes("a")
    listener = rig.listener([first], protocol="udp", health_check=UDP)
    await rig.apply(listener)
    _, sock = await client(rig, listener, b"1")
    out = AccessControl("white", (ip_network("127.0.0.2/32"),))
    await rig.apply(rig.listener([first], protocol="udp", health_check=UDP, access=out))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await client(rig, listener, b"2", sock)


async def test_every_datagram_begins_with_the_proxy_protocol(rig, echoes, client):
    listener = rig.listener([(await echoes("a"))[0]], protocol="udp", health_check=UDP, proxy_protocol=True)
    await rig.apply(listener)
    answer, sock = await client(rig, listener, b"1")
    introduction = header(socket.SOCK_DGRAM, sock.getsockname(), rig.engine.ports()[key_of(listener)])
    assert answer == b"a:" + introduction + b"1"
    assert (await client(rig, listener, b"2", sock))[0] == b"a:" + introduction + b"2"


@pytest.mark.parametrize("weight", [None, 0])
async def test_draining_leaves_a_flow_with_a_backend_that_leaves_until_its_time_is_over(rig, echoes, client, weight):
    first, second = (await echoes("a"))[0], (await echoes("b"))[0]
    settings = {"protocol": "udp", "health_check": UDP, "drain_timeout": 0.2}
    listener = rig.listener([first], **settings)
    await rig.apply(listener)
    _, sock = await client(rig, listener, b"1")
    rest = [] if weight is None else [Backend(first.key, first.address, first.port, weight)]
    await rig.apply(rig.listener([*rest, second], **settings))
    assert (await client(rig, listener, b"2", sock))[0] == b"a:2"
    async with asyncio.timeout(2):
        while (await client(rig, listener, b"3", sock))[0] != b"b:3":
            await asyncio.sleep(0.02)


async def test_a_quic_connection_stays_with_its_backend_when_its_client_moves(rig, echoes, client):
    backends = [(await echoes(name))[0] for name in "abcd"]
    listener = rig.listener(backends, protocol="udp", scheduler="qch", health_check=UDP)
    await rig.apply(listener)
    packets = [b"\x41" + b"quicid%02d" % number for number in range(8)]
    seen = {packet: {(await client(rig, listener, packet))[0][:1] for _ in range(3)} for packet in packets}
    assert all(len(names) == 1 for names in seen.values())
    assert len(set.union(*seen.values())) > 1
    _, sock = await client(rig, listener, packets[0])
    for packet in packets:
        assert {(await client(rig, listener, packet, sock))[0][:1]} == seen[packet]
