import asyncio
import gc

import pytest

from kubesim.hollow.door import Door


class Guest(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        transport.write(b"welcome")


@pytest.fixture
def place(address):
    return address, 8080


async def test_whoever_comes_gets_a_protocol(place):
    door = Door(place, Guest)
    for _ in range(3):
        reader, writer = await asyncio.open_connection(*place)
        assert await reader.readexactly(7) == b"welcome"
        writer.close()
    door.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*place)


async def test_connections_outlive_the_door(place):
    door = Door(place, Guest)
    reader, writer = await asyncio.open_connection(*place)
    await reader.readexactly(7)
    door.close()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(), 0.05)
    writer.close()


async def test_a_place_that_is_taken_is_refused(place):
    door = Door(place, Guest)
    with pytest.raises(OSError, match="in use"):
        Door(place, Guest)
    door.close()


@pytest.mark.parametrize("turns", range(4))
async def test_whoever_is_just_coming_in_when_the_door_closes_is_not_left_waiting(place, turns):
    """However far the event loop has come with them."""
    door = Door(place, Guest)
    coming = [asyncio.create_task(asyncio.open_connection(*place)) for _ in range(5)]
    for _ in range(turns + 1):
        await asyncio.sleep(0)
    door.close()
    for came in await asyncio.gather(*coming, return_exceptions=True):
        if isinstance(came, ConnectionError):
            continue
        reader, writer = came
        try:
            async with asyncio.timeout(0.5):
                told = await reader.read(7)
        except ConnectionError:
            told = b""
        assert told in (b"", b"welcome")
        writer.close()
    await asyncio.sleep(0.01)
    gc.collect()  # a connection that nobody has ended would be told as a warning, which is an error here
