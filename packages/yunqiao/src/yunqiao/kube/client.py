"""The API server as a model.kubernetes.KubeSource: list, watch, get, patch, create, and update for what locks need.

Objects are decoded to structs with the few fields we use, so they are patched and never written back whole; only
what was read as a plain dict (a Lease, a lock's annotation) is updated, under its resourceVersion.
"""

import random
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Self, TypeVar

from yunqiao.kube.decode import Event, change, decode, page
from yunqiao.kube.transport import Transport
from yunqiao.kube.wire import Request, watch_trouble
from yunqiao.model.errors import Stale
from yunqiao.model.kubernetes import BY_NAME, Change, Kind, Listing
from yunqiao.model.step import Deletion, Patch

T = TypeVar("T")

PAGE = 500
WATCH_SECONDS = 290.0
GRACE_SECONDS = 15.0


class Client:
    """Kubernetes over one Transport.

    A watch ends by itself after `watch_seconds` to `watch_seconds` times 1.2 (a server closes it then); a server that
    has said nothing `grace` seconds later is taken for dead.
    """

    def __init__(
        self,
        transport: Transport,
        watch_seconds: float = WATCH_SECONDS,
        grace: float = GRACE_SECONDS,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._transport, self._watch_seconds, self._grace, self._jitter = transport, watch_seconds, grace, jitter

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *how: object) -> None:
        await self._transport.__aexit__(*how)

    async def list(self, kind: Kind[T]) -> Listing[T]:
        """Everything of that kind at one resourceVersion, read in pages. Raises Refused (403, 404), NotYet, Lost."""
        try:
            return await self._pages(kind, PAGE)
        except Stale:  # a page came so late that its place in the list was forgotten (410): take all at once
            return await self._pages(kind, 0)

    async def probe(self, kind: Kind[Any]) -> None:
        """Ask for one object of that kind only to see whether we may. Raises as `list` does."""
        await self._transport.send(Request("list", kind, query={"limit": "1"}))

    async def watch(self, kind: Kind[T], since: str) -> AsyncIterator[Change[T]]:
        """What changes after `since`, until the server ends it. Raises Stale (410 in either form), Lost, Refused."""
        seconds = max(1, int(self._watch_seconds * (1 + self._jitter() / 5)))
        request = Request("watch", kind, query={
            "watch": "1", "resourceVersion": since, "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds),
        })  # fmt: skip
        async for line in self._transport.lines(request, seconds + self._grace):
            seen = decode(Event, line)
            if seen.type == "ERROR":
                raise watch_trouble(request, bytes(seen.object))
            yield change(kind, seen)

    async def get(self, kind: Kind[T], namespace: str, name: str) -> T | None:
        """One object, read from the server; None when it is not there. Raises Refused, NotYet, Lost."""
        try:
            return decode(kind.type, await self._transport.send(Request("get", kind, namespace, name)))
        except Stale:
            return None

    async def patch(self, step: Patch) -> None:
        """Send a patch; a missing object and a conflict raise Stale."""
        await self._transport.send(_patch(BY_NAME[step.kind], step))

    async def patched(self, kind: Kind[T], step: Patch) -> T:
        """Send a patch and give the object as it is now; a missing object and a conflict raise Stale."""
        return decode(kind.type, await self._transport.send(_patch(kind, step)))

    async def delete(self, step: Deletion) -> None:
        """Delete an object; one that is gone, or is not the one that was meant, raises Stale."""
        preconditions = {"uid": step.uid, "resourceVersion": step.resource_version}
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": _given(preconditions)}
        await self._transport.send(Request("delete", BY_NAME[step.kind], step.namespace, step.name, body=body))

    async def create(self, kind: str, namespace: str, body: Mapping[str, Any]) -> None:
        """Create an object; one that exists raises Stale."""
        await self._transport.send(Request("create", BY_NAME[kind], namespace, body=body))

    async def update(self, kind: Kind[dict[str, Any]], body: Mapping[str, Any]) -> None:
        """Replace an object by one that was read whole; Stale when it has changed since (by resourceVersion)."""
        meta = body["metadata"]
        await self._transport.send(Request("update", kind, meta["namespace"], meta["name"], body=body))

    async def _pages(self, kind: Kind[T], limit: int) -> Listing[T]:
        items: list[T] = []
        query = {"limit": str(limit)} if limit else {}
        while True:
            got = page(kind, await self._transport.send(Request("list", kind, query=query)))
            items += got.items
            if not got.metadata.continue_token:
                return Listing(tuple(items), got.metadata.resource_version)
            query = {**query, "continue": got.metadata.continue_token}


def _patch(kind: Kind[Any], step: Patch) -> Request:
    where = (step.namespace, step.name, step.subresource)
    return Request("patch", kind, *where, body=step.body, strategic=step.strategic)


def _given(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
