"""What a client sees of the Service: it connects to the listeners' addresses, over TCP, TLS, HTTP and UDP."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.annotations.console import Console
from tests.annotations.flying import elapse, flying
from tests.annotations.places import CLIENT, PORT

from yunsim.carrying import Carrying


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

    async def lives(self) -> bool:
        """Whether nobody has ended it."""
        await asyncio.sleep(0.002)
        return not self.reader.at_eof() and self.reader.exception() is None

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


@dataclass
class Traffic(Console):
    """The clients' side of a stage."""

    carrying: Carrying
    _kept: list[Conversation] = field(default_factory=list, kw_only=True)

    def address(self, protocol: str, port: int = PORT) -> tuple[str, int]:
        return self.carrying.engine.ports()[self.balancer["LoadBalancerId"], protocol, port]

    async def open(self, protocol: str = "tcp", port: int = PORT, client: str = CLIENT, **secure: Any) -> Conversation:
        """A connection, not yet used."""
        made = await asyncio.open_connection(*self.address(protocol, port), local_addr=(client, 0), **secure)
        self._kept.append(Conversation(*made))
        return self._kept[-1]

    async def hold(self, **how: Any) -> Conversation:
        """A TCP connection that has reached a backend, whose name it knows."""
        made = await self.open(**how)
        made.backend = (await made.say("hello"))["backend"]
        return made

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
        made = await self.open(protocol, **how)
        cookies = [f"Cookie: {cookie}"] if cookie else []
        head = [f"GET {path} HTTP/1.1", "Host: shop.example", *cookies, "", ""]
        made.writer.write("\r\n".join(head).encode())
        try:
            return await _answer(made.reader)
        except (ConnectionError, asyncio.IncompleteReadError):
            return Answer(0, [], {})
        finally:
            await made.close()

    async def send(self, text: str = "hello") -> dict[str, Any]:
        """What a backend tells of a datagram from a new client; empty when nobody answers for a second.

        Backends that were never checked get a moment for that: a datagram does not wait for it as a connection does.
        """
        await elapse(1)
        loop = asyncio.get_running_loop()
        made = await loop.create_datagram_endpoint(_Answers, remote_addr=self.address("udp"))
        transport, answers = made
        transport.sendto(text.encode())
        try:
            with flying():
                return json.loads(await asyncio.wait_for(answers.first, 1.0))
        except TimeoutError:
            return {}
        finally:
            transport.close()

    async def hang_up(self) -> None:
        """End every connection."""
        for kept in self._kept:
            await kept.close()


class _Answers(asyncio.DatagramProtocol):
    """The first datagram that comes back."""

    def __init__(self) -> None:
        self.first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if not self.first.done():
            self.first.set_result(data)


async def _answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    pairs = [line.partition(":") for line in head[1:] if line]
    headers = [(name, value.strip()) for name, _, value in pairs]
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    body = await reader.readexactly(length)
    status = int(head[0].split(" ")[1])
    return Answer(status, headers, json.loads(body) if status == 200 else {})
