"""Watches: the events a client sees, given what it selects and where it starts.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from kubesim.api.listing import parse_revision
from kubesim.api.selectors import Predicate
from kubesim.errors import expired
from kubesim.kinds import Kind
from kubesim.objects import Object
from kubesim.storage import Change, Expired, Storage

INITIAL_EVENTS_END = "k8s.io/initial-events-end"


@dataclass(frozen=True, slots=True)
class Follow:
    """How a watch is asked for."""

    since: str = ""
    """Empty or "0": begin with an ADDED event for everything there is."""
    bookmarks: float = 0.0
    """Seconds between BOOKMARK events; 0 for none."""
    initial_events: bool = False
    """Send the present state first and mark its end with a bookmark (sendInitialEvents)."""


async def watch_objects(
    storage: Storage, kind: Kind, namespace: str, follow: Follow, chosen: Predicate, served: Callable[[Object], Object]
) -> AsyncGenerator[Object, None]:
    """Events as they happen, for ever; a start that is too old is one ERROR event with a 410 Status."""
    resource = kind.stored_as or kind.resource
    start = parse_revision(follow.since)
    from_now = start == 0 or follow.initial_events
    revision = storage.revision if from_now else start
    present = storage.all(resource, namespace) if from_now else []
    try:
        watcher = storage.watch(resource, revision)
    except Expired as error:
        yield {"type": "ERROR", "object": expired(str(error)).status()}
        return
    try:
        for obj in present:
            if chosen(obj):
                yield {"type": "ADDED", "object": served(obj)}
        if follow.initial_events:
            yield bookmark(kind, revision, {INITIAL_EVENTS_END: "true"})
        while not watcher.closed:
            changes = await watcher.wait(follow.bookmarks or None)
            if not changes and not watcher.closed:
                yield bookmark(kind, storage.revision, {})
            for change in changes:
                event = _event(change, namespace, chosen)
                if event is not None:
                    yield {"type": event["type"], "object": served(event["object"])}
    finally:
        storage.unwatch(resource, watcher)


def bookmark(kind: Kind, revision: int, annotations: Object) -> Object:
    """A BOOKMARK event: nothing changed for this watcher up to that revision."""
    metadata: Object = {"resourceVersion": str(revision), "creationTimestamp": None}
    metadata |= {"annotations": annotations} if annotations else {}
    obj = {"kind": kind.name, "apiVersion": kind.api_version, "metadata": metadata}
    return {"type": "BOOKMARK", "object": obj}


def _event(change: Change, namespace: str, chosen: Predicate) -> Object | None:
    """What a change looks like through a selector: objects enter and leave it."""
    if namespace and change.key[0] != namespace:
        return None
    before = change.previous is not None and chosen(change.previous)
    after = change.action != "DELETED" and chosen(change.object)
    if after:
        return {"type": "MODIFIED" if before else "ADDED", "object": change.object}
    if not before or change.previous is None:
        return None
    if change.action == "DELETED":
        return {"type": "DELETED", "object": change.object}
    metadata = change.previous["metadata"] | {"resourceVersion": str(change.revision)}
    return {"type": "DELETED", "object": change.previous | {"metadata": metadata}}
