"""Sets of fields, as managedFields records them: which fields a value has, and in which two values differ.

A field is a tuple of path elements in the FieldsV1 notation: "f:spec", 'k:{"port":80,"protocol":"TCP"}', 'v:"a"'.
https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management and structured-merge-diff.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from kubesim.objects import Object
from kubesim.schema.definitions import Type

Path = tuple[str, ...]
FieldSet = frozenset[Path]

_KEY_DEFAULTS = {"protocol": "TCP"}
"""List keys that clients may leave out (ServicePort, ContainerPort)."""


def fields_of(value: Any, schema: Type, path: Path = ()) -> Iterator[Path]:
    """Every field that a value states: leaves, and the items of keyed lists themselves."""
    members = list(_members(value, schema))
    if not members:
        yield path
    for element, member, inner in members:
        if element[:2] in ("k:", "v:"):
            yield (*path, element)
        if element[:2] != "v:":
            yield from fields_of(member, inner, (*path, element))


def changed(old: Any, new: Any, schema: Type, path: Path = ()) -> Iterator[Path]:
    """The fields of `new` that `old` lacks or has otherwise; a map or list that is new itself included."""
    if old == new and type(old) is type(new):
        return
    if not _granular(new, schema):
        yield path
        return
    before = {element: member for element, member, _ in _members(old, schema)}
    if path and not before and old is not None and not schema.is_struct:
        yield path
    for element, member, inner in _members(new, schema):
        if element not in before:
            there = schema.is_struct and schema.always_there(element[2:])
            yield from _added(element, member, inner, path, there=there)
        elif element[:2] != "v:":
            yield from changed(before[element], member, inner, (*path, element))


def removed(old: Any, new: Any, schema: Type, path: Path = ()) -> Iterator[Path]:
    """The fields of `old` that `new` does not have any more, containers included."""
    if old == new:
        return
    after = {element: member for element, member, _ in _members(new, schema)}
    for element, member, inner in _members(old, schema):
        where = (*path, element)
        if element not in after:
            yield where
            if element[:2] != "v:":
                yield from removed(member, None, inner, where)
        elif element[:2] != "v:":
            yield from removed(member, after[element], inner, where)


def encode(paths: Iterable[Path]) -> Object:
    """FieldsV1 of a set."""
    root: Object = {}
    for path in sorted(paths):
        node = root
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    return _trimmed(root)


def decode(fields: Object, path: Path = ()) -> Iterator[Path]:
    """The set that FieldsV1 describes."""
    for element, below in fields.items():
        if element == ".":
            yield path
        elif not below:
            yield (*path, element)
        else:
            yield from decode(below, (*path, element))


def shown(path: Path) -> str:
    """A field as conflict messages write it: .spec.ports[port=80,protocol="TCP"].name."""
    text = ""
    for element in path:
        kind, name = element[:2], element[2:]
        if kind == "f:":
            text += f".{name}"
        elif kind == "k:":
            pairs = ",".join(f"{key}={json.dumps(value)}" for key, value in json.loads(name).items())
            text += f"[{pairs}]"
        else:
            text += f"[={name}]"
    return text


def merged(live: Any, wanted: Any, schema: Type) -> Any:
    """What applying `wanted` makes of `live`: fields merge, keyed lists merge by key, everything else is replaced."""
    if not _granular(wanted, schema) or type(live) is not type(wanted):
        return wanted
    before = {element: member for element, member, _ in _members(live, schema)}
    after = {element: (member, inner) for element, member, inner in _members(wanted, schema)}
    result = dict(before)
    for element, (member, inner) in after.items():
        known = element in before and element[:2] != "v:"
        result[element] = merged(before[element], member, inner) if known else member
    return _assembled(result, wanted)


def without(value: Any, paths: FieldSet, schema: Type, path: Path = ()) -> Any:
    """A value less those fields."""
    if not _granular(value, schema):
        return value
    kept: dict[str, Any] = {}
    for element, member, inner in _members(value, schema):
        where = (*path, element)
        if where in paths and not any(other[: len(where)] == where and other != where for other in paths):
            continue
        below = member if element[:2] == "v:" else without(member, paths, inner, where)
        if where in paths and element[:2] == "k:":
            continue
        kept[element] = below
    return _assembled(kept, value)


def _added(element: str, member: Any, inner: Type, path: Path, *, there: bool) -> Iterator[Path]:
    """The fields of a new member; `there`: its container is always there, so it was not added with its contents."""
    where = (*path, element)
    if element[:2] == "v:":
        yield where
    elif _granular(member, inner) and member:
        if not there:
            yield where
        yield from changed(None, member, inner, where)
    elif member not in (None, "") or any(step[:2] == "k:" for step in where):
        yield where


def _members(value: Any, schema: Type) -> Iterator[tuple[str, Any, Type]]:
    if not _granular(value, schema):
        return
    if isinstance(value, dict):
        for name, member in value.items():
            inner = schema.field(name)
            if inner is not None:
                yield f"f:{name}", member, inner
    elif schema.list_keys:
        for item in value:
            yield _item_key(item, schema.list_keys), item, schema.member
    else:
        for item in value:
            yield f"v:{_compact(item)}", item, schema.member


def _granular(value: Any, schema: Type) -> bool:
    if isinstance(value, dict):
        return schema.json == "object" and not schema.atomic
    return isinstance(value, list) and schema.json == "array" and not schema.atomic


def _item_key(item: Object, keys: tuple[str, ...]) -> str:
    named = {key: item.get(key, _KEY_DEFAULTS.get(key)) for key in sorted(keys)}
    return f"k:{_compact({key: value for key, value in named.items() if value is not None})}"


def _assembled(members: dict[str, Any], like: Any) -> Any:
    if isinstance(like, dict):
        return {element[2:]: member for element, member in members.items()}
    return list(members.values())


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _trimmed(node: Object) -> Object:
    """Leaves are {} and containers keep "." only beside other members."""
    below = {element: _trimmed(member) for element, member in node.items() if element != "."}
    return ({".": {}} if "." in node and below else {}) | below
