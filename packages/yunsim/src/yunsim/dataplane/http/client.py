"""A connection in HTTP/1 that a listener has accepted: requests come in, responses leave in the same order."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

import httptools

from yunsim.dataplane.bandwidth import REASON
from yunsim.dataplane.http.exchange import Exchange
from yunsim.dataplane.http.messages import HEAD_LIMIT, LAST_CHUNK, Request, Response, chunk, own_response
from yunsim.dataplane.tcp import reset_transport

if TYPE_CHECKING:
    from yunsim.dataplane.http.service import HttpService


class HeadTooLongError(Exception):
    """A request's head is longer than a listener takes."""


class Client(asyncio.Protocol):
    """One client; the names starting with on_ are those httptools calls."""

    transport: asyncio.Transport

    def __init__(self, service: "HttpService") -> None:
        self.service = service
        self.loop = asyncio.get_running_loop()
        self.address = ("", 0)
        self._touched = self.loop.time()
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()
        self._exchanges: deque[Exchange] = deque()
        self._incoming: Exchange | None = None
        self._outgoing: list[bytes] = []
        self._chunked = False
        self._received = 0
        self._head_from: int | None = None
        self._holds: set[str] = set()
        self._tunnel: Exchange | None = None
        self._early = b""
        self._ended = self._malformed = False
        self._refusal = 400
        self.full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request."""
        self.transport = cast("asyncio.Transport", transport)
        self.address = transport.get_extra_info("peername")[:2]
        self.service.sweeper.add(self)
        self.service.lane.inward.charge(0, self)
        if self.service.closed or not self.service.listener.access.admits(self.address[0]):
            self.end()

    def data_received(self, data: bytes) -> None:
        """Read a part of the requests."""
        self._touched = self.loop.time()
        self.service.lane.inward.charge(len(data), self)
        if self._tunnel is not None:
            self._tunnel.raw_request(data)
        elif not self._malformed:
            self._read(data)

    def _read(self, data: bytes) -> None:
        self._received += len(data)
        try:
            self._parser.feed_data(data)
            self._limit_head()
        except httptools.HttpParserUpgrade as upgrade:
            self._early = data[upgrade.args[0] :]
            self.hold("upgrading")
        except (httptools.HttpParserError, HeadTooLongError):
            self._malformed = True
            if not self._exchanges:
                self._refuse()
            elif not self._exchanges[-1].received:
                self.end()
        if self._exchanges:
            self._exchanges[0].flush()

    def _limit_head(self) -> None:
        """Read no head of which the end does not come, as of one endless field."""
        endless = self._head_from is not None and self._received - self._head_from > 2 * HEAD_LIMIT
        if endless or self._request.too_long:
            self._refusal = 431
            raise HeadTooLongError

    def eof_received(self) -> bool:
        """Answer what has been asked, then close; TLS has no half-closed connections and closes at once."""
        self._ended = True
        if self._tunnel is not None:
            self._tunnel.close_tunnel()
        return bool(self._exchanges) and self.transport.get_extra_info("sslcontext") is None

    def connection_lost(self, _exc: Exception | None) -> None:
        """Break off what is under way."""
        self.service.sweeper.discard(self)
        if self._exchanges:
            self._exchanges.popleft().abandon()
            self._exchanges.clear()

    def pause_writing(self) -> None:
        """Hold the response back."""
        self.full = True
        if self._exchanges:
            self._exchanges[0].pause_response()

    def resume_writing(self) -> None:
        """Take more of the response."""
        self.full = False
        if self._exchanges:
            self._exchanges[0].resume_response()

    def hold(self, reason: str) -> None:
        """Stop reading until every reason is released."""
        self._holds.add(reason)
        if not self._ended:
            self.transport.pause_reading()

    def release(self, reason: str) -> None:
        """Read again when no other reason holds."""
        self._holds.discard(reason)
        if not self._holds and not self._ended:
            self.transport.resume_reading()

    def done(self, *, keep_alive: bool) -> None:
        """Go on with the next request, or close."""
        self._touched = self.loop.time()
        self._exchanges.popleft()
        self._holds &= {REASON}
        if not keep_alive:
            self._exchanges.clear()
            self.transport.close()
        elif self._exchanges:
            self._exchanges[0].begin()
        elif self._malformed:
            self._refuse()
        elif self._ended:
            self.transport.close()
        if len(self._exchanges) > 1:
            self.hold("pipelined")
        else:
            self.release("pipelined")

    def head(self, response: Response, *, keep_alive: bool) -> None:
        """Begin a response; after one that changes the protocol everything passes as it is."""
        exchange = self._exchanges[0]
        self._outgoing.append(response.head(exchange.request, keep_alive=keep_alive))
        self._chunked = response.status >= 200 and response.chunked(exchange.request)
        if response.status == 101:
            self._tunnel = exchange
            exchange.raw_request(self._early)
            self.release("upgrading")

    def body(self, data: bytes) -> None:
        """Gather a part of the response."""
        if data:
            self._outgoing.append(chunk(data) if self._chunked else data)

    def finish(self) -> None:
        """End the response."""
        if self._chunked:
            self._outgoing.append(LAST_CHUNK)

    def flush(self) -> None:
        """Write what has been gathered."""
        if self._outgoing:
            data, self._outgoing = b"".join(self._outgoing), []
            self.transport.write(data)

    def break_off(self) -> None:
        """Let the client see that the response has no end."""
        reset_transport(self.transport)

    def expire(self, now: float) -> None:
        """Close an idle connection; end an exchange whose backend is silent."""
        if self._exchanges:
            self._exchanges[0].expire(now)
        elif now - self._touched > self.service.listener.idle_timeout:
            self.transport.close()

    def end(self) -> None:
        """Break off."""
        if self._exchanges:
            self._exchanges[0].end()
        else:
            self.break_off()

    def _refuse(self) -> None:
        response, body = own_response(self._refusal)
        self.transport.write(response.head(Request(), keep_alive=False) + body)
        self.transport.close()

    def on_message_begin(self) -> None:
        """Start a request."""
        self._request = Request()
        self._head_from = self._received

    def on_url(self, part: bytes) -> None:
        """Keep the request target."""
        self._request.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header field."""
        self._request.headers.add(name, value)
        self._limit_head()

    def on_headers_complete(self) -> None:
        """Begin the exchange, or let it wait for those before it. An error raised here makes the parser refuse."""
        self._head_from = None
        request = self._request
        request.method = self._parser.get_method()
        if request.method == b"CONNECT":
            raise ValueError("A balancer is no forward proxy: CONNECT is refused")
        request.version = self._parser.get_http_version()
        request.keep_alive = self._parser.should_keep_alive()
        request.upgrade = self._parser.should_upgrade()
        self._incoming = Exchange(self, request)
        self._exchanges.append(self._incoming)
        if len(self._exchanges) == 1:
            self._incoming.begin()
        else:
            self.hold("pipelined")

    def on_body(self, data: bytes) -> None:
        """Pass a part of the body on."""
        if self._incoming is not None:
            self._incoming.request_body(data)

    def on_message_complete(self) -> None:
        """Note the end of the request."""
        if self._incoming is not None:
            self._incoming.request_complete()
