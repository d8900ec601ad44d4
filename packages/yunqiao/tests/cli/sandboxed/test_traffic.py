"""Requests are counted by who answered, and everything that is not an answer is a failure."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from yunqiao.cli.sandboxed.traffic import Tally, flow, send

POD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npod-1 on worker-1\n"


@asynccontextmanager
async def server(answer: Callable[[], bytes]) -> AsyncIterator[tuple[str, int]]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer())
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()


async def test_answers_are_counted_by_pod() -> None:
    names = iter(["pod-1", "pod-2", "pod-1"])
    tally = Tally()
    async with server(lambda: POD.replace(b"pod-1", next(names).encode())) as (host, port):
        await send(host, port, 3, tally)
    assert tally.pods == {"pod-1": 2, "pod-2": 1}
    assert tally.total == 3


async def test_an_answer_without_a_pod_s_name_or_with_another_status_is_a_failure() -> None:
    for answer in (b"HTTP/1.1 503 No\r\n\r\npod-1 on worker-1", b"HTTP/1.1 200 OK\r\n\r\nhello", b""):
        tally = Tally()
        async with server(lambda answer=answer: answer) as (host, port):  # type: ignore[misc]  # a default, to bind it now
            await send(host, port, 1, tally)
        assert not tally.pods
        assert tally.failures.total() == 1


async def test_a_refused_connection_is_a_failure() -> None:
    async with server(lambda: POD) as (host, port):
        pass
    tally = Tally()
    await send(host, port, 2, tally)
    assert tally.failures.total() == tally.total == 2


async def test_a_flow_that_is_stopped_still_counts_the_requests_under_way() -> None:
    tally = Tally()
    async with server(lambda: POD) as (host, port):
        load = asyncio.create_task(flow(host, port, 200, tally))
        async with asyncio.timeout(5):
            while tally.total < 10:
                await asyncio.sleep(0.01)
        load.cancel()
        await asyncio.gather(load, return_exceptions=True)
    assert tally.pods.total() == tally.total >= 10
