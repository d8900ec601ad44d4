"""One request to the API server and its answer, with a deadline, our credentials and a rate limit.

A 401 reads the credentials again and asks once more. Whatever the network does comes out as Lost.
"""

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import aiohttp
import msgspec

from yunqiao.kube.connect import Connection
from yunqiao.kube.credentials import Identity
from yunqiao.kube.limit import RateLimit
from yunqiao.kube.wire import METHODS, Request, trouble
from yunqiao.model.errors import Lost

CONNECT_SECONDS = 10.0


class Transport:
    """A pool of connections to one API server; `timeout` bounds every request but a watch, in seconds."""

    def __init__(self, connection: Connection, limit: RateLimit, user_agent: str, timeout: float = 30.0) -> None:
        self._connection, self._limit, self._timeout = connection, limit, timeout
        self._user_agent = user_agent
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0, socket_factory=_keepalive_socket)
        self._session = aiohttp.ClientSession(connector=connector, headers={"User-Agent": self._user_agent})
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, request: Request) -> bytes:
        """Give the body of a good answer. Raises Refused, NotYet, Stale or Lost for any other."""
        deadlines = aiohttp.ClientTimeout(total=self._timeout, sock_connect=CONNECT_SECONDS)
        async with self._answered(request, deadlines) as response:
            return await response.read()

    async def lines(self, request: Request, silence: float) -> AsyncIterator[bytes]:
        """Give the lines of a streamed answer. `silence` seconds without a byte, or a cut in a line, raise Lost."""
        deadlines = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=silence)
        rest = b""
        async with self._answered(request, deadlines) as response:
            async for chunk in response.content.iter_any():
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    if line.strip():
                        yield line
        if rest.strip():
            raise Lost(f"{request}: the answer ended in the middle of a line")

    @asynccontextmanager
    async def _answered(
        self, request: Request, deadlines: aiohttp.ClientTimeout
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The good answer to a request; credentials that are turned down are read again, once."""
        try:
            identity = await self._connection.credentials.current()
            response = await self._ask(request, identity, deadlines)
            if response.status == 401:
                response.close()
                self._connection.credentials.renew(identity)
                response = await self._ask(request, await self._connection.credentials.current(), deadlines)
            async with response:
                if response.status >= 300:
                    raise trouble(request, response.status, await response.read(),
                                  response.headers.get("Retry-After", ""))  # fmt: skip
                yield response
        except (aiohttp.ClientSSLError, ssl.SSLError) as error:
            self._connection.trust.forget()
            raise Lost(f"{request}: no trusted connection ({self._connection.source}): {error}") from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Lost(f"{request}: {type(error).__name__} {error}".rstrip()) from error

    async def _ask(
        self, request: Request, identity: Identity, deadlines: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        await self._limit.wait()
        if self._session is None:
            raise RuntimeError("a Transport is used inside `async with`")
        secure = self._connection.server.startswith("https:")
        return await self._session.request(
            METHODS[request.verb],
            self._connection.server + request.path,
            params=request.query,
            data=None if request.body is None else msgspec.json.encode(request.body),
            headers=_headers(request, identity),
            timeout=deadlines,
            allow_redirects=False,
            ssl=self._connection.trust.context(identity) if secure else True,
            server_hostname=self._connection.trust.server_name if secure else None,
        )


def _headers(request: Request, identity: Identity) -> dict[str, str]:
    headers = {"Accept": "application/json"}
    if identity.token:
        headers["Authorization"] = f"Bearer {identity.token}"
    if request.body is not None:
        headers["Content-Type"] = request.content_type
    return headers


def _keepalive_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """A socket that notices within a minute that the other machine is gone, even while nothing is sent."""
    family, kind, protocol, *_ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, option):  # not on every system
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return made
