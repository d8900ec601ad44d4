"""A small API server with faults on demand, on a real socket: what the client must survive, one knob per fault."""

import asyncio
import copy
import itertools
import json
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from yunqiao.engine.clock import MonotonicClock
from yunqiao.kube.client import Client
from yunqiao.kube.connect import Connection
from yunqiao.kube.credentials import Credentials, Found, Identity, Source, from_sources
from yunqiao.kube.limit import RateLimit
from yunqiao.kube.transport import Transport
from yunqiao.kube.trust import Trust


@dataclass
class Asked:
    """One request as it came."""

    verb: str
    plural: str
    namespace: str
    name: str
    subresource: str
    query: dict
    headers: dict
    body: object


@dataclass
class Fault:
    """What happens instead of an answer, for the next `times` requests of that verb and resource."""

    verb: str
    plural: str
    times: int
    status: int = 0
    headers: dict = field(default_factory=dict)
    message: str = ""
    hang: bool = False
    slow: float = 0.0
    raw: bytes = b""


class ApiServer:
    def __init__(self):
        self.objects = {}
        self.history = []
        self.version = itertools.count(1)
        self.latest = 0
        self.compacted = 0
        self.asked = []
        self.faults = []
        self.tokens = None
        self.watchers = set()
        self.down = asyncio.Event()
        self.lists_at_once = self.most_lists_at_once = 0
        self.url = ""

    # what tests turn

    def fault(self, verb, plural, times=1, **how):
        self.faults.append(Fault(verb, plural, times, **how))

    def hang(self):
        """From now on no request is answered; connections stay open."""
        for verb in ("get", "list", "watch", "create", "update", "patch"):
            self.fault(verb, "*", times=10**6, hang=True)

    def tell(self, command, *more):
        """Do something to every open watch: close, cut, gone, line."""
        for watcher in self.watchers:
            watcher.put_nowait((command, *more))

    def requests(self, verb, plural):
        return [each for each in self.asked if (each.verb, each.plural) == (verb, plural)]

    def put(self, plural, thing, event=None):
        thing = copy.deepcopy(thing)
        meta = thing["metadata"]
        key = (plural, meta.get("namespace", ""), meta["name"])
        self.latest = next(self.version)
        meta.setdefault("uid", self.objects[key]["metadata"]["uid"] if key in self.objects else f"uid-{self.latest}")
        meta["resourceVersion"] = str(self.latest)
        type_ = event or ("MODIFIED" if key in self.objects else "ADDED")
        self.objects[key] = thing
        self._happened(plural, type_, thing)
        return thing

    def remove(self, plural, namespace, name):
        thing = copy.deepcopy(self.objects.pop((plural, namespace, name)))
        self.latest = next(self.version)
        thing["metadata"]["resourceVersion"] = str(self.latest)
        self._happened(plural, "DELETED", thing)

    def bookmark(self):
        self.latest = next(self.version)
        mark = {"metadata": {"resourceVersion": str(self.latest)}}
        self.tell("line", json.dumps({"type": "BOOKMARK", "object": mark}).encode())

    def compact(self):
        """Forget all history: a watch since before now is answered 410."""
        self.compacted = self.latest
        self.history.clear()

    def _happened(self, plural, type_, thing):
        line = json.dumps({"type": type_, "object": thing}).encode()
        self.history.append((int(thing["metadata"]["resourceVersion"]), plural, line))
        for watcher in self.watchers:
            if watcher.plural == plural and not self.blind:
                watcher.put_nowait(("line", line))

    # the server

    async def handle(self, request):
        asked = await _parse(request)
        self.asked.append(asked)
        if self.tokens is not None and asked.headers.get("Authorization") not in {f"Bearer {t}" for t in self.tokens}:
            return _status(401, "Unauthorized")
        for fault in self.faults:
            if fault.times and fault.verb == asked.verb and fault.plural in ("*", asked.plural):
                fault.times -= 1
                answer = await self._faulty(fault)
                if answer is not None:
                    return answer
        answer = getattr(self, f"_{asked.verb}")
        return await answer(request, asked) if asked.verb == "watch" else answer(asked)

    async def _faulty(self, fault):
        if fault.hang:
            await self.down.wait()
        if fault.slow:
            self.lists_at_once += 1
            self.most_lists_at_once = max(self.most_lists_at_once, self.lists_at_once)
            await asyncio.sleep(fault.slow)
            self.lists_at_once -= 1
            return None
        if fault.raw:
            return web.Response(body=fault.raw, content_type="application/json")
        return _status(fault.status or 500, fault.message, fault.headers)

    def _list(self, asked):
        things = [thing for (plural, namespace, _), thing in sorted(self.objects.items(), key=lambda item: item[0])
                  if plural == asked.plural and asked.namespace in ("", namespace)]  # fmt: skip
        limit, start = int(asked.query.get("limit", 10**6)), int(asked.query.get("continue", 0))
        meta = {"resourceVersion": str(self.latest)}
        if start + limit < len(things):
            meta["continue"] = str(start + limit)
        return web.json_response({"metadata": meta, "items": things[start : start + limit]})

    def _get(self, asked):
        thing = self.objects.get((asked.plural, asked.namespace, asked.name))
        return _status(404, f"{asked.name} not found") if thing is None else web.json_response(thing)

    def _create(self, asked):
        if (asked.plural, asked.namespace, asked.body["metadata"]["name"]) in self.objects:
            return _status(409, "already exists")
        return web.json_response(self.put(asked.plural, asked.body), status=201)

    def _update(self, asked):
        held = self.objects.get((asked.plural, asked.namespace, asked.name))
        if held is None:
            return _status(404, "not found")
        if asked.body["metadata"].get("resourceVersion") != held["metadata"]["resourceVersion"]:
            return _status(409, "the object has been modified")
        return web.json_response(self.put(asked.plural, asked.body))

    def _patch(self, asked):
        held = self.objects.get((asked.plural, asked.namespace, asked.name))
        if held is None:
            return _status(404, f"{asked.name} not found")
        return web.json_response(self.put(asked.plural, _merge(held, asked.body)))

    async def _watch(self, request, asked):
        since = int(asked.query["resourceVersion"] or 0)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        if since < self.compacted:
            gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
            await response.write(json.dumps({"type": "ERROR", "object": gone}).encode() + b"\n")
            return response
        watcher = asyncio.Queue()
        watcher.plural = asked.plural
        for version, plural, line in self.history:
            if plural == asked.plural and version > since:
                watcher.put_nowait(("line", line))
        self.watchers.add(watcher)
        try:
            async with asyncio.timeout(float(asked.query["timeoutSeconds"])):
                await self._stream(watcher, request, response)
        except TimeoutError:
            if self.mute:
                await self.down.wait()
        finally:
            self.watchers.discard(watcher)
        return response

    blind = False
    """Tell open watches nothing of what happens."""

    mute = False
    """Never end a watch, not even at its timeoutSeconds: a peer that has gone silent."""

    async def _stream(self, watcher, request, response):
        while True:
            command, *more = await watcher.get()
            if command == "line":
                await response.write(more[0] + b"\n")
            elif command == "cut":
                await response.write(more[0])
                await asyncio.sleep(0.01)
                request.transport.abort()
                return
            elif command == "close":
                return


