"""The lines of recent watch events: an event is encoded once, however many watchers it goes to."""

from collections import OrderedDict

from kubesim.objects import Object, meta
from kubesim.server.answers import dumps

KEPT = 1_000
_SHARED = ("ADDED", "MODIFIED", "DELETED")


class Lines:
    """Remembers the latest lines. Type, resource and resourceVersion say what stands in one, so they are its key."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str, str], bytes] = OrderedDict()

    def line(self, resource: str, event: Object) -> bytes:
        """The event as a line of JSON; its object must be as stored, in full."""
        if event["type"] not in _SHARED:
            return encoded(event)
        key = (event["type"], resource, str(meta(event["object"]).get("resourceVersion", "")))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = encoded(event)
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
        return known


def encoded(event: Object) -> bytes:
    """An event as a line of JSON."""
    return dumps(event).encode() + b"\n"
