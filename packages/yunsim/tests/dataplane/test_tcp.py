import asyncio
import contextlib
import hashlib
import socket
from ipaddress import ip_network

import pytest

from yunsim.dataplane.engine import AccessControl, HealthCheck
from yunsim.dataplane.loopback import key_of
from yunsim.dataplane.proxy_protocol import header
from yunsim.dataplane.tcp import reset_transport

OFF = HealthCheck(kind="off")


async def test_bytes_travel_both_ways(rig):
    listener = rig.listener([(await rig.server()).backend()])
    await rig.apply(listener)
    reader, writer = await rig.connect(listener)
    writer.write(b"hello")
    assert await reader.readexactly(len(b"b0\nhello")) == b"b0\nhello"
    writer.close()
    await writer.wait_closed()


async def test_the_end_of_what_the_client_sends_leaves_the_answer_open(rig):
    async def count(reader, writer):
        writer.write(b"%d" % len(await reader.read(-1)))

    listener = rig.listener([(await rig.server(count)).backend()])
    await rig.apply(listener)
    reader, writer = await rig.connect(listener)
    writer.write(b"x" * 1000)
    writer.write_eof()
    assert await reader.read(-1) == b"1000"
    writer.close()
    await writer.wait_closed()


async def test_the_end_of_what_the_backend_sends_leaves_the_client_free_to_send(rig):
    received = asyncio.get_running_loop().create_future()

    async def speak_first(reader, writer):
        writer.write(b"done")
        writer.write_eof()
        data = await reader.read(-1)
        if data:  # a health check sends nothing
            received.set_result(data)

    listener = rig.listener([(await rig.server(speak_first)).backend()])
    await rig.apply(listener)
    reader, writer = await rig.connect(listener)
    assert await reader.read(-1) == b"done"
    writer.write(b"still here")
    writer.write_eof()
    assert await received == b"still here"
    writer.close()
    await writer.wait_closed()


