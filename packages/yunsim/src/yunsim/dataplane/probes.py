"""One health check of one backend: it passes or it fails.

How the cloud probes:
https://www.alibabacloud.com/help/en/slb/classic-load-balancer/user-guide/health-check-overview
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

from yunsim.dataplane.engine import HealthCheck
from yunsim.dataplane.sockets import family_of, reset_on_close

ICMP_WAIT = 0.1
"""Seconds in which a closed UDP port answers with an ICMP error on this machine. The cloud waits for the whole timeout
before silence counts as health; here that would only delay a fresh backend."""

STATUS_LINE_LIMIT = 4096
"""Bytes read in search of a status line."""


async def probe(address: str, port: int, check: HealthCheck) -> bool:
    """Whether the backend passes within `check.timeout` seconds."""
    try:
        async with asyncio.timeout(check.timeout):
            if check.kind == "udp":
                return await _udp(address, port, check)
            with _open(address, socket.SOCK_STREAM) as sock:
                # The cloud ends a TCP probe with RST as well; here it also leaves no TIME_WAIT behind.
                reset_on_close(sock)
                await asyncio.get_running_loop().sock_connect(sock, (address, port))
                return check.kind != "http" or await _http(sock, address, check)
    except (OSError, ValueError):
        return False


async def _http(sock: socket.socket, address: str, check: HealthCheck) -> bool:
    loop = asyncio.get_running_loop()
    # "$_ip" is the API's word for the backend's own address.
    host = address if check.domain in ("", "$_ip") else check.domain
    head = f"{check.method.upper()} {check.uri or '/'} HTTP/1.0\r\nHost: {host}\r\nUser-Agent: KeepAliveClient\r\n\r\n"
    await loop.sock_sendall(sock, head.encode())
    received = b""
    while b"\n" not in received and len(received) < STATUS_LINE_LIMIT:
        if not (data := await loop.sock_recv(sock, STATUS_LINE_LIMIT)):
            return False
        received += data
    return _status_class(received) in check.codes


def _status_class(received: bytes) -> str:
    """`HTTP/1.1 204 No Content` is `http_2xx`; anything else is nothing."""
    version, _, rest = received.partition(b" ")
    return f"http_{rest[:1].decode('latin-1')}xx" if version.startswith(b"HTTP/") else ""


async def _udp(address: str, port: int, check: HealthCheck) -> bool:
    loop = asyncio.get_running_loop()
    with _open(address, socket.SOCK_DGRAM) as sock:
        await loop.sock_connect(sock, (address, port))
        await loop.sock_sendall(sock, check.request.encode())
        if check.expected:
            return await loop.sock_recv(sock, len(check.expected) + 1) == check.expected.encode()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ICMP_WAIT):
                await loop.sock_recv(sock, 1)
        return True


@contextlib.contextmanager
def _open(address: str, kind: socket.SocketKind) -> Iterator[socket.socket]:
    with socket.socket(family_of(address), kind) as sock:
        sock.setblocking(False)
        yield sock
