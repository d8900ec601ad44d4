"""Who owns whom, and what lives in which namespace: indexes that follow every write."""

from collections import defaultdict
from dataclasses import dataclass

from kubesim.objects import Key, Object, meta
from kubesim.storage import Change


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an object is stored."""

    resource: str
    key: Key


class Ownership:
    """Looks up dependents by owner, owners by uid and contents by namespace, each in one step."""

    def __init__(self) -> None:
        self._by_uid: dict[str, Place] = {}
        self._dependents: defaultdict[str, set[Place]] = defaultdict(set)
        self._contents: defaultdict[str, set[Place]] = defaultdict(set)

    def follow(self, change: Change) -> None:
        """Note who came, went or changed owners."""
        place = Place(change.resource, change.key)
        if change.previous is not None:
            for uid in owner_uids(change.previous):
                self._dependents[uid].discard(place)
        if change.action == "DELETED":
            self._by_uid.pop(meta(change.object)["uid"], None)
            self._contents[change.key[0]].discard(place)
            return
        self._by_uid[meta(change.object)["uid"]] = place
        self._contents[change.key[0]].add(place)
        for uid in owner_uids(change.object):
            self._dependents[uid].add(place)

    def place_of(self, uid: str) -> Place | None:
        """Where the object with that uid is."""
        return self._by_uid.get(uid)

    def dependents(self, uid: str) -> list[Place]:
        """What names that uid as an owner, in a stable order."""
        return sorted(self._dependents.get(uid, ()))

    def contents(self, namespace: str) -> list[Place]:
        """All objects of a namespace, in a stable order."""
        return sorted(self._contents.get(namespace, ()))


def owner_uids(obj: Object) -> list[str]:
    """The uids of an object's owners."""
    return [owner["uid"] for owner in meta(obj).get("ownerReferences") or ()]
