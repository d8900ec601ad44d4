"""Readiness probes: really asked, at the pod's own sockets.

https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
HTTP and TCP probes are made; what a hollow container cannot run (exec) is taken for a success, and gRPC is asked for a
TCP connection only.
"""

import asyncio
from collections.abc import Callable

from kubesim.hollow.homes import connected
from kubesim.hollow.wire import Wire
from kubesim.objects import Object


class ReadinessProbe:
    """The probe of one container: `ready` after enough successes in a row, unready after enough failures."""

    def __init__(self, container: Object, address: str, wire: Wire, on_change: Callable[[], None]) -> None:
        """Take a container that has a readinessProbe, its pod's address, and what to call when `ready` changes."""
        self.ready = False
        self._probe: Object = container["readinessProbe"]
        self._container = container
        self._address = address
        self._wire = wire
        self._on_change = on_change

    async def run(self) -> None:
        """Ask again and again until cancelled."""
        await asyncio.sleep(self._probe.get("initialDelaySeconds", 0))
        in_a_row = 0
        while True:
            success = await self._ask()
            in_a_row = in_a_row + 1 if success != self.ready else 0
            needed = self._probe.get("failureThreshold", 3) if self.ready else self._probe.get("successThreshold", 1)
            if in_a_row >= needed:
                self.ready, in_a_row = success, 0
                self._on_change()
            await asyncio.sleep(self._probe.get("periodSeconds", 10))

    async def _ask(self) -> bool:
        action = self._probe.get("httpGet") or self._probe.get("tcpSocket") or self._probe.get("grpc")
        if not action:
            return True
        port = self._number(action["port"])
        if port is None:
            return False
        try:
            async with asyncio.timeout(self._probe.get("timeoutSeconds", 1)):
                return await self._connect(port)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return False

    async def _connect(self, port: int) -> bool:
        sock = await connected(self._wire.homes.of(self._address), self._wire.locate(self._address, port))
        reader, writer = await asyncio.open_connection(sock=sock)
        try:
            return "httpGet" not in self._probe or await self._is_answered(reader, writer)
        finally:
            writer.close()

    async def _is_answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        action = self._probe["httpGet"]
        if action.get("scheme") == "HTTPS":
            return True
        path = action.get("path", "/")
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {self._address}\r\nConnection: close\r\n\r\n".encode())
        return 200 <= int((await reader.readexactly(12))[9:]) < 400

    def _number(self, port: int | str) -> int | None:
        if isinstance(port, int):
            return port
        named = [each["containerPort"] for each in self._container.get("ports") or () if each.get("name") == port]
        return named[0] if named else None
