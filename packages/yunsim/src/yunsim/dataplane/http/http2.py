"""A connection in HTTP/2 that an HTTPS listener has accepted: many requests at once, each a stream of its own.

h2 reads and writes the frames; here is what they lead to. Backends are asked in HTTP/1.1, as those of the cloud are.
What is not well-formed ends the connection with the error that h2 names.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from h2 import events
from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from yunsim.dataplane.http.http2_stream import Stream
from yunsim.dataplane.http.messages import HEAD_LIMIT
from yunsim.dataplane.tcp import reset_transport

if TYPE_CHECKING:
    from yunsim.dataplane.http.service import HttpService

log = logging.getLogger(__name__)

STREAMS = 128
"""Requests at once on one connection. CLB's pages name no number; this is the default of Tengine, which it is made of
(http2_max_concurrent_streams, https://nginx.org/en/docs/http/ngx_http_v2_module.html)."""

_STREAM_WINDOW = 65535
"""Bytes of a request's body that are taken before the backend takes them: the protocol's default."""
_WRITE_SIZE = 65536
"""Bytes that are gathered before they are written, if the turn of the loop does not end before."""
_TOO_OLD = frozenset({"TLSv1", "TLSv1.1"})
"""HTTP/2 needs TLS 1.2 (RFC 9113, 9.2)."""
_CONFIG = H2Configuration(
    client_side=False, header_encoding=None, validate_outbound_headers=False, normalize_outbound_headers=False
)


class Http2Client(asyncio.Protocol):
    """One client."""

    transport: asyncio.Transport

    def __init__(self, service: "HttpService") -> None:
        self.service = service
        self.loop = asyncio.get_running_loop()
        self.address = ("", 0)
        self.full = False
        self.h2 = H2Connection(_CONFIG)
        self._touched = self.loop.time()
        self._streams: dict[int, Stream] = {}
        self._changed: dict[int, Stream] = {}
        self._unwritten = 0
        self._writing: asyncio.Handle | None = None
        self._retired = self._over = False
        self._reactions: dict[type[events.Event], Callable[[Any], None]] = {
            events.RequestReceived: self._request,
            events.DataReceived: self._data,
            events.StreamEnded: self._ended,
            events.StreamReset: self._reset,
            events.WindowUpdated: self._window,
            events.RemoteSettingsChanged: self._window,
            events.ConnectionTerminated: self._terminated,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Introduce ourselves and wait for requests."""
        self.transport = cast("asyncio.Transport", transport)
        self.address = transport.get_extra_info("peername")[:2]
        self.service.sweeper.add(self)
        self._introduce()
        if self.service.closed or not self.service.listener.access.admits(self.address[0]):
            self.end()
        elif transport.get_extra_info("ssl_object").version() in _TOO_OLD:
            self._close(ErrorCodes.INADEQUATE_SECURITY)
        self.write()

    def _introduce(self) -> None:
        """Tell the settings. h2 itself forgets the limit: it would end connections where we refuse a stream."""
        told = {SettingCodes.MAX_HEADER_LIST_SIZE: 2 * HEAD_LIMIT, SettingCodes.MAX_CONCURRENT_STREAMS: STREAMS}
        self.h2.local_settings = Settings(client=False, initial_values=told)
        self.h2.initiate_connection()
        del self.h2.local_settings[SettingCodes.MAX_CONCURRENT_STREAMS]
        self.h2.increment_flow_control_window((STREAMS - 1) * _STREAM_WINDOW)

    def data_received(self, data: bytes) -> None:
        """Read some frames."""
        if self._over:
            return
        self.write()  # h2 forgets it when the client says GOAWAY
        try:
            happened = self.h2.receive_data(data)
        except ProtocolError as error:
            log.info("HTTP/2 client %s sent what cannot be: %s", self.address[0], error)
            self._close(None if self.h2.state_machine.state is ConnectionState.CLOSED else error.error_code)
            return
        for event in happened:
            if reaction := self._reactions.get(type(event)):
                reaction(event)
        changed, self._changed = self._changed, {}
        for stream in changed.values():
            stream.pass_on()
        self.write_soon()

    def eof_received(self) -> None:
        """Close: TLS has no half-closed connections."""

    def connection_lost(self, _exc: Exception | None) -> None:
        """Break off what is under way."""
        self.service.sweeper.discard(self)
        self._abandon()

    def pause_writing(self) -> None:
        """Send nothing and read nothing, which would have to be answered, while the client does not read."""
        self.full = True
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Send more, a frame of each response in turn."""
        self.full = False
        if not self._over:
            self.transport.resume_reading()
            self.loop.call_soon(self._send_more)

    def expire(self, now: float) -> None:
        """Close an idle connection; end exchanges whose backend is silent."""
        for stream in list(self._streams.values()):
            stream.expire(now)
        if not self._streams and now - self._touched > self.service.listener.idle_timeout:
            self._close(ErrorCodes.NO_ERROR)

    def end(self) -> None:
        """Break off."""
        self._close(ErrorCodes.NO_ERROR)
        reset_transport(self.transport)

    def retire(self) -> None:
        """Take no more requests, and close after those that are under way (GOAWAY; RFC 9113, 6.8)."""
        if not self._retired and not self._over:
            self._retired = True
            self.write()
            self.transport.write(_goaway(self.h2.highest_inbound_stream_id))
            self._close_if_retired()

    # What the client sends.

    def _request(self, event: events.RequestReceived) -> None:
        if self._retired or len(self._streams) >= STREAMS:
            self._tell_reset(event.stream_id, ErrorCodes.REFUSED_STREAM)
            return
        stream = Stream(self, event.stream_id)
        self._streams[stream.id] = self._changed[stream.id] = stream
        stream.begin(event)

    def _data(self, event: events.DataReceived) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is None:
            self.acknowledge(event.stream_id, event.flow_controlled_length)
        else:
            self._changed[stream.id] = stream
            stream.data(event)

    def _ended(self, event: events.StreamEnded) -> None:
        if stream := self._streams.get(event.stream_id):
            self._changed[stream.id] = stream
            stream.ended()

    def _reset(self, event: events.StreamReset) -> None:
        if stream := self._streams.get(event.stream_id or 0):
            self.leave(stream, None)

    def _window(self, _: events.WindowUpdated | events.RemoteSettingsChanged) -> None:
        self._send_more()

    def _terminated(self, event: events.ConnectionTerminated) -> None:
        """Let a client that leaves have what it has asked for (RFC 9113, 6.8); h2 by itself would send no more."""
        if event.error_code:
            self._close(None)
        else:
            self.h2.state_machine.state = ConnectionState.SERVER_OPEN
            self._retired = True
            self._close_if_retired()

    # What it gets.

    def acknowledge(self, stream_id: int, size: int) -> None:
        """Give the window back that received data has taken."""
        with contextlib.suppress(ProtocolError):  # ended meanwhile
            self.h2.acknowledge_received_data(size, stream_id)
        self.write_soon()

    def leave(self, stream: Stream, error: ErrorCodes | None) -> None:
        """Forget a stream; with an error code the client is told to do so, too."""
        stream.exchange.abandon()
        if self._streams.pop(stream.id, None) is None:
            return
        self._touched = self.loop.time()
        stream.acknowledge()
        if error is not None:
            self._tell_reset(stream.id, error)
        self._close_if_retired()

    def _tell_reset(self, stream_id: int, error: ErrorCodes) -> None:
        with contextlib.suppress(ProtocolError):  # ended meanwhile
            self.h2.reset_stream(stream_id, error)
        self.write_soon()

    def _send_more(self) -> None:
        waiting = deque(self._streams.values())
        while waiting and not self.full:
            stream = waiting.popleft()
            if stream.send_frame():
                waiting.append(stream)
        self.write_soon()

    def sent(self, size: int) -> None:
        """Count data, so that what cannot be written yet is noticed before there is much of it."""
        self._unwritten += size
        if self._unwritten >= _WRITE_SIZE:
            self.write()

    def write_soon(self) -> None:
        """Write at the end of this turn of the loop."""
        if self._writing is None:
            self._writing = self.loop.call_soon(self.write)

    def write(self) -> None:
        """Write the frames that have been made."""
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
        self._unwritten = 0
        if data := self.h2.data_to_send():
            self.transport.write(data)

    # The end.

    def _close_if_retired(self) -> None:
        if self._retired and not self._streams:
            self._close(ErrorCodes.NO_ERROR)

    def _close(self, error: ErrorCodes | None) -> None:
        """Say why (None: h2 has said it), and close once that is written."""
        if self._over:
            return
        self._over = True
        self._abandon()
        if error is not None:
            with contextlib.suppress(ProtocolError):  # ended meanwhile
                self.h2.close_connection(error)
        self.write()
        self.transport.close()

    def _abandon(self) -> None:
        self._over = True
        for stream in self._streams.values():
            stream.exchange.abandon()
        self._streams.clear()


def _goaway(last_stream_id: int) -> bytes:
    """The frame alone: h2 can say it only at the very end."""
    speaker = H2Connection(_CONFIG)
    speaker.close_connection(last_stream_id=last_stream_id)
    return speaker.data_to_send()
