import asyncio
from contextlib import asynccontextmanager

import pytest

from kubesim.hollow.answering import LARGEST_HEAD, Answer, AnsweringServer

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@asynccontextmanager
async def connection_to(address, answer=lambda: Answer(b"hi")):
    server = AnsweringServer(answer)
    server.listen(address, 8080)
    reader, writer = await asyncio.open_connection(address, 8080)
    try:
        yield reader, writer
    finally:
        writer.close()
        server.close()
        await asyncio.sleep(0.01)


async def test_a_kept_alive_connection_carries_one_request_after_another(address):
    async with connection_to(address) as (reader, writer):
        for _ in range(3):
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await reader.readexactly(len(HELLO)) == HELLO


async def test_pipelined_requests_are_all_answered(address):
    async with connection_to(address) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n\r\n" * 5)
        assert await reader.readexactly(len(HELLO) * 5) == HELLO * 5


async def test_a_request_that_arrives_in_pieces_is_answered_once(address):
    async with connection_to(address) as (reader, writer):
        for piece in (b"GET / HT", b"TP/1.1\r\nHost: x\r", b"\n\r", b"\nGET / HTTP/1.1\r\n\r\n"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.005)
        assert await reader.readexactly(len(HELLO) * 2) == HELLO * 2


async def test_head_gets_the_headers_alone(address):
    async with connection_to(address) as (reader, writer):
        writer.write(b"HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"Content-Length: 2\r\nConnection: close\r\n\r\n")


async def test_a_body_is_read_and_forgotten(address):
    async with connection_to(address) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: 18\r\n\r\n" + b"GET / HTTP/1.1\r\n\r\n")
        writer.write(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).count(b"200 OK") == 2


async def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(address):
    async with connection_to(address) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\nConnection: close", b"GET / HTTP/1.0"])
async def test_a_client_that_wants_no_more_is_hung_up_on(address, head):
    async with connection_to(address) as (reader, writer):
        writer.write(head + b"\r\n\r\n")
        assert (await reader.read()).endswith(b"Connection: close\r\n\r\nhi")


@pytest.mark.parametrize("head", [b"hello", b"GET / HTTP/1.1\r\nnonsense", b"GET / HTTP/1.1\r\nContent-Length: x"])
async def test_what_is_no_request_is_refused(address, head):
    async with connection_to(address) as (reader, writer):
        writer.write(head + b"\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400 Bad Request\r\n")


async def test_a_head_without_end_is_refused(address):
    async with connection_to(address) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * LARGEST_HEAD)
        assert (await reader.read()).startswith(b"HTTP/1.1 431 ")


async def test_the_answer_may_change_between_two_requests(address):
    answers = iter([Answer(b"one"), Answer(b"two", status=503, last=True)])
    async with connection_to(address, lambda: next(answers)) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert (await reader.readexactly(41)).endswith(b"one")
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await reader.read() == (
            b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\nConnection: close\r\n\r\ntwo"
        )
