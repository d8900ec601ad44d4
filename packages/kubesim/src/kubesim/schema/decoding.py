"""Read an object as the API server's typed decoder does: nulls vanish, unknown fields are reported and dropped.

A value of the wrong type is refused with the message that Go's JSON decoder gives.
"""

from typing import Any

from kubesim.objects import Object
from kubesim.schema.definitions import Type

_PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "struct": (dict,),
}


class WrongType(Exception):
    """A value that the field's type cannot hold; the message is Go's."""


def decode(obj: Object, schema: Type, *, kind: str) -> tuple[Object, list[str]]:
    """A clean copy of the object, and the paths of the fields that the schema does not know. Raises WrongType."""
    unknown: list[str] = []
    clean: Object = {name: obj[name] for name in ("kind", "apiVersion") if name in obj}
    clean |= _struct(obj, schema, "", unknown, kind)
    return clean, unknown


def _struct(value: Object, schema: Type, path: str, unknown: list[str], owner: str) -> Object:
    clean: Object = {}
    for name, member in value.items():
        inner = schema.properties.get(name)
        where = f"{path}.{name}" if path else name
        if inner is None:
            unknown.append(where)
        elif member is not None:
            clean[name] = _value(member, inner, where, unknown, owner)
    return clean


def _value(value: Any, schema: Type, path: str, unknown: list[str], owner: str) -> Any:
    if schema.json == "any":
        return value
    _require_type(value, schema, path, owner)
    if schema.json == "array":
        inner = schema.member
        return [
            _value(item, inner, f"{path}[{place}]", unknown, owner)
            for place, item in enumerate(value)
            if item is not None
        ]
    if schema.json == "object":
        if schema.is_struct:
            return _struct(value, schema, path, unknown, schema.name)
        return {
            name: _value(item, schema.member, path, unknown, owner) for name, item in value.items() if item is not None
        }
    return value


def _require_type(value: Any, schema: Type, path: str, owner: str) -> None:
    if not isinstance(value, _PYTHON[schema.json]) or (isinstance(value, bool) and schema.json != "boolean"):
        raise _wrong(value, schema, path, owner)


def _wrong(value: Any, schema: Type, path: str, owner: str) -> WrongType:
    found = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}[type(value)]
    if found == "number" and schema.json == "integer":
        found = f"number {value}"
    plain = ".".join(part.partition("[")[0] for part in path.split("."))
    return WrongType(f"json: cannot unmarshal {found} into Go struct field {owner}.{plain} of type {schema.go_name}")
