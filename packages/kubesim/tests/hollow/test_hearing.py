import asyncio

from kubesim.hollow.hearing import MISSES, Hearing
from kubesim.hollow.homes import HERE


async def test_a_machine_is_silent_after_some_misses_and_heard_of_again_at_once(address, monkeypatch):
    monkeypatch.setattr("kubesim.hollow.hearing.EVERY", 0.02)
    heard: asyncio.Queue[bool] = asyncio.Queue()
    hearing = asyncio.create_task(Hearing(HERE, (address, 6443), heard.put_nowait).run())
    assert await asyncio.wait_for(heard.get(), 5) is False
    server = await asyncio.start_server(lambda _, writer: writer.close(), address, 6443)
    assert await asyncio.wait_for(heard.get(), 5) is True
    server.close()
    await server.wait_closed()
    assert await asyncio.wait_for(heard.get(), 5) is False
    hearing.cancel()
    assert heard.empty()
    assert MISSES > 1
