"""One request and its response: from finding a backend to the last byte."""

import asyncio
from typing import TYPE_CHECKING

from yunsim.dataplane.dial import dial
from yunsim.dataplane.http import cookies
from yunsim.dataplane.http.compression import Compression, compressed
from yunsim.dataplane.http.messages import LAST_CHUNK, Request, Response, chunk, own_response
from yunsim.dataplane.http.upstream import CLIENT_FULL, Upstream
from yunsim.dataplane.pool import Target

if TYPE_CHECKING:
    from yunsim.dataplane.http.requester import Requester


class Exchange:
    """A request of a client; it is begun when it is its turn on the client's connection."""

    def __init__(self, client: "Requester", request: Request) -> None:
        self.client = client
        self.request = request
        self.begun = self.received = self.over = False
        self.touched = client.loop.time()
        self._service = client.service
        self._upstream: Upstream | None = None
        self._target: Target | None = None
        self._response: Response | None = None
        self._compression: Compression | None = None
        self._dialing: asyncio.Task[None] | None = None
        self._to_backend: list[bytes] = []

    # The request.

    def begin(self) -> None:
        """Find a backend: over a connection that is kept, if the request may be repeated, else over a new one."""
        self.begun = True
        self.touched = self.client.loop.time()
        if port := self._service.listener.redirect_port:
            self.answer(302, self.request.https_location(port, self._service.listener.address))
            return
        target = self._stuck() or self._service.pool.choose()
        kept = self._service.kept(target) if target and self.request.repeatable else None
        if target and kept:
            target.active += 1
            self._send(target, kept)
        else:
            self._dial(target)

    def _stuck(self) -> Target | None:
        stickiness = self._service.listener.stickiness
        return cookies.recall(stickiness, self.request, self._service.pool.targets) if stickiness else None

    def request_body(self, data: bytes) -> None:
        """Take a part of the request's body."""
        self._to_backend.append(chunk(data) if self.request.chunked else data)

    def request_complete(self) -> None:
        """Note the end of the request."""
        self.received = True
        if self.request.chunked:
            self._to_backend.append(LAST_CHUNK)

    def _dial(self, first: Target | None) -> None:
        self.client.hold("connecting")
        self._dialing = self.client.loop.create_task(self._connect(first))

    async def _connect(self, first: Target | None) -> None:
        dialed = await dial(self._service.pool, lambda: Upstream(self._service), first)
        self._dialing = None
        if dialed is None:
            self.answer(502)
        else:
            self._send(*dialed)

    def _send(self, target: Target, upstream: Upstream) -> None:
        self._target, self._upstream = target, upstream
        upstream.begin(self)
        if self.client.full:
            self.pause_response()
        upstream.transport.write(self.request.head(self.client.address, self._service.listener.forwarded))
        self.client.release("connecting")
        self.flush()

    # The response.

    def response_head(self, response: Response) -> None:
        """Pass the head on; a client of HTTP/1.0 knows no interim ones. A protocol is changed on request alone."""
        if response.status == 101 and not self.request.upgrade:
            self.fail()
            return
        final = response.status >= 200 or response.status == 101
        if final:
            self._response = response
            self._stick(response)
            self._compression = compressed(self.request, response) if self._service.listener.gzip else None
        if final or self.request.version != "1.0":
            self.client.head(response, keep_alive=self._keep_alive() if final else True)

    def _stick(self, response: Response) -> None:
        if self._target is not None and (stickiness := self._service.listener.stickiness):
            cookies.remember(stickiness, self.request, response, self._target)

    def response_body(self, data: bytes) -> None:
        """Pass a part of the body on."""
        if self._response is not None:
            self.client.body(self._compression.part(data) if self._compression else data)

    def finish(self, *, keep: bool) -> None:
        """End after a whole response; `keep` tells whether the backend's connection can be used again."""
        if self.over or self._response is None:
            return
        if self._compression is not None:
            self.client.body(self._compression.rest())
        self.client.finish()
        self.flush()
        self.over = True
        target, upstream = self._release()
        if target and upstream and keep and self.received:
            self._service.keep(target, upstream)
        elif upstream:
            upstream.transport.close()
        self.client.done(keep_alive=self._keep_alive() and self.received)

    def tunnel(self, data: bytes) -> None:
        """The backend has changed the protocol (WebSocket): bytes pass as they are from now on."""
        if not self.over:
            self.raw_response(data)

    def raw_response(self, data: bytes) -> None:
        """Pass on what the backend sends through a tunnel."""
        self.client.body(data)
        self.flush()

    def raw_request(self, data: bytes) -> None:
        """Pass on what the client sends through a tunnel."""
        self._to_backend.append(data)
        self.flush()

    def close_tunnel(self) -> None:
        """End a tunnel once what is buffered has been sent."""
        self.over = True
        _, upstream = self._release()
        if upstream is not None:
            upstream.transport.close()
        self.client.done(keep_alive=False)

    def flush(self) -> None:
        """Write what has been gathered in each direction; one write a turn instead of one a part."""
        self.touched = self.client.loop.time()
        self.client.flush()
        if self._to_backend and self._upstream:
            data, self._to_backend = b"".join(self._to_backend), []
            self._upstream.transport.write(data)

    def _keep_alive(self) -> bool:
        response = self._response
        framed = response is not None and (response.framed(self.request) or response.chunked(self.request))
        return framed and self.request.keep_alive and not self.request.upgrade

    # What goes wrong.

    def upstream_lost(self) -> None:
        """The backend's connection ended before its response did."""
        stale = self._upstream is not None and not self._upstream.fresh
        self._upstream = None
        if self.over:
            return
        if stale and self._response is None and self.request.repeatable:
            self._release()
            self._dial(None)
        else:
            self.fail()

    def fail(self) -> None:
        """Answer 502, or break off when a part of a response is already out."""
        if self._response is None:
            self.answer(502)
        else:
            self.end()

    def expire(self, now: float) -> None:
        """Answer 504 when the backend has been silent for the request timeout."""
        if now - self.touched <= self._service.listener.request_timeout:
            return
        if self._response is None and self.received:
            self.answer(504)
        else:
            self.end()

    def end(self) -> None:
        """Break off on both sides."""
        self.abandon()
        self.client.break_off()

    def pause_response(self) -> None:
        """Hold the response back: the client takes no more for now."""
        if self._upstream is not None:
            self._upstream.hold(CLIENT_FULL)

    def resume_response(self) -> None:
        """Take more of the response."""
        if self._upstream is not None:
            self._upstream.release(CLIENT_FULL)

    def answer(self, status: int, location: str = "") -> None:
        """Let the listener itself answer."""
        self.abandon()
        response, body = own_response(status, location)
        self.client.head(response, keep_alive=False)
        if response.has_body(self.request):
            self.client.body(body)
        self.client.finish()
        self.client.flush()
        self.client.done(keep_alive=False)

    def abandon(self) -> None:
        """Break off towards the backend."""
        self.over = True
        if self._dialing is not None:
            self._dialing.cancel()
            self._dialing = None
        _, upstream = self._release()
        if upstream is not None:
            upstream.end()

    def _release(self) -> tuple[Target | None, Upstream | None]:
        """Let go of the backend; its connection is the caller's to keep or to close."""
        target, upstream = self._target, self._upstream
        self._target = self._upstream = None
        if target is not None:
            target.active -= 1
        if upstream is not None:
            upstream.rest()
        return target, upstream
