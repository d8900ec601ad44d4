import asyncio

import pytest

from kubesim.hollow.pod_server import PodServer
from kubesim.hollow.wire import Wire

PORTS = frozenset({8080})


async def ask(address, port=8080):
    reader, writer = await asyncio.open_connection(address, port)
    writer.write(b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")
    reply = await reader.read()
    writer.close()
    return reply


async def test_a_pod_names_itself_and_its_node(address):
    pod = PodServer("nginx-1", "worker-1", address, Wire({}))
    pod.open(PORTS)
    reply = await ask(address)
    pod.close()
    assert b"X-Pod: nginx-1\r\nX-Node: worker-1\r\n" in reply
    assert reply.endswith(b"\r\n\r\nnginx-1 on worker-1\n")


async def test_a_pod_without_privilege_serves_port_80_at_20080(address):
    pod = PodServer("nginx-1", "worker-1", address, Wire({}, lowest_port=1024))
    pod.open(frozenset({80}))
    assert b"nginx-1" in await ask(address, 20080)
    pod.close()


async def test_a_draining_pod_answers_and_asks_the_client_to_leave(address):
    pod = PodServer("nginx-1", "worker-1", address, Wire({}))
    pod.open(PORTS)
    reader, writer = await asyncio.open_connection(address, 8080)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    await reader.readuntil(b"worker-1\n")
    pod.drain()
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    reply = await reader.read()
    assert b"Connection: close" in reply
    assert reply.endswith(b"nginx-1 on worker-1\n")
    writer.close()
    pod.close()


async def test_a_pod_that_stopped_refuses(address):
    pod = PodServer("nginx-1", "worker-1", address, Wire({}))
    pod.open(PORTS)
    pod.close()
    with pytest.raises(ConnectionRefusedError):
        await ask(address)
