"""The client itself: it keeps its pace and hides nothing."""

import asyncio
from contextlib import asynccontextmanager

from tests.loss.load import Load

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npod on n\n"


@asynccontextmanager
async def answering(answer):
    """A server whose connections are served by that coroutine function; gives its address and port."""

    async def serve(reader, writer):
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    try:
        yield server.sockets[0].getsockname()
    finally:
        server.close()
        await asyncio.sleep(0.05)


async def test_good_answers_are_counted_by_pod():
    async def answer(writer):
        writer.write(GOOD)

    async with answering(answer) as place, Load(*place) as load:
        await asyncio.sleep(0.5)
    assert load.pods == {"pod": load.sent}
    assert load.sent >= 50
    assert not load.failures


async def test_the_pace_does_not_wait_for_answers():
    async def answer(writer):
        await asyncio.sleep(0.4)
        writer.write(GOOD)

    async with answering(answer) as place, Load(*place) as load:
        await asyncio.sleep(0.5)
    assert load.pace >= 100
    assert load.pods == {"pod": load.sent}


async def test_refusals_cuts_and_bad_answers_are_failures_with_time_and_kind():
    answers = [b"", b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", GOOD[:30]]

    async def answer(writer):
        writer.write(answers[0])
        answers.append(answers.pop(0))
        writer.close()

    async with answering(answer) as place, Load(*place) as load:
        await asyncio.sleep(0.2)
    assert len(load.failures) == load.sent
    assert {one.way for one in load.failures} == {"fresh", "kept"}
    assert any("502" in one.kind for one in load.failures)
    assert all(0 <= one.at <= 0.3 for one in load.failures)
    async with Load(*place) as refused:
        await asyncio.sleep(0.1)
    assert len(refused.failures) == refused.sent > 0
    assert all("Connect call failed" in one.kind for one in refused.failures)


async def test_a_kept_connection_that_was_closed_in_good_order_is_a_repetition_and_no_failure():
    async def answer(writer):
        writer.write(GOOD)
        writer.close()

    async with answering(answer) as place, Load(*place) as load:
        await asyncio.sleep(0.3)
    assert not load.failures
    assert load.pods["pod"] == load.sent
