"""Strategic merge patch: a merge patch that knows which lists are merged by which key.

https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
Directives: $patch (replace, delete, merge), $deleteFromPrimitiveList/<field>, $setElementOrder/<field>, $retainKeys.
"""

from typing import Any

from kubesim.errors import bad_request
from kubesim.objects import Object, copied
from kubesim.schema.definitions import Type

_DELETE_FROM = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"


def strategic(target: Object, patch: Object, schema: Type) -> Object:
    """Apply a strategic merge patch to an object of that type. Raises StatusError 400."""
    if not isinstance(patch, dict):
        raise bad_request("error decoding patch: a strategic merge patch is an object")
    return _struct(target, patch, schema)


def _struct(target: Any, patch: Object, schema: Type | None) -> Object:
    directive = patch.get("$patch")
    if directive == "delete":
        return {}
    if directive == "replace":
        return {name: copied(value) for name, value in patch.items() if name != "$patch"}
    result = dict(target) if isinstance(target, dict) else {}
    if "$retainKeys" in patch:
        result = {name: value for name, value in result.items() if name in patch["$retainKeys"]}
    for name, value in patch.items():
        if name.startswith("$"):
            continue
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _member(result.get(name), value, _field(schema, name), patch.get(_ORDER + name))
    _apply_list_directives(result, patch, schema)
    return result


def _member(current: Any, value: Any, schema: Type | None, order: list[Any] | None) -> Any:
    if isinstance(value, dict):
        return _struct(current, value, schema)
    if isinstance(value, list) and schema is not None and schema.merges:
        if _replaces(value):
            return [copied(item) for item in value if item.get("$patch") != "replace"]
        merged = _list(list(current or []), value, schema)
        return _ordered(merged, current or [], value if order is None else order, schema.merge_key)
    return copied(value)


def _replaces(patch: list[Any]) -> bool:
    """Whether a list is to be taken as it is: its keys may then stand in it several times (addresses of a node)."""
    return any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch)


def _list(current: list[Any], patch: list[Any], schema: Type) -> list[Any]:
    if not schema.merge_key:
        return current + [item for item in patch if item not in current]
    for item in patch:
        key = _key(item, schema)
        places = [place for place, each in enumerate(current) if each.get(schema.merge_key) == key]
        if item.get("$patch") == "delete":
            current = [each for each in current if each.get(schema.merge_key) != key]
        elif places:
            current[places[0]] = _struct(current[places[0]], item, schema.member)
        else:
            current.append(_struct({}, item, schema.member))
    return current


def _key(item: Any, schema: Type) -> Any:
    if not isinstance(item, dict) or schema.merge_key not in item:
        shown = schema.merge_key
        raise bad_request(f"map: {item} does not contain declared merge key: {shown}")
    return item[schema.merge_key]


def _apply_list_directives(result: Object, patch: Object, schema: Type | None) -> None:
    for name, value in patch.items():
        if name.startswith(_DELETE_FROM):
            field = name.removeprefix(_DELETE_FROM)
            result[field] = [item for item in result.get(field) or [] if item not in value]
    for name, value in patch.items():
        field = name.removeprefix(_ORDER)
        if name.startswith(_ORDER) and field not in patch and field in result:
            inner = _field(schema, field)
            result[field] = _ordered(result[field], result[field], value, inner.merge_key if inner else "")


def _ordered(merged: list[Any], before: list[Any], order: list[Any], merge_key: str) -> list[Any]:
    """Items that the patch names in its order, between them the others where they stood relative to those."""
    ranks = {_rank_key(item, merge_key): place for place, item in enumerate(before)}
    named = list(dict.fromkeys(_rank_key(item, merge_key) for item in order))
    items = {_rank_key(item, merge_key): item for item in merged}
    ours = [key for key in named if key in items]
    others = [key for key in items if key not in set(ours)]
    result = []
    while ours and others:
        first = ranks.get(ours[0], -1) > ranks.get(others[0], -1)
        result.append((others if first else ours).pop(0))
    return [items[key] for key in [*result, *ours, *others]]


def _rank_key(item: Any, merge_key: str) -> Any:
    return item.get(merge_key) if merge_key and isinstance(item, dict) else item


def _field(schema: Type | None, name: str) -> Type | None:
    if schema is None:
        return None
    if schema.is_struct:
        return schema.properties.get(name)
    return schema.member if schema.json == "object" else None
