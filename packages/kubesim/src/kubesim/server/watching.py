"""GET with watch=1: events as lines of JSON until the client leaves, the time is up, or a fault strikes.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from aiohttp import web

from kubesim.api.verbs import Verbs
from kubesim.errors import expired, forbidden, invalid_options
from kubesim.objects import Object
from kubesim.server.ages import utc_now
from kubesim.server.answers import Form, form_wanted
from kubesim.server.faults import FaultKind, Faults, RunningWatch
from kubesim.server.lines import Lines, encoded
from kubesim.server.reading import in_form, warnings_for, whole_number
from kubesim.server.target import Target

BOOKMARK_INTERVAL = 60.0
LONGEST = (1800, 3600)


async def watch(
    verbs: Verbs, target: Target, request: web.Request, faults: Faults, struck: FaultKind | None, lines: Lines
) -> web.StreamResponse:
    """Serve one watch; `lines` are shared among watches, `struck` is the fault that this request has met already."""
    form = form_wanted(request.headers.get("Accept", ""))
    events = _events(verbs, target, request)
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"})
    for warning in warnings_for(target):
        response.headers.add("Warning", f'299 - "{warning}"')
    await response.prepare(request)
    hit: asyncio.Future[FaultKind] = asyncio.get_running_loop().create_future()
    running = RunningWatch(request.path_qs, lambda kind: None if hit.done() else hit.set_result(kind))
    faults.watches.append(running)
    if struck:
        hit.set_result(struck)
    pump = asyncio.create_task(_pump(response, target, events, form, request, lines))
    try:
        either: set[asyncio.Future[Any]] = {pump, hit}
        await asyncio.wait(either, timeout=_seconds(request), return_when=asyncio.FIRST_COMPLETED)
        if hit.done():
            pump.cancel()
            await _suffer(response, request, hit.result())
        elif pump.done():
            pump.result()
    finally:
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)
        faults.watches.remove(running)
    return response


def _events(verbs: Verbs, target: Target, request: web.Request) -> AsyncGenerator[Object, None]:
    query = request.query
    initial = query.get("sendInitialEvents") in ("1", "true")
    if initial and query.get("resourceVersionMatch") != "NotOlderThan":
        words = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        raise invalid_options("ListOptions", [forbidden("resourceVersionMatch", words)])
    fields = query.get("fieldSelector", "")
    if target.name:
        fields = f"{fields},metadata.name={target.name}".lstrip(",")
    return verbs.watch(
        target.kind.resource,
        target.namespace,
        since=query.get("resourceVersion", ""),
        labels=query.get("labelSelector", ""),
        fields=fields,
        bookmarks=BOOKMARK_INTERVAL if query.get("allowWatchBookmarks") in ("1", "true") else 0.0,
        initial_events=initial,
    )


async def _pump(
    response: web.StreamResponse,
    target: Target,
    events: AsyncGenerator[Object, None],
    form: Form,
    request: web.Request,
    lines: Lines,
) -> None:
    include, headed = request.query.get("includeObject", "Metadata"), True
    async with aclosing(events):
        async for event in events:
            if form == "object":
                await response.write(lines.line(target.kind.resource, event))
                continue
            obj = event["object"]
            if event["type"] not in ("ERROR", "BOOKMARK"):
                obj = in_form(target, obj, form, include, utc_now(), headed=headed)
                headed = False
            await response.write(encoded({"type": event["type"], "object": obj}))


async def _suffer(response: web.StreamResponse, request: web.Request, kind: FaultKind) -> None:
    if kind == "410-in-stream":
        await response.write(encoded({"type": "ERROR", "object": expired("too old resource version").status()}))
    elif kind == "hang":
        await asyncio.Event().wait()
    elif request.transport is not None:
        request.transport.abort()


def _seconds(request: web.Request) -> float:
    seconds = whole_number(request.query, "timeoutSeconds")
    return seconds or random.uniform(*LONGEST)


def is_watch(request: web.Request) -> bool:
    """Whether a GET is for a watch."""
    return request.method == "GET" and request.query.get("watch", "") in ("1", "true", "True")
