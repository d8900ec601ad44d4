"""Where objects live: a dict per resource, one revision counter for all, and enough history to watch and to page.

Stored objects are never changed, only replaced, so what is handed out is shared with every reader and needs no copy.
The history of a resource is bounded; asking for something older than it reaches raises Expired, as etcd's compaction
does to a real API server.
"""

import asyncio
import contextlib
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from kubesim.objects import Key, Object

HISTORY = 10_000
BACKLOG = 20_000
FIRST_REVISION = 1000
"""Where the counter starts: small numbers then are revisions from before this server, too old as on any real one."""

Action = Literal["ADDED", "MODIFIED", "DELETED"]


class Expired(Exception):
    """The revision asked for is older than the history; `oldest` is the oldest that still works."""

    def __init__(self, revision: int, oldest: int) -> None:
        super().__init__(f"too old resource version: {revision} ({oldest})")
        self.oldest = oldest


@dataclass(frozen=True, slots=True)
class Change:
    """One write: what the object was and what it is (for DELETED: its last state, with the deletion's revision)."""

    action: Action
    resource: str
    key: Key
    revision: int
    object: Object
    previous: Object | None


class Watcher:
    """The changes of one resource as they happen, in order; a reader that falls too far behind is cut off."""

    def __init__(self, pending: list[Change]) -> None:
        self.closed = False
        self._pending = deque(pending)
        self._arrived = asyncio.Event()
        if pending:
            self._arrived.set()

    def push(self, change: Change) -> None:
        """Hand a change over; called by Storage alone."""
        self._pending.append(change)
        if len(self._pending) > BACKLOG:
            self.close()
        self._arrived.set()

    def close(self) -> None:
        """End the watch; what is pending is dropped, since its reader could not keep up anyway."""
        self.closed = True
        self._pending.clear()
        self._arrived.set()

    async def wait(self, seconds: float | None = None) -> list[Change]:
        """Wait for changes and take them all; an empty list when that many seconds passed or the watch was closed.

        What arrives in the very moment of the timeout is taken too: an empty list means that nothing is pending.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        taken = list(self._pending)
        self._pending.clear()
        if not self.closed:
            self._arrived.clear()
        return taken


@dataclass(slots=True)
class _Table:
    objects: dict[Key, Object] = field(default_factory=dict)
    history: deque[Change] = field(default_factory=deque)
    forgotten: int = 0
    watchers: set[Watcher] = field(default_factory=set)
    order: list[Key] | None = None


class Storage:
    """All objects of all resources. Single-threaded: every method but Watcher.wait returns at once."""

    def __init__(self, *, history: int = HISTORY, first_revision: int = FIRST_REVISION) -> None:
        self.revision = first_revision
        self.followers: list[Callable[[Change], None]] = []
        """Indexes that must never lag behind; called within each write, they may not write themselves."""
        self._history = history
        self._first = first_revision
        self._tables: dict[str, _Table] = {}

    def get(self, resource: str, key: Key) -> Object | None:
        """The object, or None."""
        return self._table(resource).objects.get(key)

    def count(self, resource: str) -> int:
        """How many objects the resource has."""
        return len(self._table(resource).objects)

    def keys(self, resource: str, namespace: str = "") -> list[Key]:
        """The keys in order, of one namespace or of all."""
        table = self._table(resource)
        if table.order is None:
            table.order = sorted(table.objects)
        if not namespace:
            return table.order
        return table.order[bisect_left(table.order, (namespace, "")) : bisect_left(table.order, (namespace + "\0", ""))]

    def all(self, resource: str, namespace: str = "") -> list[Object]:
        """All objects in the order of their keys."""
        objects = self._table(resource).objects
        return [objects[key] for key in self.keys(resource, namespace)]

    def all_at(self, resource: str, revision: int, namespace: str = "") -> list[Object]:
        """All objects as they were at that revision, by undoing what was written since. Raises Expired."""
        past = dict(self._table(resource).objects)
        for change in reversed(self.since(resource, revision)):
            if change.previous is None:
                past.pop(change.key, None)
            else:
                past[change.key] = change.previous
        return [past[key] for key in sorted(past) if not namespace or key[0] == namespace]

    def put(self, resource: str, key: Key, obj: Object) -> Object:
        """Store a new object or a new state of one; takes ownership of `obj` and stamps its resourceVersion."""
        table = self._table(resource)
        previous = table.objects.get(key)
        obj["metadata"]["resourceVersion"] = str(self._next())
        table.objects[key] = obj
        if previous is None:
            table.order = None
        self._record(table, Change("MODIFIED" if previous else "ADDED", resource, key, self.revision, obj, previous))
        return obj

    def remove(self, resource: str, key: Key) -> Object:
        """Take an object out; returns its last state with the revision of the removal. Raises KeyError."""
        table = self._table(resource)
        previous = table.objects.pop(key)
        table.order = None
        last = previous | {"metadata": previous["metadata"] | {"resourceVersion": str(self._next())}}
        self._record(table, Change("DELETED", resource, key, self.revision, last, previous))
        return last

    def since(self, resource: str, revision: int) -> list[Change]:
        """What was written after that revision, oldest first. Raises Expired."""
        table = self._table(resource)
        if revision < max(table.forgotten, self._first - 1):
            raise Expired(revision, max(table.forgotten, self._first - 1))
        newer: list[Change] = []
        for change in reversed(table.history):
            if change.revision <= revision:
                break
            newer.append(change)
        return newer[::-1]

    def watch(self, resource: str, revision: int) -> Watcher:
        """Follow a resource from that revision on; give the watcher back with `unwatch`. Raises Expired."""
        watcher = Watcher(self.since(resource, revision))
        self._table(resource).watchers.add(watcher)
        return watcher

    def unwatch(self, resource: str, watcher: Watcher) -> None:
        """Stop feeding a watcher."""
        self._table(resource).watchers.discard(watcher)

    def forget(self) -> None:
        """Drop all history, as a compaction does: older revisions are Expired from now on."""
        for table in self._tables.values():
            table.history.clear()
            table.forgotten = self.revision
        self._first = self.revision + 1

    def _next(self) -> int:
        self.revision += 1
        return self.revision

    def _record(self, table: _Table, change: Change) -> None:
        table.history.append(change)
        if len(table.history) > self._history:
            table.forgotten = table.history.popleft().revision
        for follower in self.followers:
            follower(change)
        for watcher in list(table.watchers):
            watcher.push(change)
            if watcher.closed:
                table.watchers.discard(watcher)

    def _table(self, resource: str) -> _Table:
        return self._tables.setdefault(resource, _Table())
