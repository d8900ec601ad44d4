"""HTTP backends that tell what they were asked, and clients: one reads exactly one response, one speaks HTTP/2."""

import asyncio
import contextlib
import datetime
import ssl
from dataclasses import dataclass, field

import h2.connection
import h2.events
import pytest

from yunsim.certificates import self_signed
from yunsim.dataplane.engine import Certificate, Tls
from yunsim.dataplane.loopback import key_of


@dataclass
class Origin:
    """A keep-alive backend: the path chooses how it answers."""

    name: str
    connections: int = 0
    parts: int = 512
    sent: int = 0
    opened: asyncio.Event = field(default_factory=asyncio.Event)
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
        if path == b"/deaf":
            await asyncio.sleep(3600)
        if path == b"/hasty":
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
            await writer.drain()
            await asyncio.sleep(3600)
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
            await reader.read(1)  # until the connection is taken away
            return False
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
        elif path == b"/echo":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(self.bodies[-1]))
            writer.write(self.bodies[-1])
        elif path == b"/gate":
            await self.opened.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npass")
        elif path == b"/parts":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            await self.opened.wait()
            writer.write(b"0\r\n\r\n")
        elif path == b"/trailers":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
            writer.write(b"3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n")
        elif path == b"/text":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 900\r\n\r\n" + b"abc" * 300)
        else:
            cookie = b"Set-Cookie: shop=cart7; Path=/cart\r\n" if path == b"/cookie" else b""
            writer.write(b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n" % (cookie, len(body)))
            writer.write(b"" if head.startswith(b"HEAD") else body)
        return b"connection: close" not in head.lower()

    async def big(self, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (self.parts << 16))
        for _ in range(self.parts):
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


@pytest.fixture(scope="session")
def shop():
    """The certificate of shop.example."""
    made = self_signed("shop.example", ["shop.example"], datetime.datetime.now(datetime.UTC) + datetime.timedelta(1))
    return Certificate("shop", made.pem, made.private_key)


@pytest.fixture
async def http2(site, shop):
    """`await http2(count, **settings)`: an HTTPS listener with HTTP/2 switched on, and its backends."""

    async def start(count=1, **settings):
        return await site(count, **{"protocol": "https", "tls": Tls((shop,), "1_2", http2=True), **settings})

    return start


@dataclass
class Reply:
    """What has come of one response in HTTP/2.

    `bare` tells that its fields ended it, `reset` is the error code of a RST_STREAM.
    """

    fields: dict = field(default_factory=dict)
    interim: list = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    bare: bool = False
    ended: bool = False
    reset: int | None = None

    @property
    def status(self):
        return self.fields.get(b":status")


class Browser:
    """A client of one connection in HTTP/2. While `greedy` it gives the windows back that responses take."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.h2 = h2.connection.H2Connection()
        self.h2.initiate_connection()
        self.greedy = True
        self.replies = {}
        self.goaway = None
        self.uploaded = 0
        self.closed = False
        self._news = asyncio.Condition()
        self.write()
        self._reading = asyncio.create_task(self._read())

    def write(self, raw=b""):
        self.writer.write(self.h2.data_to_send() + raw)

    async def _read(self):
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while data := await self.reader.read(65536):
                for event in self.h2.receive_data(data):
                    self._take(event)
                self.write()
                async with self._news:
                    self._news.notify_all()
        self.closed = True
        async with self._news:
            self._news.notify_all()

    def _take(self, event):
        reply = self.replies.setdefault(getattr(event, "stream_id", 0), Reply())
        if isinstance(event, h2.events.InformationalResponseReceived):
            reply.interim.append(dict(event.headers)[b":status"])
        elif isinstance(event, h2.events.ResponseReceived):
            reply.fields, reply.bare = dict(event.headers), event.stream_ended is not None
        elif isinstance(event, h2.events.DataReceived):
            reply.body += event.data
            if self.greedy:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            reply.ended = True
        elif isinstance(event, h2.events.StreamReset):
            reply.reset = int(event.error_code)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = int(event.error_code)
            if not self.goaway:  # h2 would take nothing more; other clients wait for what they have asked
                self.h2.state_machine.state = h2.connection.ConnectionState.CLIENT_OPEN

    async def until(self, met):
        """Wait until something has come about."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(met)

    def ask(self, path="/", *fields, method="GET", host="shop.example", ends=True):
        """Send the head of a request; returns its stream."""
        stream = self.h2.get_next_available_stream_id()
        head = [(":method", method), (":scheme", "https"), (":authority", host), (":path", path), *fields]
        self.h2.send_headers(stream, head, end_stream=ends)
        self.write()
        return stream

    async def upload(self, stream, body):
        """Send a body as fast as the windows allow."""
        position = 0
        while position < len(body):
            await self.until(lambda: self.h2.local_flow_control_window(stream) > 0)
            size = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            part = body[position : position + size]
            position += len(part)
            self.h2.send_data(stream, part, end_stream=position == len(body))
            self.uploaded += len(part)
            self.write()

    async def reply(self, stream):
        """The whole response, or what of it had come when it was reset."""
        reply = self.replies.setdefault(stream, Reply())
        await self.until(lambda: reply.ended or reply.reset is not None or self.closed)
        return reply

    async def get(self, path="/", *fields, **more):
        return await self.reply(self.ask(path, *fields, **more))

    async def close(self):
        self._reading.cancel()
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


@pytest.fixture
async def browse(rig, shop):
    """`await browse(listener)`: a Browser at an HTTPS listener."""
    browsers = []

    async def start(listener, name="shop.example"):
        context = ssl.create_default_context(cadata=shop.pem)
        context.set_alpn_protocols(["h2", "http/1.1"])
        context.check_hostname = name == "shop.example"
        address = rig.engine.ports()[key_of(listener)]
        reader, writer = await asyncio.open_connection(*address, ssl=context, server_hostname=name)
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
        browsers.append(Browser(reader, writer))
        return browsers[-1]

    yield start
    for browser in browsers:
        await browser.close()
