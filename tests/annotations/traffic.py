"""What a client sees of the Service: it connects to the listeners' addresses, over TCP, TLS, HTTP and UDP."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.annotations.backends import Backend
from tests.annotations.console import Console
from tests.annotations.flying import elapse, flying
from tests.annotations.places import CLIENT, PORT

from yunsim.carrying import Carrying
from yunsim.dataplane.sockets import reset_on_close


@dataclass
class Answer:
    """What an HTTP client got; `told` is what the backend says of the request (empty when no backend answered)."""

    status: int
    headers: list[tuple[str, str]]
    told: Mapping[str, Any]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def backend(self) -> str:
        return self.told.get("backend", "")

    def cookies(self) -> dict[str, str]:
        pairs = (value.partition(";")[0].partition("=") for value in self.all("Set-Cookie"))
        return {name: value for name, _, value in pairs}


@dataclass
class Conversation:
    """A connection that a client keeps."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    backend: str = ""

    async def say(self, text: str) -> dict[str, Any]:
        self.writer.write(f"{text}\n".encode())
        return json.loads(await self.reader.readline())

    def ask(self, path: str, cookie: str = "") -> None:
        """Send an HTTP request."""
        cookies = [f"Cookie: {cookie}"] if cookie else []
        self.writer.write("\r\n".join([f"GET {path} HTTP/1.1", "Host: shop.example", *cookies, "", ""]).encode())

    async def lives(self) -> bool:
        """Whether nobody has ended it."""
        await asyncio.sleep(0.002)
        return not self.reader.at_eof() and self.reader.exception() is None

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def break_off(self) -> None:
        """End it, also with a request under way."""
        if not self.writer.is_closing():
            reset_on_close(self.writer.get_extra_info("socket"))
            self.writer.transport.abort()
        await self.close()


@dataclass
class Correspondence:
    """A client's datagrams with one backend after the other, all from one port."""

    transport: asyncio.DatagramTransport
    answers: "_Answers"
    backend: str = ""

    async def say(self, text: str) -> dict[str, Any]:
        """What is answered to a datagram; empty when nobody answers for a moment, which is real on a busy machine."""
        self.transport.sendto(text.encode())
        try:
            with flying(False):
                return json.loads(await asyncio.wait_for(self.answers.get(), 0.2))
        except TimeoutError:
            return {}

    async def lives(self) -> bool:
        """Whether its backend still gets what is sent."""
        return (await self.say("still there?")).get("backend") == self.backend

    async def close(self) -> None:
        self.transport.close()

    break_off = close


Held = Conversation | Correspondence


@dataclass
class Traffic(Console):
    """The clients' side of a stage; `trusted` is how they connect over TLS, `backends` is what answers, by name."""

    carrying: Carrying
    backends: dict[str, Backend] = field(default_factory=dict, kw_only=True)
    trusted: dict[str, Any] = field(default_factory=dict, kw_only=True)
    _kept: list[Held] = field(default_factory=list, kw_only=True)

    def address(self, protocol: str, port: int = PORT) -> tuple[str, int]:
        return self.carrying.engine.ports()[self.balancer["LoadBalancerId"], protocol, port]

    def on_wire(self, address: str) -> str:
        """Where an address of the API answers."""
        return self.bench.cloud.world.wire_address(address)

    async def open(
        self, protocol: str = "tcp", port: int = PORT, client: str = CLIENT, at: str = "", **secure: Any
    ) -> Conversation:
        """A connection, not yet used, to the balancer's own address or `at` another one."""
        own, number = self.address(protocol, port)
        how = secure or (self.trusted if protocol == "https" else {})
        made = Conversation(*await asyncio.open_connection(at or own, number, local_addr=(client, 0), **how))
        self._kept.append(made)
        return made

    async def correspond(self, port: int = PORT, client: str = CLIENT) -> Correspondence:
        """A client of UDP; backends that were never checked get a moment for that, which a datagram does not wait."""
        await elapse(1)
        loop = asyncio.get_running_loop()
        where = {"local_addr": (client, 0), "remote_addr": self.address("udp", port)}
        made = Correspondence(*await loop.create_datagram_endpoint(_Answers, **where))
        self._kept.append(made)
        return made

    async def hold(self, protocol: str = "tcp") -> Held:
        """A connection, a request under way or a client of UDP that has reached a backend, whose name it knows."""
        if protocol in ("http", "https"):
            return await self._hold_request(protocol)
        made = await (self.open() if protocol == "tcp" else self.correspond())
        made.backend = (await made.say("hello"))["backend"]
        return made

    async def _hold_request(self, protocol: str) -> Conversation:
        made = await self.open(protocol)
        path = f"/after/600/{len(self._kept)}"
        made.ask(path)
        while not made.backend:
            await asyncio.sleep(0.001)
            made.backend = next((name for name, each in self.backends.items() if path in each.asked), "")
        return made

    async def reach(self, protocol: str, **how: Any) -> str:
        """Which backend answers a new client; none when it is not let in, or nobody is there."""
        if protocol == "udp":
            return (await self.send(**how)).get("backend", "")
        if protocol == "tcp":
            return (await self.tell(**how)).get("backend", "")
        return (await self.get(protocol=protocol, **how)).backend

    async def tell(self, text: str = "hello", **how: Any) -> dict[str, Any]:
        """What a backend tells of a new TCP connection; empty when it is reset."""
        made = await self.open(**how)
        try:
            return await made.say(text)
        except (ConnectionError, json.JSONDecodeError):
            return {}
        finally:
            await made.close()

    async def get(self, path: str = "/", protocol: str = "http", cookie: str = "", **how: Any) -> Answer:
        """The answer to a request on a new connection; status 0 when the connection is reset."""
        try:
            made = await self.open(protocol, **how)
        except ConnectionResetError:
            return Answer(0, [], {})
        made.ask(path, cookie)
        try:
            return await _answer(made.reader)
        except (ConnectionError, asyncio.IncompleteReadError):
            return Answer(0, [], {})
        finally:
            await made.close()

    async def send(self, text: str = "hello", **how: Any) -> dict[str, Any]:
        """What a backend tells of a datagram from a new client; empty when nobody answers."""
        made = await self.correspond(**how)
        try:
            return await made.say(text)
        finally:
            await made.close()

    async def hang_up(self) -> None:
        """End every connection."""
        for kept in self._kept:
            await kept.close()


class _Answers(asyncio.Queue[bytes], asyncio.DatagramProtocol):
    """The datagrams that come back."""

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.put_nowait(data)


async def _answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    pairs = [line.partition(":") for line in head[1:] if line]
    headers = [(name, value.strip()) for name, _, value in pairs]
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    body = await reader.readexactly(length)
    status = int(head[0].split(" ")[1])
    return Answer(status, headers, json.loads(body) if status == 200 else {})
