"""One request in HTTP/2, and what its response waits for: the client's window, and its connection."""

import contextlib
from typing import TYPE_CHECKING

from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived
from h2.exceptions import ProtocolError

from yunsim.dataplane.http.exchange import Exchange
from yunsim.dataplane.http.http2_fields import UnacceptableError, fields_of, request_of
from yunsim.dataplane.http.messages import Request, Response

if TYPE_CHECKING:
    from yunsim.dataplane.http.http2 import Http2Client

HIGH_WATER, LOW_WATER = 65536, 16384
"""Bytes of a response that wait for the client: above the first the backend is held back, until the second."""


class Stream:
    """The Requester of one exchange."""

    def __init__(self, connection: "Http2Client", stream_id: int) -> None:
        self.connection = connection
        self.id = stream_id
        self.service, self.loop, self.address = connection.service, connection.loop, connection.address
        self.full = False
        self.exchange = Exchange(self, Request())
        self._holds: set[str] = set()
        self._unacknowledged = 0
        self._outgoing = bytearray()
        self._whole = self._sent = self._done = False

    # What the client sends.

    def begin(self, event: RequestReceived) -> None:
        """Ask a backend, or refuse."""
        whole = event.stream_ended is not None
        try:
            request = request_of(event.headers, with_body=not whole)
        except UnacceptableError as refusal:
            self.exchange.received = whole
            self.exchange.answer(refusal.status)
            return
        self.exchange = Exchange(self, request)
        if whole:
            self.exchange.request_complete()
        self.exchange.begin()

    def data(self, event: DataReceived) -> None:
        """Take a part of the body."""
        self._unacknowledged += event.flow_controlled_length
        self.service.lane.inward.charge(len(event.data), self)
        if event.data and not self.exchange.over:
            self.exchange.request_body(event.data)

    def ended(self) -> None:
        """Note the end of the request."""
        if not self.exchange.received:
            self.exchange.request_complete()

    def pass_on(self) -> None:
        """Write to the backend what has come; the client may send as much again unless the backend is full."""
        if not self.exchange.over:
            self.exchange.flush()
        if not self._holds:
            self.acknowledge()

    def acknowledge(self) -> None:
        """Give the window back that the received data has taken."""
        taken, self._unacknowledged = self._unacknowledged, 0
        if taken:
            self.connection.acknowledge(self.id, taken)

    def hold(self, reason: str) -> None:
        """Leave the client's window as it is until every reason is released."""
        self._holds.add(reason)

    def release(self, reason: str) -> None:
        """Open the window again when no other reason holds."""
        self._holds.discard(reason)
        if not self._holds:
            self.acknowledge()

    # What the client gets.

    def head(self, response: Response, *, keep_alive: bool) -> None:  # noqa: ARG002  # streams end, connections go on
        """Begin a response, or give an interim one."""
        ends = response.status >= 200 and not response.has_body(self.exchange.request)
        with contextlib.suppress(ProtocolError):  # reset meanwhile
            self.connection.h2.send_headers(self.id, fields_of(response), end_stream=ends)
        self._sent = ends

    def body(self, data: bytes) -> None:
        """Gather a part of the response's body."""
        self._outgoing += data

    def finish(self) -> None:
        """End the response after what has been gathered."""
        self._whole = True

    def flush(self) -> None:
        """Send as much as the client takes now, and hold the backend back while much is left."""
        while self.send_frame():
            pass
        if not self.full and len(self._outgoing) > HIGH_WATER:
            self.full = True
            self.exchange.pause_response()
        self.connection.write_soon()

    def send_frame(self) -> bool:
        """Send a part of what has been gathered; tell whether there was one that the client takes now."""
        if self._sent or self.connection.full or not (self._outgoing or self._whole):
            return False
        try:
            sent = self._send_frame()
        except ProtocolError:  # reset meanwhile
            return False
        if sent:
            self.exchange.touched = self.loop.time()
        if self.full and len(self._outgoing) <= LOW_WATER:
            self.full = False
            self.exchange.resume_response()
        self._leave()
        return sent

    def _send_frame(self) -> bool:
        h2 = self.connection.h2
        allowed = max(0, h2.local_flow_control_window(self.id))  # below 0 when the client has made its window smaller
        size = min(len(self._outgoing), allowed, h2.max_outbound_frame_size)
        self._sent = self._whole and size == len(self._outgoing)
        if not size and not self._sent:
            return False
        h2.send_data(self.id, bytes(memoryview(self._outgoing)[:size]), end_stream=self._sent)
        del self._outgoing[:size]
        self.connection.sent(size)
        return True

    def done(self, *, keep_alive: bool) -> None:  # noqa: ARG002  # streams end, connections go on
        """Leave once everything has been sent."""
        self._done = True
        self._leave()

    def _leave(self) -> None:
        """A client that still sends a body nobody reads is told to stop (RFC 9113, 8.1)."""
        if self._done and self._sent:
            self.connection.leave(self, None if self.exchange.received else ErrorCodes.NO_ERROR)

    def break_off(self) -> None:
        """Let the client see that the response has no end."""
        self.connection.leave(self, ErrorCodes.INTERNAL_ERROR)

    def expire(self, now: float) -> None:
        """End an exchange whose backend is silent, or whose client does not take the rest of the response."""
        if not self.exchange.over:
            self.exchange.expire(now)
        elif now - self.exchange.touched > self.service.listener.request_timeout:
            self.break_off()
