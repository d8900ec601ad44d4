"""How much the loopback data plane carries: requests, new connections and bytes a second through one listener.

    python bench/dataplane.py [seconds]

Needs wrk. Backends, data plane and wrk are processes of their own, on 127/8; each figure is one run.
"""

import asyncio
import multiprocessing
import re
import resource
import shutil
import subprocess
import sys
from multiprocessing.connection import Connection
from typing import Literal

from yunsim.dataplane.engine import Backend, HealthCheck, Listener
from yunsim.dataplane.loopback import Loopback, key_of

BACKENDS = 3
SMALL = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LAST = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
BIG = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (8 << 20) + bytes(8 << 20)


class Origin(asyncio.Protocol):
    """Answers each request head at once; "/big" with 8 MiB."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer; wrk sends whole heads."""
        for head in data.split(b"\r\n\r\n")[:-1]:
            last = b"onnection: close" in head
            self.transport.write(BIG if b" /big " in head else LAST if last else SMALL)
            if last:
                self.transport.close()


def serve_origins(pipe: Connection) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        servers = [await loop.create_server(Origin, "127.0.9.1", 0, backlog=1024) for _ in range(BACKENDS)]
        pipe.send([server.sockets[0].getsockname()[1] for server in servers])
        await asyncio.to_thread(pipe.recv)

    asyncio.run(run())


def serve_listeners(pipe: Connection, ports: list[int]) -> None:
    def listener(protocol: Literal["tcp", "http"]) -> Listener:
        backends = tuple(Backend(str(port), "127.0.9.1", port, 100) for port in ports)
        return Listener("lb-bench", "127.0.9.2", 0, protocol, "wrr", backends, HealthCheck())

    async def run() -> None:
        engine = Loopback()
        listeners = [listener("tcp"), listener("http")]
        await engine.apply(listeners)
        await asyncio.sleep(0.2)
        pipe.send([engine.ports()[key_of(each)][1] for each in listeners])
        while await asyncio.to_thread(pipe.recv):
            used = resource.getrusage(resource.RUSAGE_SELF)
            pipe.send((used.ru_utime + used.ru_stime, used.ru_maxrss / 1024))
        await engine.close()

    asyncio.run(run())


def wrk(port: int, seconds: int, connections: int, path: str = "/", *headers: str) -> tuple[float, float, str]:
    """(requests, megabytes a second, errors) of one run."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    for header in headers:
        command += ["-H", header]
    out = subprocess.run(
        [*command, f"http://127.0.9.2:{port}{path}"], capture_output=True, text=True, check=True
    ).stdout
    rate = float(re.search(r"Requests/sec: +([\d.]+)", out)[1])  # type: ignore[index]  # wrk always prints it
    amount, unit = re.search(r"Transfer/sec: +([\d.]+)([KMG]?)B", out).groups()  # type: ignore[union-attr]  # the same
    errors = re.search(r"Socket errors: .*", out)
    return rate, float(amount) * {"": 1e-6, "K": 1e-3, "M": 1, "G": 1e3}[unit], errors[0] if errors else ""


def main() -> None:
    if not shutil.which("wrk"):
        sys.exit("bench/dataplane.py needs wrk: apt-get install wrk, or brew install wrk")
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    context = multiprocessing.get_context("spawn")
    origins, origin_pipe = context.Pipe()
    context.Process(target=serve_origins, args=(origin_pipe,), daemon=True).start()
    plane, plane_pipe = context.Pipe()
    context.Process(target=serve_listeners, args=(plane_pipe, origins.recv()), daemon=True).start()
    tcp, http = plane.recv()
    runs = {
        "TCP, kept connections": (tcp, seconds, 50),
        "TCP, a connection a request": (tcp, seconds, 50, "/", "Connection: close"),
        "TCP, 8 MiB bodies, 1 connection": (tcp, seconds, 1, "/big"),
        "HTTP, kept connections": (http, seconds, 50),
        "HTTP, a connection a request": (http, seconds, 50, "/", "Connection: close"),
        "HTTP, 8 MiB bodies, 1 connection": (http, seconds, 1, "/big"),
    }
    for name, arguments in runs.items():
        plane.send(True)
        before, _ = plane.recv()
        rate, megabytes, errors = wrk(*arguments)
        plane.send(True)
        after, memory = plane.recv()
        cpu = (after - before) / (rate * seconds) * 1e6
        print(f"{name:34} {rate:9.0f} requests/s {megabytes:8.1f} MB/s {cpu:7.0f} us CPU {memory:5.0f} MB {errors}")
    plane.send(False)
    origins.send(None)


if __name__ == "__main__":
    main()
