"""Real backends and a real engine on 127/8; every port is the system's choice."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from yunsim.dataplane.engine import Backend, HealthCheck, Listener
from yunsim.dataplane.loopback import Loopback, key_of

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
QUICK = HealthCheck(interval=0.02, timeout=1.0, healthy_threshold=2, unhealthy_threshold=2)


@dataclass
class TcpServer:
    """A backend; `name` is what it tells about itself."""

    name: str
    address: str
    handler: Handler
    port: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.address, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for writer in self.writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    def backend(self, weight: int = 100) -> Backend:
        return Backend(self.name, self.address, self.port, weight)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._server.is_serving():  # accepted while stopping: a probe, most likely
            writer.transport.abort()
            return
        self.writers.append(writer)
        with contextlib.suppress(ConnectionError):
            await self.handler(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        self.writers.remove(writer)


class Rig:
    """An engine, its backends, and one client."""

    def __init__(self) -> None:
        self.engine = Loopback()
        self.servers: list[TcpServer] = []
        self._addresses = itertools.count(10)

    async def server(self, handler: Handler | None = None) -> TcpServer:
        """A running backend that says its name and then echoes, or does as the handler says."""
        name = f"b{len(self.servers)}"

        async def say_name(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(f"{name}\n".encode())
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()

        server = TcpServer(name, f"127.0.1.{next(self._addresses)}", handler or say_name)
        await server.start()
        self.servers.append(server)
        return server

    def listener(self, backends: Iterable[Backend], **settings: object) -> Listener:
        values = {
            "load_balancer_id": "lb-1",
            "address": "127.0.2.1",
            "port": 0,
            "protocol": "tcp",
            "scheduler": "rr",
            "health_check": QUICK,
            **settings,
        }
        return Listener(backends=tuple(backends), **values)  # type: ignore[arg-type]  # the tests' keywords

    async def apply(self, *listeners: Listener) -> None:
        """Apply, and see every backend's first probe ended."""
        await self.engine.apply(listeners)
        for listener in listeners:
            for backend in listener.backends:
                health = self.engine._checks.of(backend, listener.health_check)
                if health.pending:
                    await health.probed.wait()

    def service(self) -> Any:
        """What runs the only listener."""
        ((service,),) = (services.values() for services in self.engine._services.values())
        return service

    async def connect(self, listener: Listener) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(*self.engine.ports()[key_of(listener)])

    async def ask(self, listener: Listener) -> str:
        """Which backend takes a new connection; "" when it is reset."""
        reader, writer = await self.connect(listener)
        try:
            return (await reader.readline()).decode().strip()
        except ConnectionResetError:
            return ""
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def health(self, listener: Listener, key: str, state: str) -> None:
        """Wait for a state."""
        async with asyncio.timeout(5):
            while self.engine.health()[key_of(listener)][key] != state:
                await asyncio.sleep(0.005)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    rig = Rig()
    yield rig
    await rig.engine.close()
    for server in rig.servers:
        await server.stop()
    for _ in range(20):  # transports close some turns after they were told to, and some are only being accepted
        await asyncio.sleep(0.001)
