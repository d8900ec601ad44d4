"""How fast bytes pass: 8 Mbit/s are a million bytes a second, each way."""

import asyncio
import contextlib
import socket
import time
from dataclasses import replace

import pytest

from yunsim.dataplane.bandwidth import BYTES, Bucket
from yunsim.dataplane.engine import Backend, Bandwidth, HealthCheck
from yunsim.dataplane.loopback import key_of

NARROW = Bandwidth(8)
SIZE = 1_000_000
"""Bytes that take a second at 8 Mbit/s, of which 0.1 are a burst and 0.26 one read that may be ahead of its time."""
LEAST, MOST = 0.5, 4.0
AT_ONCE = 0.5
UNCHECKED = HealthCheck(kind="off")


async def give(reader, writer):
    """Answer a line with as many bytes, in HTTP where it is asked so."""
    line = await reader.readline()
    if b"HTTP" in line:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
    writer.write(bytes(SIZE))
    await writer.drain()


async def swallow(reader, writer):
    """Take as many bytes, after the head of an HTTP request where there is one, then answer."""
    start = await reader.readexactly(4)
    if start == b"POST":
        await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(SIZE if start == b"POST" else SIZE - 4)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
    await writer.drain()


async def seconds_of(*exchanges):
    begun = time.monotonic()
    await asyncio.gather(*exchanges)
    return time.monotonic() - begun


async def fetch(rig, listener):
    """Read all that a backend gives."""
    reader, writer = await rig.connect(listener)
    writer.write(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n" if listener.protocol == "http" else b"go\n")
    if listener.protocol == "http":
        await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(SIZE)
    await closed(writer)


async def deliver(rig, listener):
    """Send a backend all that it takes."""
    reader, writer = await rig.connect(listener)
    if listener.protocol == "http":
        writer.write(b"POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: %d\r\n\r\n" % SIZE)
    writer.write(bytes(SIZE))
    await reader.readuntil(b"done")
    await closed(writer)


async def closed(writer):
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def listening(rig, handler, port=0, **settings):
    return rig.listener([(await rig.server(handler)).backend()], port=port, health_check=UNCHECKED, **settings)


def free_port():
    """A port that nobody has: listeners of one balancer differ by their ports."""
    with socket.create_server(("127.0.2.1", 0)) as free:
        return free.getsockname()[1]


@pytest.mark.parametrize("protocol", ["tcp", "http"])
@pytest.mark.parametrize(("handler", "exchange"), [(give, fetch), (swallow, deliver)], ids=["out", "in"])
async def test_a_listener_is_as_fast_as_its_bandwidth_in_each_direction(rig, protocol, handler, exchange):
    listener = await listening(rig, handler, protocol=protocol, bandwidth=NARROW)
    await rig.apply(listener)
    assert LEAST < await seconds_of(exchange(rig, listener)) < MOST


@pytest.mark.parametrize("protocol", ["tcp", "http"])
@pytest.mark.parametrize(("handler", "exchange"), [(give, fetch), (swallow, deliver)], ids=["out", "in"])
async def test_without_a_bandwidth_all_passes_at_once(rig, protocol, handler, exchange):
    listener = await listening(rig, handler, protocol=protocol)
    await rig.apply(listener)
    assert await seconds_of(exchange(rig, listener)) < AT_ONCE


async def test_all_connections_of_a_listener_share_its_bandwidth(rig):
    listener = await listening(rig, give, bandwidth=Bandwidth(16))
    await rig.apply(listener)
    assert LEAST < await seconds_of(*(fetch(rig, listener) for _ in range(2))) < MOST


LITTLE = SIZE // 20
IN_HTTP = b"POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: %d\r\n\r\n"
OUT_HTTP = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"


@pytest.mark.parametrize("protocol", ["tcp", "http"])
@pytest.mark.parametrize(("asked", "answered"), [(LITTLE, 1), (1, LITTLE)], ids=["in", "out"])
async def test_many_short_connections_are_no_way_around_it(rig, protocol, asked, answered):
    request, answer = (IN_HTTP % asked, OUT_HTTP % answered) if protocol == "http" else (b"\r\n\r\n", b"")

    async def once(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(asked)
        writer.write(answer + bytes(answered))

    listener = await listening(rig, once, protocol=protocol, bandwidth=NARROW)
    await rig.apply(listener)
    begun = time.monotonic()
    for _ in range(20):
        reader, writer = await rig.connect(listener)
        writer.write(request + bytes(asked))
        if protocol == "http":
            await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(answered)
        await closed(writer)
    assert LEAST < time.monotonic() - begun < MOST


async def test_listeners_share_what_one_of_their_own_does_not_have(rig):
    wide = Bandwidth(16, shared=True)
    *shared, own = [
        await listening(rig, give, port=free_port(), bandwidth=bandwidth) for bandwidth in (wide, wide, Bandwidth(1000))
    ]
    await rig.apply(*shared, own)
    together = asyncio.ensure_future(seconds_of(*(fetch(rig, each) for each in shared)))
    assert await seconds_of(fetch(rig, own)) < AT_ONCE
    assert LEAST < await together < MOST


async def test_a_bandwidth_that_changes_is_followed_by_what_is_under_way(rig):
    listener = await listening(rig, give, bandwidth=Bandwidth(1))
    await rig.apply(listener)
    fetching = asyncio.ensure_future(seconds_of(fetch(rig, listener)))
    await asyncio.sleep(0.1)
    assert not fetching.done()
    await rig.engine.apply([replace(listener, bandwidth=None)])
    assert await fetching < MOST


class Talker(asyncio.DatagramProtocol):
    """A backend of UDP: counts what comes, and answers `go` with a hundred datagrams."""

    def __init__(self):
        self.got = 0

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.got += 1
        for _ in range(100 if data == b"go" else 0):
            self.transport.sendto(bytes(1000), address)


@pytest.fixture
async def talking(rig):
    """A backend of UDP, and a client of its listener, through which 12,500 bytes may pass at once."""
    loop = asyncio.get_running_loop()
    transport, talker = await loop.create_datagram_endpoint(Talker, local_addr=("127.0.4.1", 0))
    backend = Backend("b", *transport.get_extra_info("sockname"), 100)
    listener = rig.listener([backend], protocol="udp", bandwidth=Bandwidth(1), health_check=UNCHECKED)
    await rig.apply(listener)
    client, heard = await loop.create_datagram_endpoint(Talker, remote_addr=rig.engine.ports()[key_of(listener)])
    await asyncio.sleep(0.15)  # a burst is there
    yield client, heard, talker
    client.close()
    transport.close()
    await asyncio.sleep(0)


async def test_datagrams_beyond_it_are_dropped_on_their_way_in(talking):
    client, _, talker = talking
    for _ in range(100):
        client.sendto(bytes(1000))
        await asyncio.sleep(0)
    await asyncio.sleep(0.1)
    assert 10 < talker.got < 60


async def test_datagrams_beyond_it_are_dropped_on_their_way_out(talking):
    client, heard, _ = talking
    client.sendto(b"go")
    await asyncio.sleep(0.2)
    assert 10 < heard.got < 60


async def test_nothing_passes_where_nothing_is_left_to_share():
    bucket = Bucket()
    bucket.allow(0)
    assert bucket.take(1)
    assert not bucket.take(1)


async def test_what_is_not_used_is_kept_for_a_moment_only():
    bucket = Bucket()
    bucket.allow(8)
    bucket._filled_at -= 60
    assert bucket.take(8 * BYTES)
    assert not bucket.take(1)
