"""HTTP backends that tell what they were asked, and a client that reads exactly one response."""

import asyncio
from dataclasses import dataclass, field

import pytest


@dataclass
class Origin:
    """A keep-alive backend: the path chooses how it answers."""

    name: str
    connections: int = 0
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            while await self.answer(reader, writer):
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass

    async def answer(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        path = head.split(b" ")[1]
        if path == b"/continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.bodies.append(await read_body(head, reader))
        body = self.name.encode()
        if path == b"/chunked":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n")
        elif path == b"/until-close":
            writer.write(b"HTTP/1.0 200 OK\r\n\r\nall of it")
            return False
        elif path == b"/silent":
            await asyncio.sleep(3600)
        elif path == b"/drop":
            return False
        elif path == b"/cut":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            return False
        elif path == b"/nonsense":
            writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        elif path == b"/upgrade":
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhi ")
            while data := await reader.read(100):
                writer.write(data)
            return False
        elif path == b"/big":
            await self.big(writer)
        else:
            cookie = b"Set-Cookie: shop=cart7; Path=/cart\r\n" if path == b"/cookie" else b""
            writer.write(b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n" % (cookie, len(body)))
            writer.write(b"" if head.startswith(b"HEAD") else body)
        return b"connection: close" not in head.lower()

    async def big(self, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (32 << 20))
        self.sent = 0
        for _ in range(512):
            writer.write(b"x" * 65536)
            await writer.drain()
            self.sent += 65536


async def read_body(head, reader):
    if b"content-length:" in head.lower():
        return await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
    if b"transfer-encoding: chunked" not in head.lower():
        return b""
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


async def read_response(reader, method=b"GET"):
    """(status line, head, body) of one response."""
    head = await reader.readuntil(b"\r\n\r\n")
    interim = head.startswith((b"HTTP/1.1 100", b"HTTP/1.1 101"))
    body = b"" if interim or method == b"HEAD" else await read_body(head, reader)
    return head.split(b"\r\n")[0].split(b" ", 1)[1], head, body


@pytest.fixture
async def origins(rig):
    """Start backends by `await origins(count)`."""

    async def start(count=1):
        made = []
        for _ in range(count):
            origin = Origin(f"b{len(rig.servers)}")
            made.append(origin)
            await rig.server(origin.serve)
        return made

    return start


@pytest.fixture
async def site(rig, origins):
    """`await site(count, **settings)`: a listener over that many backends, and the backends."""
    from yunsim.dataplane.engine import HealthCheck

    async def start(count=1, **settings):
        made = await origins(count)
        backends = [server.backend() for server in rig.servers]
        settings.setdefault("health_check", HealthCheck(kind="off"))
        listener = rig.listener(backends, **{"protocol": "http", **settings})
        await rig.apply(listener)
        return listener, made

    return start


@pytest.fixture
def read():
    return read_response
