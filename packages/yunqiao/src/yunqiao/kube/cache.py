"""The objects of one kind as last told by the API server, by `namespace/name` and by named indexes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from yunqiao.model.cluster import Metadata


class HasMetadata(Protocol):
    """Any object."""

    @property
    def metadata(self) -> Metadata:
        """Its `metadata`."""
        ...


Thing = TypeVar("Thing", bound=HasMetadata)
Index = Callable[[Thing], Iterable[str]]


def key_of(thing: HasMetadata) -> str:
    """`namespace/name`, or the name alone of an object that is in no namespace."""
    return joined(thing.metadata.namespace, thing.metadata.name)


def joined(namespace: str, name: str) -> str:
    """Give the key for a namespace (may be empty) and a name."""
    return f"{namespace}/{name}" if namespace else name


class Cache(Generic[Thing]):
    """Objects by key; `indexes` gives, per name of an index, the values under which an object is found there."""

    def __init__(self, indexes: Mapping[str, Index[Thing]] | None = None) -> None:
        self._things: dict[str, Thing] = {}
        self._indexes = dict(indexes or {})
        self._keys: dict[tuple[str, str], set[str]] = {}
        self.version = 0
        """Rises with every change, so that what is derived from all objects need be made only once for each."""

    def __len__(self) -> int:
        """How many objects there are."""
        return len(self._things)

    def __iter__(self) -> Iterator[Thing]:
        """All objects, ordered by key."""
        return iter([self._things[key] for key in sorted(self._things)])

    def get(self, key: str) -> Thing | None:
        """The object of that key."""
        return self._things.get(key)

    def by(self, index: str, value: str) -> list[Thing]:
        """The objects that have that value in that index, ordered by key."""
        return [self._things[key] for key in sorted(self._keys.get((index, value), ()))]

    def put(self, thing: Thing) -> Thing | None:
        """Store an object and give the one that it replaces."""
        key = key_of(thing)
        old = self.remove(key)
        self.version += 1
        self._things[key] = thing
        for entry in self._entries(thing):
            self._keys.setdefault(entry, set()).add(key)
        return old

    def remove(self, key: str) -> Thing | None:
        """Drop an object and give it."""
        old = self._things.pop(key, None)
        if old is not None:
            self.version += 1
            for entry in self._entries(old):
                self._keys[entry].discard(key)
                if not self._keys[entry]:
                    del self._keys[entry]
        return old

    def replace(self, things: Iterable[Thing]) -> list[tuple[Thing | None, Thing | None]]:
        """Take `things` for all that there is, and give what has changed as (old, new).

        An object whose UID is another one was deleted and made again meanwhile: both are given, in that order.
        """
        now = {key_of(thing): thing for thing in things}
        changes: list[tuple[Thing | None, Thing | None]] = [
            (self.remove(key), None) for key in sorted(self._things.keys() - now.keys())
        ]
        for thing in now.values():
            changes += self.change(thing)
        return changes

    def change(self, thing: Thing) -> list[tuple[Thing | None, Thing | None]]:
        """Store an object and give what that changes as (old, new): nothing when it was known as it is."""
        old = self._things.get(key_of(thing))
        if old is not None and _same(old, thing):
            return []
        self.put(thing)
        if old is not None and old.metadata.uid != thing.metadata.uid:
            return [(old, None), (None, thing)]
        return [(old, thing)]

    def _entries(self, thing: Thing) -> set[tuple[str, str]]:
        return {(name, value) for name, index in self._indexes.items() for value in index(thing)}


def _same(old: HasMetadata, new: HasMetadata) -> bool:
    one, other = old.metadata, new.metadata
    return one.uid == other.uid and one.resource_version == other.resource_version and one.resource_version != ""
