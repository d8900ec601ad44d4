import asyncio
from contextlib import asynccontextmanager

import pytest

from kubesim.hollow.node_port import NodePort


@asynccontextmanager
async def serving(place, handle):
    """Serve one handler per connection; the writer is closed after it."""

    async def connected(reader, writer):
        try:
            await handle(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, *place)
    try:
        yield place
    finally:
        server.close()
        await asyncio.sleep(0.02)


def naming(name):
    async def handle(reader, writer):
        while await reader.readline():
            writer.write(name + b"\n")

    return handle


@asynccontextmanager
async def node_port(address, endpoints):
    port = NodePort((address, 30080))
    port.serve(endpoints)
    try:
        yield port
    finally:
        port.close()
        await asyncio.sleep(0.02)


async def ask(place):
    reader, writer = await asyncio.open_connection(*place)
    try:
        return await ask_on(reader, writer)
    finally:
        writer.close()


async def ask_on(reader, writer):
    writer.write(b"?\n")
    return (await reader.readline()).strip()


async def test_endpoints_take_new_connections_in_turn(new_address):
    async with (
        serving((new_address(), 80), naming(b"a")) as a,
        serving((new_address(), 80), naming(b"b")) as b,
        node_port(new_address(), (a, b)) as port,
    ):
        assert sorted([await ask(port.place) for _ in range(6)]) == [b"a"] * 3 + [b"b"] * 3


async def test_a_change_moves_new_connections_and_leaves_old_ones(new_address):
    async with (
        serving((new_address(), 80), naming(b"a")) as a,
        serving((new_address(), 80), naming(b"b")) as b,
        node_port(new_address(), (a,)) as port,
    ):
        reader, writer = await asyncio.open_connection(*port.place)
        assert await ask_on(reader, writer) == b"a"
        port.serve((b,))
        assert await ask(port.place) == b"b"
        assert await ask_on(reader, writer) == b"a"
        port.serve(())
        assert await ask_on(reader, writer) == b"a"
        writer.close()


async def test_without_endpoints_the_port_refuses_until_there_are_some(new_address):
    async with serving((new_address(), 80), naming(b"a")) as a, node_port(new_address(), ()) as port:
        with pytest.raises(ConnectionRefusedError):
            await ask(port.place)
        port.serve((a,))
        assert await ask(port.place) == b"a"
        port.serve(())
        with pytest.raises(ConnectionRefusedError):
            await ask(port.place)


async def test_whoever_is_sent_to_an_endpoint_that_went_away_is_cut_off(new_address):
    """kube-proxy rewrites packets and tries nobody else: half of the connections meet the endpoint that is gone."""
    gone = (new_address(), 80)
    async with serving((new_address(), 80), naming(b"a")) as a, node_port(new_address(), (gone, a)) as port:
        for _ in range(2):
            with pytest.raises(ConnectionResetError):
                await ask(port.place)
            assert await ask(port.place) == b"a"


async def test_a_half_closed_connection_still_carries_the_answer(new_address):
    async def after_everything(reader, writer):
        writer.write(b"read %d" % len(await reader.read()))

    async with serving((new_address(), 80), after_everything) as a, node_port(new_address(), (a,)) as port:
        reader, writer = await asyncio.open_connection(*port.place)
        writer.write(b"x" * 100_000)
        writer.write_eof()
        assert await reader.read() == b"read 100000"
        writer.close()


async def test_a_server_that_speaks_first_loses_no_byte(new_address):
    async def greet(reader, writer):
        writer.write(b"welcome\n")
        await reader.read()

    async with serving((new_address(), 80), greet) as a, node_port(new_address(), (a,)) as port:
        for _ in range(20):
            reader, writer = await asyncio.open_connection(*port.place)
            assert await reader.readline() == b"welcome\n"
            writer.close()


async def test_a_slow_reader_holds_the_sender_back(new_address):
    sent = 0

    async def flood(reader, writer):
        nonlocal sent
        for _ in range(1000):
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    async with serving((new_address(), 80), flood) as a, node_port(new_address(), (a,)) as port:
        _, writer = await asyncio.open_connection(*port.place, limit=1024)
        await asyncio.sleep(0.3)
        assert 0 < sent < 30_000_000
        writer.transport.abort()


async def test_closing_cuts_what_is_established(new_address):
    async with serving((new_address(), 80), naming(b"a")) as a, node_port(new_address(), (a,)) as port:
        reader, writer = await asyncio.open_connection(*port.place)
        assert await ask_on(reader, writer) == b"a"
        port.close()
        assert await reader.read() == b""
        assert not port.connections
        writer.close()
