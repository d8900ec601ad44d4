"""One resource of the API kept in memory and followed by a watch.

What its owner writes itself goes in at once (`saw`, `lost`), so a controller reads its own writes; the watch then
brings the same state again and finds nothing new. When the API has forgotten where the watch stood (410, in either
form), everything is listed anew and compared, so no change goes unnoticed.
"""

import logging
from collections.abc import Callable

from kubesim.api.verbs import Verbs
from kubesim.errors import StatusError
from kubesim.objects import Key, Object, key_of

log = logging.getLogger(__name__)

Handler = Callable[[Object | None, Object | None], None]
"""Called with the old and the new state of an object; None where there is none."""


class Informer:
    """All objects of one resource, by (namespace, name)."""

    def __init__(self, verbs: Verbs, resource: str) -> None:
        self.objects: dict[Key, Object] = {}
        self._verbs = verbs
        self._resource = resource
        self._handlers: list[Handler] = []
        self._gone: dict[Key, int] = {}

    def on_change(self, handler: Handler) -> None:
        """Call that for every object there is now, and for every change from now on."""
        self._handlers.append(handler)
        for obj in list(self.objects.values()):
            handler(None, obj)

    def saw(self, obj: Object) -> None:
        """Take in a state of an object, unless something newer is known."""
        key = key_of(obj)
        old = self.objects.get(key)
        if revision(obj) <= max(revision(old), self._gone.get(key, 0)):
            return
        self.objects[key] = obj
        self._tell(old, obj)

    def lost(self, key: Key) -> None:
        """Take in that an object is gone, before the watch says so."""
        old = self.objects.pop(key, None)
        if old is not None:
            self._gone[key] = revision(old)
            self._tell(old, None)

    def relist(self) -> str:
        """List everything and take in the differences; returns the resourceVersion to watch from."""
        listing = self._verbs.list(self._resource)
        present = {key_of(obj): obj for obj in listing["items"]}
        for key in [key for key in self.objects if key not in present]:
            self._tell(self.objects.pop(key), None)
        self._gone.clear()
        for obj in present.values():
            self.saw(obj)
        return str(listing["metadata"]["resourceVersion"])

    async def run(self) -> None:
        """Follow the resource until cancelled."""
        since = self.relist()
        while True:
            try:
                async for event in self._verbs.watch(self._resource, since=since):
                    since = self._take(event)
            except StatusError as error:
                if error.code != 410:
                    raise
                log.debug("%s: the watch is too far behind, listing anew", self._resource)
                since = self.relist()

    def _take(self, event: Object) -> str:
        obj = event["object"]
        if event["type"] == "ERROR":
            raise StatusError(obj.get("code", 500), obj.get("reason", ""), obj.get("message", ""))
        if event["type"] == "DELETED":
            self._removed(obj)
        elif event["type"] != "BOOKMARK":
            self.saw(obj)
        return str(obj["metadata"]["resourceVersion"])

    def _removed(self, obj: Object) -> None:
        key = key_of(obj)
        if self._gone.get(key, 0) <= revision(obj):
            self._gone.pop(key, None)
        old = self.objects.get(key)
        if old is not None and revision(old) <= revision(obj):
            del self.objects[key]
            self._tell(old, None)

    def _tell(self, old: Object | None, new: Object | None) -> None:
        for handler in self._handlers:
            handler(old, new)


def revision(obj: Object | None) -> int:
    """The resourceVersion as a number: this API's versions are comparable (KEP-5504)."""
    return int(obj["metadata"]["resourceVersion"]) if obj else 0
