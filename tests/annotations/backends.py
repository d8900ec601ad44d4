"""Backends that tell what they received: over TCP, HTTP and UDP at one node port, and what the health checks asked.

A TCP connection is answered line by line, an HTTP request by request, a datagram one by one, always in JSON: who
answers, what was asked, and what a PROXY protocol header said of the client.
"""

import asyncio
import contextlib
import json
import socket
from dataclasses import dataclass, field
from typing import Any, cast

PROXY_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
PROBE = "KeepAliveClient"
"""The User-Agent of health checks."""
PING, PONG = "ping", "pong"
"""What a health check over UDP may ask, and what it is answered."""


@dataclass
class Probe:
    """One health check as a backend saw it; `at` is in seconds of the loop's time, `line` empty for a bare connect."""

    at: float
    line: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Backend:
    """One node's answering side, at its address and one port.

    `health` is the HTTP status that it gives to health checks, `delay` the seconds that it takes for it. `asked` are
    the paths of all other requests.
    """

    name: str
    address: str
    port: int
    health: int = 200
    delay: float = 0.0
    probes: list[Probe] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _transport: asyncio.DatagramTransport | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.address, self.port)
        await self.take_datagrams()

    async def take_datagrams(self) -> None:
        loop = asyncio.get_running_loop()
        made = await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=(self.address, self.port))
        self._transport = made[0]

    def refuse_datagrams(self) -> None:
        """Close the port, which whoever sends there is told."""
        if self._transport is not None:
            self._transport.close()

    async def stop(self) -> None:
        assert self._server is not None
        for _ in range(5):  # who has come last is a connection, which asyncio would lose once the server is closed
            await asyncio.sleep(0)
        self._server.close()
        self.refuse_datagrams()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None or not self._server.is_serving():  # accepted while stopping: a probe, most likely
            writer.transport.abort()
            return
        self._writers.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._talk(reader, writer)
        self._writers.discard(writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun = asyncio.get_running_loop().time()
        try:
            proxied, line = await _opening(reader)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.probes.append(Probe(begun))
            raise
        while line:
            if b" HTTP/1." in line:
                await self._answer(line, reader, writer)
            else:
                writer.write(self._told(asked=line.decode().strip(), proxied=proxied) + b"\n")
            await writer.drain()
            line = await reader.readline()

    async def _answer(self, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun = asyncio.get_running_loop().time()
        headers = await _headers(reader)
        method, path, _ = line.decode().split(" ", 2)
        if headers.get("user-agent") == PROBE:
            self.probes.append(Probe(begun, f"{method} {path}", headers))
            await asyncio.sleep(self.delay)
            writer.write(f"HTTP/1.1 {self.health} Told\r\nContent-Length: 0\r\n\r\n".encode())
            return
        self.asked.append(path)
        if path.startswith("/after/"):
            await asyncio.sleep(float(path.split("/")[2]))
        body = self._told(asked=f"{method} {path}", headers=headers)
        cookies = "".join(f"Set-Cookie: {name}=own; Path=/\r\n" for name in ("shop", "cart"))
        writer.write(f"HTTP/1.1 200 OK\r\n{cookies}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def _told(self, **what: Any) -> bytes:
        return json.dumps({"backend": self.name, **what}).encode()


class _Datagrams(asyncio.DatagramProtocol):
    """Answers each datagram; an empty one is a health check, which silence passes."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if not data:
            self._backend.probes.append(Probe(asyncio.get_running_loop().time()))
            return
        if data == PING.encode():
            loop = asyncio.get_running_loop()
            loop.call_later(self._backend.delay, self._transport.sendto, PONG.encode(), addr)
            return
        proxied = _client(data[12:]) if data.startswith(PROXY_SIGNATURE) else None
        asked = data[16 + int.from_bytes(data[14:16], "big") :] if proxied else data
        self._transport.sendto(self._backend._told(asked=asked.decode(), proxied=proxied), addr)


async def _opening(reader: asyncio.StreamReader) -> tuple[tuple[str, int] | None, bytes]:
    """The client that a PROXY protocol header names, and the first line after it."""
    start = await reader.readexactly(2)
    if start != PROXY_SIGNATURE[:2]:
        return None, start + await reader.readline()
    rest = await reader.readexactly(14)
    assert start + rest[:10] == PROXY_SIGNATURE
    body = await reader.readexactly(int.from_bytes(rest[12:14], "big"))
    return _client(rest[10:] + body), await reader.readline()


def _client(after_signature: bytes) -> tuple[str, int]:
    """The address of the client and the port that it came to, after version, family and length (haproxy's page)."""
    assert after_signature[0] == 0x21
    body = after_signature[4:]
    return socket.inet_ntoa(body[:4]), int.from_bytes(body[10:12], "big")


async def _headers(reader: asyncio.StreamReader) -> dict[str, str]:
    """The fields up to the empty line, by their names in small letters."""
    found: dict[str, str] = {}
    while line := (await reader.readline()).decode().strip():
        name, _, value = line.partition(":")
        found[name.lower()] = value.strip()
    return found
