"""A connection to a backend: one exchange at a time, then idle until the next."""

import asyncio
from typing import TYPE_CHECKING, cast

import httptools

from yunsim.dataplane.http.messages import Headers, Response
from yunsim.dataplane.tcp import reset_transport

if TYPE_CHECKING:
    from yunsim.dataplane.http.exchange import Exchange
    from yunsim.dataplane.http.service import HttpService

IDLE_TIMEOUT = 15.0
"""Seconds an unused connection is kept."""
CLIENT_FULL = "the client takes no more"
"""Why a response is not read."""


class Upstream(asyncio.Protocol):
    """One connection of a listener to a backend."""

    transport: asyncio.Transport

    def __init__(self, service: "HttpService") -> None:
        self.service = service
        self.fresh = True
        self.idle_since = asyncio.get_running_loop().time()
        self._reader: ResponseReader | None = None
        self._holds: set[str] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready for an exchange."""
        self.transport = cast("asyncio.Transport", transport)
        self.service.sweeper.add(self)
        if self.service.closed:
            self.end()

    def begin(self, exchange: "Exchange") -> None:
        """Read the response of this exchange from now on."""
        self._reader = ResponseReader(exchange)
        self.service.lane.outward.charge(0, self)

    def rest(self) -> None:
        """Be idle after a whole exchange."""
        self._reader = None
        self.fresh = False
        self.idle_since = asyncio.get_running_loop().time()
        self.release(CLIENT_FULL)

    def hold(self, reason: str) -> None:
        """Stop reading until every reason is released."""
        self._holds.add(reason)
        self.transport.pause_reading()

    def release(self, reason: str) -> None:
        """Read again when no other reason holds."""
        self._holds.discard(reason)
        if not self._holds:
            self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Read a part of the response; what nobody asked for ends the connection."""
        self.service.lane.outward.charge(len(data), self)
        if self._reader is None:
            self.end()
        else:
            self._reader.feed(data)

    def eof_received(self) -> None:
        """End the response that has no other end."""
        if self._reader is not None:
            self._reader.end_of_stream()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Tell the exchange whose response is now incomplete."""
        self.service.sweeper.discard(self)
        self.service.forget(self)
        if self._reader is not None:
            reader, self._reader = self._reader, None
            reader.exchange.upstream_lost()

    def pause_writing(self) -> None:
        """Hold the client's body back."""
        if self._reader is not None:
            self._reader.exchange.client.hold("backend is full")

    def resume_writing(self) -> None:
        """Take more of the client's body."""
        if self._reader is not None:
            self._reader.exchange.client.release("backend is full")

    def expire(self, now: float) -> None:
        """Close when unused for too long."""
        if self._reader is None and now - self.idle_since > IDLE_TIMEOUT:
            self.transport.close()

    def end(self) -> None:
        """Break off."""
        reset_transport(self.transport)


class ResponseReader:
    """Reads one response; the names starting with on_ are those httptools calls."""

    def __init__(self, exchange: "Exchange") -> None:
        self.exchange = exchange
        self._parser = httptools.HttpResponseParser(self)
        self._response: Response | None = None
        self._reason = b""
        self._headers = Headers()
        self._done = self._tunnel = self._keep_alive = False

    def feed(self, data: bytes) -> None:
        """Read a part of the stream."""
        if self._tunnel:
            self.exchange.raw_response(data)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._tunnel = True
            self.exchange.tunnel(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            if not self._done:
                self.exchange.fail()
        else:
            if self._done:
                self.exchange.finish(keep=self._keep_alive)
            self.exchange.flush()

    def end_of_stream(self) -> None:
        """A tunnel and a body without length end here; anything else is cut short."""
        if self._tunnel:
            self.exchange.close_tunnel()
        elif self._response and not self._response.delimited:
            self.exchange.finish(keep=False)

    def on_status(self, reason: bytes) -> None:
        """Keep the reason phrase."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header field."""
        self._headers.add(name, value)

    def on_headers_complete(self) -> None:
        """Pass the head on. A response to HEAD ends here, whatever its fields promise."""
        self._response = Response(self._parser.get_status_code(), self._reason, self._headers)
        self._reason, self._headers = b"", Headers()
        self._keep_alive = self._parser.should_keep_alive()
        self.exchange.response_head(self._response)
        self._done = self.exchange.request.method == b"HEAD" and self._response.status >= 200

    def on_body(self, data: bytes) -> None:
        """Pass a part of the body on."""
        if not self._done:
            self.exchange.response_body(data)

    def on_message_complete(self) -> None:
        """Note the end; an interim response (1xx) is followed by the real one."""
        self._done = self._done or (self._response is not None and self._response.status >= 200)
