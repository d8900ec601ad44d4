"""How objects go: at once, after a grace period, after their finalizers, with or without their dependents.

https://kubernetes.io/docs/concepts/architecture/garbage-collection/ and .../overview/working-with-objects/finalizers/.
The garbage collector and the namespace controller of a real cluster work in the background; here they are done within
the request that caused them.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from kubesim.api.ownership import Ownership, Place, owner_uids
from kubesim.api.served import Served
from kubesim.errors import no_such_resource
from kubesim.kinds import BY_RESOURCE, Kind
from kubesim.objects import Object, at, key_of, meta, timestamp
from kubesim.storage import Storage

Propagation = Literal["Background", "Foreground", "Orphan"]
FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


class Deletion:
    """Marks objects for deletion, removes them when nothing holds them, and takes along what depended on them."""

    def __init__(self, storage: Storage, ownership: Ownership, now: Callable[[], datetime], kinds: Served) -> None:
        self._storage = storage
        self._ownership = ownership
        self._now = now
        self._kinds = kinds

    def delete(self, kind: Kind, obj: Object, *, grace: int | None = None, propagation: Propagation) -> Object:
        """Begin to delete; returns the object's last state, or its state while something still holds it."""
        if propagation == "Orphan":
            obj = self._abandon_dependents(obj)
        seconds = _grace(kind, obj, grace)
        waits = propagation == "Foreground" and bool(self._ownership.dependents(meta(obj)["uid"]))
        if kind.name != "Namespace" and not (seconds or waits or meta(obj).get("finalizers")):
            return self.remove(kind, obj)
        marked = self._marked(kind, obj, seconds, FOREGROUND if waits else "")
        if waits:
            self._delete_dependents(marked, "Foreground")
        if kind.name == "Namespace":
            self._empty(meta(obj)["name"])
        return self._storage.get(kind.resource, key_of(obj)) or marked

    def remove(self, kind: Kind, obj: Object) -> Object:
        """Take the object out now, and let those react who waited for it or depended on it."""
        last = self._storage.remove(kind.resource, key_of(obj))
        self._delete_dependents(last, "Background")
        for uid in owner_uids(last):
            self._finish_foreground(uid)
        namespace = meta(last).get("namespace")
        if namespace:
            self._finish_namespace(namespace)
        return last

    def collect_without_owner(self, kind: Kind, obj: Object) -> None:
        """Delete an object that names owners of which none is there, as the garbage collector does."""
        owners = owner_uids(obj)
        if owners and not any(self._ownership.place_of(uid) for uid in owners):
            self.delete(kind, obj, propagation="Background")

    @staticmethod
    def is_due(kind: Kind, obj: Object) -> bool:
        """Whether an object marked for deletion has nothing left that holds it."""
        metadata = meta(obj)
        if "deletionTimestamp" not in metadata or metadata.get("finalizers"):
            return False
        return kind.name != "Namespace" and not metadata.get("deletionGracePeriodSeconds")

    def _marked(self, kind: Kind, obj: Object, seconds: int, finalizer: str) -> Object:
        metadata = dict(meta(obj))
        earlier = metadata.get("deletionGracePeriodSeconds")
        if "deletionTimestamp" not in metadata or (earlier is not None and seconds < earlier):
            metadata["deletionTimestamp"] = timestamp(self._now() + timedelta(seconds=seconds))
            metadata["deletionGracePeriodSeconds"] = seconds
            if kind.generation:
                metadata["generation"] = metadata.get("generation", 0) + 1
        if finalizer and finalizer not in metadata.get("finalizers", []):
            metadata["finalizers"] = [*metadata.get("finalizers", []), finalizer]
        if kind.name == "Namespace":
            metadata.pop("deletionGracePeriodSeconds", None)
        marked = obj | {"metadata": metadata}
        if kind.name == "Namespace":
            marked["status"] = obj["status"] | {"phase": "Terminating"}
        if metadata == meta(obj) and marked.get("status") == obj.get("status"):
            return obj
        return self._storage.put(kind.resource, key_of(obj), marked)

    def _delete_dependents(self, owner: Object, propagation: Propagation) -> None:
        for place in self._ownership.dependents(meta(owner)["uid"]):
            kind, dependent = self._find(place)
            alive = [uid for uid in owner_uids(dependent) if self._lives_on(uid)] if dependent else []
            if dependent is not None and not alive and "deletionTimestamp" not in meta(dependent):
                self.delete(kind, dependent, propagation=propagation)

    def _abandon_dependents(self, owner: Object) -> Object:
        uid = meta(owner)["uid"]
        for place in self._ownership.dependents(uid):
            kind, dependent = self._find(place)
            if dependent is not None:
                kept = [each for each in meta(dependent)["ownerReferences"] if each["uid"] != uid]
                metadata = dict(meta(dependent)) | {"ownerReferences": kept}
                if not kept:
                    del metadata["ownerReferences"]
                self._storage.put(kind.resource, place.key, dependent | {"metadata": metadata})
        return owner

    def _lives_on(self, uid: str) -> bool:
        place = self._ownership.place_of(uid)
        owner = self._find(place)[1] if place else None
        return owner is not None and "deletionTimestamp" not in meta(owner)

    def _finish_foreground(self, uid: str) -> None:
        place = self._ownership.place_of(uid)
        if place is None or self._ownership.dependents(uid):
            return
        kind, owner = self._find(place)
        finalizers = list(meta(owner).get("finalizers", ())) if owner else []
        if owner is None or FOREGROUND not in finalizers:
            return
        finalizers.remove(FOREGROUND)
        metadata = {name: value for name, value in meta(owner).items() if name != "finalizers"}
        metadata |= {"finalizers": finalizers} if finalizers else {}
        released = self._storage.put(kind.resource, place.key, owner | {"metadata": metadata})
        if self.is_due(kind, released):
            self.remove(kind, released)

    def _empty(self, namespace: str) -> None:
        for place in self._ownership.contents(namespace):
            kind, obj = self._find(place)
            if obj is not None and "deletionTimestamp" not in meta(obj):
                self.delete(kind, obj, propagation="Background")
        self._finish_namespace(namespace)

    def _finish_namespace(self, name: str) -> None:
        kind, key = BY_RESOURCE["namespaces"], ("", name)
        namespace = self._storage.get(kind.resource, key)
        if namespace is None or at(namespace, "status.phase") != "Terminating":
            return
        if not self._ownership.contents(name) and not meta(namespace).get("finalizers"):
            self._storage.remove(kind.resource, key)

    def _find(self, place: Place) -> tuple[Kind, Object | None]:
        kind = self._kinds.get(place.resource)
        if kind is None:
            raise no_such_resource()
        return kind, self._storage.get(place.resource, place.key)


def _grace(kind: Kind, obj: Object, asked: int | None) -> int:
    """Seconds that a pod keeps running after DELETE; every other kind has none."""
    if kind.name != "Pod" or not at(obj, "spec.nodeName") or at(obj, "status.phase") in ("Succeeded", "Failed"):
        return 0
    seconds: int = at(obj, "spec.terminationGracePeriodSeconds") if asked is None else asked
    earlier = meta(obj).get("deletionGracePeriodSeconds")
    return seconds if earlier is None else min(seconds, earlier)
