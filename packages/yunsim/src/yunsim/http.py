"""The server: the APIs at /, the metadata service at /latest/, control at /_yunsim/."""

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from yunsim.calls import Cloud, new_request_id
from yunsim.control import ROUTES, BadControlError, Control, Route
from yunsim.errors import ApiError
from yunsim.faults import LostAnswerError
from yunsim.metadata import Metadata, MetadataError
from yunsim.reading import FileError
from yunsim.wire import Call, Request, error_body, read_call

_log = logging.getLogger(__name__)
_LARGEST_BODY = 4 * 1024 * 1024
LONGEST_TARGET = 16 * 1024
"""Characters of a URL that the gateway takes. Where it draws the line is not documented; that it does is known from
https://github.com/aliyun/openapi-core-nodejs-sdk/issues/55."""
_TOO_LONG = "<html><head><title>414 Request-URI Too Large</title></head><body>Request-URI Too Large</body></html>"
_INTERNAL = ApiError(500, "InternalError", "The request processing has failed due to some unknown error.")
_PROXY_PAGE = "<html><body><h1>{status}</h1></body></html>"


def application(cloud: Cloud, metadata: Metadata, control: Control) -> web.Application:
    """Make the web application of one cloud."""
    app = web.Application(client_max_size=_LARGEST_BODY)
    handlers = Handlers(cloud, metadata, control)
    for route in ROUTES:
        app.router.add_route(route.method, f"/_yunsim/{route.path}", handlers.control_of(route))
    app.router.add_put("/latest/api/token", handlers.token)
    app.router.add_get("/latest/{path:.*}", handlers.instance)
    app.router.add_get("/", handlers.api)
    app.router.add_post("/", handlers.api)
    return app


@dataclass(frozen=True)
class Handlers:
    """From aiohttp's requests to the values that the rest works on, and back."""

    cloud: Cloud
    metadata: Metadata
    control: Control

    async def api(self, request: web.Request) -> web.Response:
        """Answer one API call."""
        if len(request.raw_path) > LONGEST_TARGET:
            return web.Response(status=414, text=_TOO_LONG, content_type="text/html")
        request_id = new_request_id()
        headers = {name.lower(): value for name, value in request.headers.items()}
        content = await request.read()
        call: Call | None = None
        try:
            call = read_call(Request(request.method, request.raw_path, headers, content))
            body = await self.cloud.receive(call, request_id)
        except ApiError as error:
            return _refused(error, request_id, headers.get("host", ""), call.product if call else "")
        except LostAnswerError:
            return _cut(request)
        except Exception:
            _log.exception("%s failed", call.action if call else "reading a request")
            return _refused(_INTERNAL, request_id, headers.get("host", ""))
        if self.control.carrying is not None:
            await self.control.carrying.settled()
        return web.json_response(body, headers={"x-acs-request-id": request_id})

    async def token(self, request: web.Request) -> web.Response:
        """Give out a metadata token."""
        seconds = request.headers.get("X-aliyun-ecs-metadata-token-ttl-seconds", "")
        try:
            return web.Response(text=self.metadata.token(seconds))
        except MetadataError as error:
            return web.Response(status=error.status, text=f"{error}\n")

    async def instance(self, request: web.Request) -> web.Response:
        """Answer a read of the metadata service."""
        token = request.headers.get("X-aliyun-ecs-metadata-token")
        try:
            return web.Response(text=self.metadata.read(request.match_info["path"], request.remote or "", token))
        except MetadataError as error:
            return web.Response(status=error.status, text=f"{error}\n")

    def control_of(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Make the handler of one control request."""

        async def handle(request: web.Request) -> web.Response:
            try:
                body = json.loads(await request.read() or b"{}")
                answer = route.answer(self.control, request.query, body)
            except (BadControlError, FileError, ValueError) as error:
                return web.json_response({"error": str(error)}, status=400)
            if self.control.carrying is not None:
                await self.control.carrying.settled()
            return web.json_response(answer)

        return handle


def _refused(error: ApiError, request_id: str, host: str, product: str = "") -> web.Response:
    if not error.code:
        return web.Response(status=error.status, text=_PROXY_PAGE.format(status=error.status), content_type="text/html")
    body = error_body(error, request_id, host, product)
    return web.json_response(body, status=error.status, headers={"x-acs-request-id": request_id})


def _cut(request: web.Request) -> web.Response:
    """End the connection with nothing on it; the response returned here never leaves."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
