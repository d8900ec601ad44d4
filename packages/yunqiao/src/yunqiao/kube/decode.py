"""From bytes of the API server to our structs. Pure.

A null stands for an absent field: Go writes it for empty lists that have no `omitempty` (`"endpoints": null` of an
EndpointSlice), where our structs want a list.
"""

from functools import cache
from typing import Any, Generic, Literal, TypeVar

import msgspec

from yunqiao.model.errors import Lost
from yunqiao.model.kubernetes import Change, Kind

T = TypeVar("T")


class Unreadable(Lost):
    """What came is not JSON, or not an object of the kind that was asked for."""


class _ListMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    continue_token: str = msgspec.field(default="", name="continue")


class Page(msgspec.Struct, Generic[T]):
    """One page of a list."""

    items: list[T] = []
    metadata: _ListMeta = msgspec.field(default_factory=_ListMeta)


class Event(msgspec.Struct):
    """One line of a watch; the object is left as it came."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]
    object: msgspec.Raw


class _Head(msgspec.Struct):
    metadata: _ListMeta


@cache
def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type_)


def decode(type_: type[T], raw: bytes | msgspec.Raw) -> T:
    """Give the object. Raises Unreadable naming the field that is wrong (never its value)."""
    try:
        read: T = _read(type_, raw)
    except msgspec.MsgspecError as error:
        raise Unreadable(f"the API server sent no readable {type_.__name__}: {error}") from None
    return read


def page(kind: Kind[T], raw: bytes) -> Page[T]:
    """Give one page of a list of that kind. Raises Unreadable."""
    try:
        read: Page[T] = _read(Page[kind.type], raw)  # type: ignore[name-defined]  # made at run time
    except msgspec.MsgspecError as error:
        raise Unreadable(f"the API server sent no readable list of {kind.plural}: {error}") from None
    return read


def change(kind: Kind[T], seen: Event) -> Change[T]:
    """Give the change that a line of a watch tells of. Raises Unreadable."""
    if seen.type == "BOOKMARK":
        return Change("BOOKMARK", None, decode(_Head, seen.object).metadata.resource_version)
    if seen.type == "ERROR":
        raise Unreadable("an ERROR event holds a Status, not an object")
    thing = decode(kind.type, seen.object)
    metadata = getattr(thing, "metadata", None)  # plain dicts have none: theirs is read once more
    version = metadata.resource_version if metadata else decode(_Head, seen.object).metadata.resource_version
    return Change(seen.type, thing, version)


def _read(type_: Any, raw: bytes | msgspec.Raw) -> Any:
    try:
        return _decoder(type_).decode(raw)
    except msgspec.ValidationError:
        return msgspec.convert(_without_nulls(msgspec.json.decode(raw)), type_)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    return value
