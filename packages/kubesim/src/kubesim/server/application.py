"""The API server's front door: every request is noted, meets its faults, shows its token, and finds its handler."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from kubesim.access.access import Access
from kubesim.access.attributes import of_path
from kubesim.access.users import MASTERS, User
from kubesim.api.patching import APPLY
from kubesim.api.served import Served
from kubesim.api.verbs import Verbs
from kubesim.errors import StatusError, expired, method_not_allowed, no_such_resource
from kubesim.objects import Object
from kubesim.server import discovery, openapi, reviews
from kubesim.server.ages import utc_now
from kubesim.server.answers import answer, failure
from kubesim.server.bodies import read_object, read_patch
from kubesim.server.faults import Fault, FaultKind, Faults
from kubesim.server.gate import USER, pass_gate, require_creation
from kubesim.server.journal import Journal
from kubesim.server.lines import Lines
from kubesim.server.reading import read
from kubesim.server.target import Target, parse
from kubesim.server.watching import is_watch, watch
from kubesim.server.writing import write

_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
HEALTH = ("/healthz", "/livez", "/readyz")
CONTROL = "/_kubesim/"
LARGEST_BODY = 3 * 1024 * 1024
"""Bytes; what a real API server takes."""


@dataclass(slots=True)
class Server:
    """What the handlers share."""

    verbs: Verbs
    access: Access
    faults: Faults = field(default_factory=Faults)
    journal: Journal = field(default_factory=Journal)
    lines: Lines = field(default_factory=Lines)

    def application(self) -> web.Application:
        """The aiohttp application; serve it with handler_cancellation, so that a watch ends when its client leaves."""
        app = web.Application(middlewares=[self._noted, self._guarded], client_max_size=LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._answer)
        app.on_shutdown.append(self._end_watches)
        return app

    async def _end_watches(self, _: web.Application) -> None:
        for running in list(self.faults.watches):
            running.strike("cut")

    @web.middleware
    async def _noted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        started, code = time.monotonic(), 0
        try:
            response = await handler(request)
            code = response.status
        finally:
            if not request.path.startswith(CONTROL):
                agent = request.headers.get("User-Agent", "")
                self.journal.note(request.method, request.path_qs, agent, code, time.monotonic() - started)
        return response

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if not request.path.startswith(HEALTH):
                request[USER] = self._admit(request)
            return await handler(request)
        except StatusError as error:
            return failure(error)
        except web.HTTPRequestEntityTooLarge:
            words = f"Request entity too large: limit is {LARGEST_BODY}"
            return failure(StatusError(413, "RequestEntityTooLarge", words))
        except ConnectionError:
            raise
        except Exception:
            _log.exception("%s %s failed: this is a bug of kubesim", request.method, request.path)
            return failure(StatusError(500, "InternalError", "Internal error occurred: see the log of kubesim"))

    def _admit(self, request: web.Request) -> User:
        if not request.path.startswith(CONTROL):
            return pass_gate(self.access, self.verbs.kinds, request, utc_now())
        user = self.access.authenticate(request.headers.get("Authorization", ""), utc_now())
        if MASTERS not in user.groups:
            self.access.require(user, of_path(request.method, request.path))
        return user

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith(CONTROL):
            return await self._control(request)
        fault = self.faults.meet(request.method, request.path_qs)
        struck = await _suffer(request, fault) if fault else None
        fixed = _fixed(request, self.verbs.kinds)
        if fixed is not None:
            return fixed
        reviewed = reviews.KINDS.get(request.path)
        if reviewed is not None and request.method == "POST":
            asked = read_object(await request.read(), request.content_type, reviewed)
            return answer(reviews.review(reviewed, asked, self._asking(request)), status=201)
        return await self._serve_objects(request, struck)

    async def _serve_objects(self, request: web.Request, struck: FaultKind | None) -> web.StreamResponse:
        if not request.path.startswith(("/api/", "/apis/")):
            raise no_such_resource()
        target = parse(request.path, self.verbs.kinds)
        if is_watch(request):
            return await watch(self.verbs, target, request, self.faults, struck, self.lines)
        if request.method in ("GET", "HEAD"):
            return await read(self.verbs, target, request, utc_now())
        if target.subresource == "token":
            return await self._answer_token_request(target, request)
        if request.content_type == APPLY:
            require_creation(self.access, request[USER], self.verbs, target)
        return await write(self.verbs, target, request)

    async def _answer_token_request(self, target: Target, request: web.Request) -> web.Response:
        if request.method != "POST" or target.kind.name != "ServiceAccount":
            raise method_not_allowed()
        body = await request.read()
        asked = read_object(body, request.content_type, reviews.TOKEN_REQUEST) if body else {}
        asking = self._asking(request)
        made = reviews.request_token(self.verbs.storage, target.namespace, target.name, asked, asking)
        return answer(made, status=201)

    def _asking(self, request: web.Request) -> reviews.Asking:
        return reviews.Asking(self.access, request[USER], utc_now())

    async def _control(self, request: web.Request) -> web.Response:
        match request.path.removeprefix(CONTROL), request.method:
            case "faults", "GET":
                return answer({"faults": [fault.body() for fault in self.faults.ordered]})
            case "faults", "POST":
                wanted = read_patch(await request.read(), "application/merge-patch+json")
                return answer(self.faults.order(wanted), status=201)
            case "faults", "DELETE":
                self.faults.clear()
            case "requests", "GET":
                return answer(self.journal.body())
            case "requests", "DELETE":
                self.journal.clear()
            case "compact", "POST":
                self.verbs.storage.forget()
            case (("faults" | "requests" | "compact"), _):
                raise method_not_allowed()
            case _:
                raise no_such_resource()
        return web.Response(status=204)


async def _suffer(request: web.Request, fault: Fault) -> FaultKind | None:
    """Do to a request what its fault says; a watch takes the faults of its stream along. Raises StatusError."""
    match fault.kind:
        case "slow":
            await asyncio.sleep(fault.seconds)
        case "410":
            raise expired("too old resource version: 1 (2)")
        case "429":
            seconds = max(1, round(fault.seconds))
            words = "the server has received too many requests and has asked us to try again later"
            raise StatusError(429, "TooManyRequests", words, {"retryAfterSeconds": seconds})
        case "500":
            raise StatusError(500, "InternalError", "Internal error occurred: a fault was ordered")
        case "410-in-stream" if not is_watch(request):
            raise expired("The resourceVersion for the provided list is too old.")
        case "hang":
            await asyncio.Event().wait()
        case "cut" if not is_watch(request) and request.transport is not None:
            request.transport.abort()
            raise asyncio.CancelledError
        case _:
            return fault.kind
    return None


def _fixed(request: web.Request, kinds: Served) -> web.Response | None:
    """Answers that need no object: health, version, discovery, OpenAPI."""
    path = request.path.rstrip("/") or "/"
    if path.startswith(HEALTH):
        return web.Response(text="ok")
    if request.method != "GET":
        return None
    parts = path.split("/")[1:]
    if parts[0] == "openapi":
        return _openapi(path, kinds)
    if path in ("/api", "/apis"):
        return _discovery(request, path, kinds)
    if path == "/":
        return answer({"paths": ["/api", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"]})
    bodies: dict[tuple[str, int], Callable[[], Object]] = {
        ("version", 1): lambda: discovery.VERSION,
        ("api", 2): lambda: discovery.resources(kinds, "", parts[1]),
        ("apis", 2): lambda: discovery.group(kinds, parts[1]),
        ("apis", 3): lambda: discovery.resources(kinds, parts[1], parts[2]),
    }
    make = bodies.get((parts[0], len(parts)))
    return answer(make()) if make else None


def _discovery(request: web.Request, path: str, kinds: Served) -> web.Response:
    if "as=APIGroupDiscoveryList" in request.headers.get("Accept", "") and "v=v2" in request.headers["Accept"]:
        response = answer(discovery.aggregated(kinds, core=path == "/api"))
        response.headers["Content-Type"] = discovery.AGGREGATED
        return response
    return answer(discovery.versions(request.host) if path == "/api" else discovery.groups(kinds))


def _openapi(path: str, kinds: Served) -> web.Response:
    if path == "/openapi/v3":
        return answer(openapi.index(kinds))
    if not path.startswith("/openapi/v3/"):
        raise no_such_resource()
    return answer(openapi.document(path.removeprefix("/openapi/v3/"), kinds))
