import asyncio
import socket

import pytest

from yunsim.dataplane.engine import HealthCheck
from yunsim.dataplane.probes import probe

CLOSED = ("127.0.3.1", 9)


def answering(status_line, heads):
    """A backend that keeps what it was asked and answers with a status line."""

    async def answer(reader, writer):
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(status_line + b"\r\n\r\n")

    return answer


async def test_an_open_port_passes_and_a_closed_one_fails(rig):
    server = await rig.server()
    assert await probe(server.address, server.port, HealthCheck())
    assert not await probe(*CLOSED, HealthCheck())


@pytest.mark.parametrize(
    ("status_line", "codes", "passes"),
    [
        (b"HTTP/1.1 200 OK", ("http_2xx",), True),
        (b"HTTP/1.0 302 Found", ("http_2xx",), False),
        (b"HTTP/1.0 302 Found", ("http_2xx", "http_3xx"), True),
        (b"HTTP/1.1 503 Service Unavailable", ("http_2xx", "http_3xx"), False),
        (b"SSH-2.0-x", ("http_2xx",), False),
    ],
)
async def test_the_status_code_decides_an_http_probe(rig, status_line, codes, passes):
    server = await rig.server(answering(status_line, []))
    assert await probe(server.address, server.port, HealthCheck(kind="http", codes=codes)) == passes


async def test_an_http_probe_asks_as_configured(rig):
    heads = []
    server = await rig.server(answering(b"HTTP/1.1 200 OK", heads))
    check = HealthCheck(kind="http", method="get", uri="/ready?x=1", domain="shop.example")
    assert await probe(server.address, server.port, check)
    assert heads[0].startswith(b"GET /ready?x=1 HTTP/1.0\r\nHost: shop.example\r\n")


@pytest.mark.parametrize("domain", ["", "$_ip"])
async def test_an_http_probe_names_the_backends_address_as_host_by_default(rig, domain):
    heads = []
    server = await rig.server(answering(b"HTTP/1.1 200 OK", heads))
    await probe(server.address, server.port, HealthCheck(kind="http", domain=domain))
    assert f"Host: {server.address}\r\n".encode() in heads[0]


async def test_silence_fails_an_http_probe_after_its_timeout(rig):
    async def silent(reader, writer):
        await reader.read(-1)

    server = await rig.server(silent)
    started = asyncio.get_running_loop().time()
    assert not await probe(server.address, server.port, HealthCheck(kind="http", timeout=0.05))
    assert asyncio.get_running_loop().time() - started < 1


async def test_an_unreachable_port_fails_a_udp_probe_and_silence_passes():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.3.2", 0))
        assert await probe(*sock.getsockname(), HealthCheck(kind="udp"))
    assert not await probe(*CLOSED, HealthCheck(kind="udp"))


class Oracle(asyncio.DatagramProtocol):
    """Answers pong to ping, and nothing else."""

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        if data == b"ping":
            self.transport.sendto(b"pong", address)


@pytest.mark.parametrize(
    ("request_text", "expected", "passes"),
    [("ping", "pong", True), ("ping", "pongs", False), ("ping", "pon", False), ("hello", "pong", False)],
)
async def test_a_udp_probe_may_ask_and_expect_an_answer(request_text, expected, passes):
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Oracle, local_addr=("127.0.3.3", 0))
    check = HealthCheck(kind="udp", request=request_text, expected=expected, timeout=0.1)
    assert await probe(*transport.get_extra_info("sockname"), check) == passes
    transport.close()
