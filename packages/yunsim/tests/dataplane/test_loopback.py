import asyncio
import socket
from dataclasses import replace

import pytest

from yunsim.dataplane.engine import HealthCheck
from yunsim.dataplane.loopback import Loopback, key_of

OFF = HealthCheck(kind="off")


async def test_a_removed_listener_refuses_connections_and_resets_those_it_had(rig):
    listener = rig.listener([(await rig.server()).backend()])
    await rig.apply(listener)
    reader, writer = await rig.connect(listener)
    assert await reader.readline() == b"b0\n"
    address = rig.engine.ports()[key_of(listener)]
    await rig.engine.apply([])
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*address)
    with pytest.raises(ConnectionResetError):
        await reader.readexactly(1)
    writer.close()
    assert rig.engine.ports() == {}


async def test_a_change_of_backends_leaves_connections_where_they_are(rig):
    old, new = await rig.server(), await rig.server()
    listener = rig.listener([old.backend()])
    await rig.apply(listener)
    reader, writer = await rig.connect(listener)
    assert await reader.readline() == b"b0\n"
    port = rig.engine.ports()
    await rig.apply(rig.listener([new.backend()]))
    assert rig.engine.ports() == port
    assert await rig.ask(listener) == "b1"
    writer.write(b"still b0")
    assert await reader.readexactly(8) == b"still b0"
    writer.close()
    await writer.wait_closed()


async def test_a_whole_new_set_of_backends_is_waited_for(rig):
    old, new = await rig.server(), await rig.server()
    listener = rig.listener([old.backend()])
    await rig.apply(listener)
    await rig.engine.apply([rig.listener([new.backend()])])
    assert await rig.ask(listener) == "b1"


async def test_a_listener_with_another_address_moves(rig):
    server = await rig.server()
    await rig.apply(rig.listener([server.backend()]))
    moved = rig.listener([server.backend()], address="127.0.2.9")
    await rig.apply(moved)
    assert rig.engine.ports()[key_of(moved)][0] == "127.0.2.9"
    assert await rig.ask(moved) == "b0"


async def test_a_change_opens_closes_and_changes_what_it_names_and_leaves_the_rest_alone(rig):
    first, second = await rig.server(), await rig.server()
    kept, gone = rig.listener([first.backend()], load_balancer_id="kept"), rig.listener([first.backend()])
    await rig.apply(kept, gone)
    port = rig.engine.ports()[key_of(kept)]
    reader, writer = await rig.connect(kept)
    assert await reader.readline() == b"b0\n"
    added = rig.listener([second.backend()], load_balancer_id="added")
    await rig.engine.change([key_of(gone), ("unknown", "tcp", 1)], [added])
    assert rig.engine.ports().keys() == {key_of(kept), key_of(added)}
    assert rig.engine.ports()[key_of(kept)] == port
    assert await rig.ask(added) == "b1"
    assert await rig.ask(kept) == "b0"
    await rig.engine.change([], [rig.listener([second.backend()], load_balancer_id="kept")])
    assert await rig.ask(kept) == "b1"
    writer.write(b"still b0")
    assert await reader.readexactly(8) == b"still b0"
    writer.close()
    await writer.wait_closed()


async def test_a_change_elsewhere_tries_a_port_again_that_was_in_use(rig):
    server = await rig.server()
    with socket.create_server(("127.0.2.4", 0)) as other:
        bad = rig.listener([server.backend()], address="127.0.2.4", port=other.getsockname()[1])
        await rig.apply(bad)
    await rig.engine.change([], [])
    assert rig.engine.errors() == {}
    assert await rig.ask(bad) == "b0"


async def test_a_backend_of_two_listeners_is_probed_until_the_last_one_is_gone(rig):
    server = await rig.server()
    one, other = rig.listener([server.backend()]), rig.listener([server.backend()], load_balancer_id="lb-2")
    await rig.apply(one, other)
    await rig.engine.change([key_of(one)], [])
    assert await rig.ask(other) == "b0"
    assert len(rig.engine._checks._tasks) == 1
    await rig.engine.change([key_of(other)], [])
    assert rig.engine._checks._tasks == {}


def refuse_privileged(sock, address):
    if 0 < address[1] < 1024:
        raise PermissionError(13, "Permission denied")
    sock.bind(address)


async def test_a_port_that_needs_privileges_is_mapped_twenty_thousand_higher(rig):
    rig.engine = Loopback(bind=refuse_privileged)
    listener = rig.listener([(await rig.server()).backend()], port=997, address="127.0.2.77")
    await rig.apply(listener)
    assert rig.engine.ports() == {("lb-1", "tcp", 997): ("127.0.2.77", 20997)}
    assert await rig.ask(listener) == "b0"


async def test_a_mapped_port_that_is_taken_gives_way_to_a_free_one(rig):
    rig.engine = Loopback(bind=refuse_privileged)
    with socket.create_server(("127.0.2.78", 20996)):
        listener = rig.listener([(await rig.server()).backend()], port=996, address="127.0.2.78")
        await rig.apply(listener)
        assert rig.engine.ports()[key_of(listener)][1] not in (996, 20996)
        assert await rig.ask(listener) == "b0"


async def test_a_port_in_use_is_an_error_of_that_listener_alone_and_is_tried_again(rig):
    server = await rig.server()
    good = rig.listener([server.backend()], load_balancer_id="lb-good")
    with socket.create_server(("127.0.2.3", 0)) as other:
        bad = rig.listener([server.backend()], address="127.0.2.3", port=other.getsockname()[1])
        await rig.apply(bad, good)
        assert "in use" in rig.engine.errors()[key_of(bad)]
        assert rig.engine.ports().keys() == {key_of(good)}
        assert await rig.ask(good) == "b0"
    await rig.apply(bad, good)
    assert rig.engine.errors() == {}
    assert await rig.ask(bad) == "b0"


async def test_closing_leaves_nothing_open(rig):
    listener = rig.listener([(await rig.server()).backend()])
    before = len(asyncio.all_tasks())
    await rig.apply(listener)
    assert len(asyncio.all_tasks()) > before
    _, writer = await rig.connect(listener)
    await rig.engine.close()
    assert rig.engine.ports() == {}
    assert rig.engine.health() == {}
    writer.close()
    while len(asyncio.all_tasks()) > before:
        await asyncio.sleep(0.005)


async def test_a_listener_is_found_at_its_further_addresses_with_the_same_turns(rig):
    servers = [await rig.server() for _ in range(2)]
    backends = [server.backend() for server in servers]
    port = free_port("127.0.2.1")
    listener = rig.listener(backends, port=port, also_at=("127.0.2.2",))
    await rig.apply(listener)
    kept, stays = await rig.connect(listener)
    assert await kept.readline() == b"b0\n"
    reader, writer = await asyncio.open_connection("127.0.2.2", port)
    assert await reader.readline() == b"b1\n"
    await rig.engine.change((), [replace(listener, also_at=())])
    with pytest.raises(ConnectionResetError):
        await reader.readexactly(1)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.2.2", port)
    stays.write(b"still here\n")
    assert await kept.readline() == b"still here\n"
    for each in (writer, stays):
        each.close()


def free_port(address):
    with socket.socket() as sock:
        sock.bind((address, 0))
        return sock.getsockname()[1]