async def test_a_big_transfer_to_a_slow_reader_arrives_whole_and_is_held_back(rig):
    size, sent = 64 * 1024 * 1024, 0

    async def send(reader, writer):
        nonlocal sent
        chunk = b"0123456789abcdef" * 4096
        while sent < size:
            writer.write(chunk)
            await writer.drain()
            sent += len(chunk)

    server = await rig.server(send)
    listener = rig.listener([server.backend()])
    await rig.engine.apply([rig.listener([server.backend()], health_check=OFF)])
    reader, writer = await rig.connect(listener)
    await asyncio.sleep(0.3)
    assert sent < size / 2, "the backend must wait for the client"
    digest, received = hashlib.sha256(), 0
    while data := await reader.read(1 << 20):
        digest.update(data)
        received += len(data)
    assert received == size
    assert digest.digest() == hashlib.sha256(b"0123456789abcdef" * (size // 16)).digest()
    writer.close()
    await writer.wait_closed()


async def test_a_backend_that_resets_resets_the_client(rig):
    async def abort(reader, writer):
        await reader.readexactly(1)
        reset_transport(writer.transport)

    listener = rig.listener([(await rig.server(abort)).backend()])
    await rig.apply(listener)
    reader, writer = await rig.connect(listener)
    writer.write(b"x")
    with pytest.raises(ConnectionResetError):
        await reader.readexactly(1)
    await closed(writer)


async def test_a_connection_idle_for_the_established_timeout_is_reset(rig):
    listener = rig.listener([(await rig.server()).backend()], established_timeout=0.2)
    await rig.apply(listener)
    reader, writer = await rig.connect(listener)
    assert await reader.readline() == b"b0\n"
    for _ in range(5):  # what is in use stays
        await asyncio.sleep(0.08)
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
    with pytest.raises(ConnectionResetError):
        await reader.readexactly(1)
    await closed(writer)


async def test_a_client_is_reset_when_every_backend_refuses(rig):
    first, second = await rig.server(), await rig.server()
    listener = rig.listener([first.backend(), second.backend()], health_check=OFF)
    await rig.engine.apply([listener])
    await first.stop()
    await second.stop()
    assert await rig.ask(listener) == ""


async def test_another_backend_takes_what_the_first_refuses(rig):
    first, second = await rig.server(), await rig.server()
    listener = rig.listener([first.backend(), second.backend()], health_check=OFF)
    await rig.engine.apply([listener])
    await first.stop()
    assert [await rig.ask(listener) for _ in range(4)] == ["b1"] * 4
    service = rig.service()
    refused = next(target for target in service.pool.targets if target.backend.key == "b0")
    assert refused.active == 0


async def test_connections_return_their_count_when_they_end(rig):
    listener = rig.listener([(await rig.server()).backend()])
    await rig.apply(listener)
    assert [await rig.ask(listener) for _ in range(5)] == ["b0"] * 5
    service = rig.service()
    async with asyncio.timeout(2):
        while service.sweeper.members:
            await asyncio.sleep(0.005)
    assert [target.active for target in service.pool.targets] == [0]
    assert service.sweeper._timer is None, "no timer without connections"


async def test_two_hundred_clients_see_no_failure_while_backends_change_twenty_times(rig):
    servers = [await rig.server() for _ in range(4)]
    listener = rig.listener([server.backend() for server in servers])
    await rig.apply(listener)
    stop = asyncio.Event()

    async def client() -> int:
        turns = 0
        reader, writer = await rig.connect(listener)  # one that stays
        name = await reader.readline()
        while not stop.is_set():
            assert (await rig.ask(listener)).startswith("b")
            writer.write(b"ping")
            assert await reader.readexactly(4) == b"ping"
            turns += 1
        writer.close()
        await writer.wait_closed()
        return turns if name else 0

    clients = [asyncio.create_task(client()) for _ in range(200)]
    for change in range(20):
        await asyncio.sleep(0.05)
        present = [server for index, server in enumerate(servers) if index != change % 4]
        weights = [1 + change % 3, 100, 50]
        changed = [server.backend(weight) for server, weight in zip(present, weights, strict=True)]
        await rig.engine.apply([rig.listener(changed, scheduler=("rr", "wrr", "wlc")[change % 3])])
    stop.set()
    assert min(await asyncio.gather(*clients)) > 0


async def closed(writer):
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


def only(kind, *blocks):
    return AccessControl(kind, tuple(ip_network(block) for block in blocks))


@pytest.mark.parametrize(
    ("access", "answer"),
    [
        (only("white", "127.0.0.1/32"), "b0"),
        (only("white", "127.0.0.2/32"), ""),
        (only("black", "127.0.0.0/24"), ""),
        (only("black", "10.0.0.0/8"), "b0"),
    ],
)
async def test_a_client_that_the_access_control_keeps_out_is_reset(rig, access, answer):
    listener = rig.listener([(await rig.server()).backend()], access=access)
    await rig.apply(listener)
    assert await rig.ask(listener) == answer


async def test_a_changed_access_control_concerns_new_connections_only(rig):
    server = await rig.server()
    listener = rig.listener([server.backend()])
    await rig.apply(listener)
    reader, writer = await rig.connect(listener)
    assert await reader.readline() == b"b0\n"
    await rig.apply(rig.listener([server.backend()], access=only("black", "127.0.0.0/8")))
    assert await rig.ask(listener) == ""
    writer.write(b"still here")
    assert await reader.readexactly(10) == b"still here"
    await closed(writer)


async def test_an_address_keeps_its_backend_while_that_takes_part(rig):
    servers = [await rig.server() for _ in range(3)]
    listener = rig.listener([server.backend() for server in servers], persistence_timeout=60.0)
    await rig.apply(listener)
    first = await rig.ask(listener)
    assert [await rig.ask(listener) for _ in range(5)] == [first] * 5
    weights = [server.backend(0 if server.name == first else 100) for server in servers]
    await rig.apply(rig.listener(weights, persistence_timeout=60.0))
    second = await rig.ask(listener)
    assert second not in ("", first)
    assert [await rig.ask(listener) for _ in range(5)] == [second] * 5
    await rig.apply(rig.listener([server.backend() for server in servers]))
    assert len({await rig.ask(listener) for _ in range(6)}) == 3, "switched off, turns are taken again"


async def first_line(rig, listener):
    reader, writer = await rig.connect(listener)
    assert await reader.readline()
    return reader, writer


async def ended(reader):
    """Whether the connection has been reset within half a second."""
    try:
        async with asyncio.timeout(0.5):
            return await reader.read(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


@pytest.mark.parametrize("leaving", ["weight 0", "removed"])
async def test_draining_cuts_the_connections_of_a_backend_that_leaves_once_its_time_is_over(rig, leaving):
    old, new = await rig.server(), await rig.server()
    listener = rig.listener([old.backend()], drain_timeout=0.2)
    await rig.apply(listener)
    reader, writer = await first_line(rig, listener)
    rest = [old.backend(0)] if leaving == "weight 0" else []
    await rig.apply(rig.listener([*rest, new.backend()], drain_timeout=0.2))
    assert await rig.ask(listener) == "b1"
    writer.write(b"in time")
    assert await reader.readexactly(7) == b"in time"
    assert await ended(reader)
    await closed(writer)


@pytest.mark.parametrize("settings", [{"drain_timeout": 0.1}, {}])
async def test_connections_stay_without_draining_or_when_the_backend_comes_back(rig, settings):
    server = await rig.server()
    listener = rig.listener([server.backend()], **settings)
    await rig.apply(listener)
    reader, writer = await first_line(rig, listener)
    await rig.apply(rig.listener([server.backend(0)], **settings))
    if settings:
        await rig.apply(rig.listener([server.backend(100)], **settings))
    assert not await ended(reader)
    writer.write(b"still here")
    assert await reader.readexactly(10) == b"still here"
    await closed(writer)


async def test_the_proxy_protocol_tells_the_backend_who_its_client_is(rig):
    received = asyncio.get_running_loop().create_future()

    async def keep(reader, writer):
        received.set_result(await reader.readexactly(28 + 5))

    listener = rig.listener([(await rig.server(keep)).backend()], health_check=OFF, proxy_protocol=True)
    await rig.apply(listener)
    _, writer = await rig.connect(listener)
    writer.write(b"hello")
    client, reached = writer.get_extra_info("sockname"), rig.engine.ports()[key_of(listener)]
    assert await received == header(socket.SOCK_STREAM, client, reached) + b"hello"
    await closed(writer)


async def test_a_hashed_source_address_always_has_the_same_backend(rig):
    servers = [await rig.server() for _ in range(4)]
    listener = rig.listener([server.backend() for server in servers], scheduler="sch")
    await rig.apply(listener)
    assert len({await rig.ask(listener) for _ in range(12)}) == 1


async def test_hashed_connections_spread(rig):
    servers = [await rig.server() for _ in range(4)]
    listener = rig.listener([server.backend() for server in servers], scheduler="tch")
    await rig.apply(listener)
    assert len({await rig.ask(listener) for _ in range(20)}) > 1