def _merge(held, patch):
    if not isinstance(patch, dict):
        return patch
    merged = dict(held) if isinstance(held, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), value)
    return merged


def _status(code, message, headers=None):
    return web.json_response({"kind": "Status", "code": code, "message": message}, status=code, headers=headers)


async def _parse(request):
    parts = request.path.strip("/").split("/")
    parts = parts[2:] if parts[0] == "api" else parts[3:]
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 2:
        namespace, parts = parts[1], parts[2:]
    plural, name, subresource = [*parts, "", ""][:3]
    verbs = {"POST": "create", "PUT": "update", "PATCH": "patch"}
    reading = "watch" if "watch" in request.query else "get" if name else "list"
    body = json.loads(await request.read() or b"null")
    return Asked(verbs.get(request.method, reading), plural, namespace, name, subresource, dict(request.query),
                 dict(request.headers), body)  # fmt: skip


@pytest.fixture
async def server():
    api = ApiServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", api.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield api
    api.down.set()
    api.tell("close")
    await runner.cleanup()


class HastyClock(MonotonicClock):
    """Real time in which every sleep is a hundredth; `slept` holds what was asked for."""

    def __init__(self):
        self.slept = []

    async def sleep(self, seconds):
        self.slept.append(seconds)
        await asyncio.sleep(max(0.0, seconds) / 100)


@pytest.fixture
def hasty():
    return HastyClock()


def connection_to(server, credentials=None):
    none = from_sources(Source(""), Source(""), Source(""), MonotonicClock())
    return Connection(server.url, credentials or none, Trust(Source("")), "the test")


@pytest.fixture
async def connect(server):
    """Make clients of the server; they are closed at the end."""
    clients = []

    async def make(credentials=None, timeout=5.0, **how):
        limit = RateLimit(MonotonicClock(), qps=0)
        transport = Transport(connection_to(server, credentials), limit, "yunqiao/test", timeout)
        client = await Client(transport, **how).__aenter__()
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.__aexit__(None, None, None)


@pytest.fixture
async def client(connect):
    return await connect()


@pytest.fixture
def rotating():
    """Credentials whose token is whatever `rotating.token` is when they are read."""

    class Rotating(Credentials):
        token = "first"
        reads = 0

        def __init__(self):
            super().__init__(self._give, MonotonicClock())

        async def _give(self):
            self.reads += 1
            return Found(Identity(token=self.token))

    return Rotating()


@pytest.fixture
def until():
    """Wait (for real, at most two seconds) until something is true."""

    async def wait(condition):
        async with asyncio.timeout(2):
            while not condition():
                await asyncio.sleep(0.005)

    return wait
