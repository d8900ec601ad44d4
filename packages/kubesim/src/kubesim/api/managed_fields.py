"""Who wrote which field: metadata.managedFields after plain writes (server-side apply is in api/apply.py).

https://kubernetes.io/docs/reference/using-api/server-side-apply/#managers
"""

from collections.abc import Iterable
from datetime import datetime

from kubesim.api.field_sets import FieldSet, Path, changed, decode, encode, removed
from kubesim.kinds import Kind
from kubesim.objects import Object, meta, timestamp

_UNOWNED = frozenset(
    ("f:metadata", f"f:{name}")
    for name in (
        "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink",
        "deletionTimestamp", "deletionGracePeriodSeconds",
    )
) | {("f:apiVersion",), ("f:kind",), ("f:metadata",)}  # fmt: skip

_REPLICAS = ("f:spec", "f:replicas")


def record(kind: Kind, old: Object, new: Object, subresource: str, manager: str, now: datetime) -> None:
    """Note in `new` which fields this write changed. A Scale leaves zero replicas out, so nobody owns them then."""
    schema = kind.type
    entries = list(meta(old).get("managedFields") or ())
    ours = owned(kind, changed(old, new, schema), subresource)
    gone = owned(kind, removed(old, new, schema), subresource)
    if subresource == "scale" and not new["spec"].get("replicas"):
        ours, gone = frozenset(), frozenset({_REPLICAS})
    new["metadata"].pop("managedFields", None)
    if ours or gone:
        entries = list(_without(entries, ours, gone, (manager, "Update", subresource)))
        entries = _with_entry(kind, entries, ours, (manager, "Update", subresource), now)
    if entries:
        new["metadata"]["managedFields"] = entries


def owned(kind: Kind, paths: Iterable[Path], subresource: str) -> FieldSet:
    """Those fields that a write through that subresource can own."""
    kept = {path for path in paths if path and path not in _UNOWNED and path[:2] not in _UNOWNED}
    if subresource == "scale":
        return frozenset(kept & {_REPLICAS})
    if subresource == "status":
        return frozenset(path for path in kept if path[0] in ("f:metadata", "f:status"))
    return frozenset(path for path in kept if not (kind.status and path[0] == "f:status"))


def with_applied(entries: "list[Object]", applied: Object, taken: FieldSet) -> "list[Object]":
    """The entries after an apply: its own replaced, fields it took over gone from the others."""
    others = [entry for entry in entries if entry_key(entry) != entry_key(applied)]
    return _sorted([*_without(others, taken, frozenset(), ("", "", "")), applied])


def entry(kind: Kind, paths: FieldSet, key: tuple[str, str, str], now: datetime) -> Object:
    """One entry of managedFields; the key is (manager, operation, subresource)."""
    manager, operation, subresource = key
    made: Object = {"manager": manager, "operation": operation, "apiVersion": kind.api_version}
    made |= {"time": timestamp(now), "fieldsType": "FieldsV1", "fieldsV1": encode(paths)}
    return made | ({"subresource": subresource} if subresource else {})


def entry_key(entry: Object) -> tuple[str, str, str]:
    """(manager, operation, subresource) of an entry."""
    return entry.get("manager", ""), entry.get("operation", ""), entry.get("subresource", "")


def _without(
    entries: "list[Object]", taken: FieldSet, gone: FieldSet, writer: tuple[str, str, str]
) -> "Iterable[Object]":
    for each in entries:
        have = frozenset(decode(each["fieldsV1"]))
        left = have - gone if entry_key(each) == writer else have - gone - taken
        if left == have:
            yield each
        elif left or each["operation"] == "Apply":
            yield each | {"fieldsV1": encode(left)}


def _with_entry(
    kind: Kind, entries: "list[Object]", paths: FieldSet, key: tuple[str, str, str], now: datetime
) -> "list[Object]":
    mine = next((each for each in entries if entry_key(each) == key), None)
    have = frozenset(decode(mine["fieldsV1"])) if mine else frozenset()
    if not paths:
        return _sorted(entries)
    others = [each for each in entries if entry_key(each) != key]
    return _sorted([*others, entry(kind, have | paths, key, now)])


def _sorted(entries: "list[Object]") -> "list[Object]":
    return sorted(entries, key=lambda each: (each["operation"], each.get("time", ""), entry_key(each)))
