"""The types of custom resources: what a structural schema says of them, and what is wrong with an object by it.

Types and required fields are checked; enumerations, patterns, bounds, defaults and rules in CEL are not.
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from collections.abc import Iterator, Mapping
from typing import Any

from kubesim.errors import Cause, required
from kubesim.objects import Object
from kubesim.schema.definitions import Type

_PYTHON: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
    "array": (list,), "object": (dict,),
}  # fmt: skip
_OBJECT_META = {"$ref": "#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}


def custom_type(schema: Mapping[str, Any]) -> Type:
    """The type of a custom resource, with the metadata that every object has."""
    head = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": _OBJECT_META}
    properties = {**(schema.get("properties") or {}), **head}
    return Type({**schema, "type": "object", "properties": properties})


def pruned(value: Any, schema: Type, path: str = "") -> tuple[Any, list[str]]:
    """A copy without nulls and without the fields that the schema does not know, and the paths of these."""
    if isinstance(value, list):
        items = [pruned(item, schema.member, f"{path}[{place}]") for place, item in enumerate(value)]
        return [item for item, _ in items], [each for _, unknown in items for each in unknown]
    if not isinstance(value, dict) or schema.json == "any":
        return value, []
    clean: Object = {}
    unknown: list[str] = []
    for name, member in value.items():
        where = f"{path}.{name}" if path else name
        inner = schema.field(name)
        if inner is None:
            unknown.append(where)
        elif member is not None:
            clean[name], more = pruned(member, inner, where)
            unknown += more
    return clean, unknown


def problems(value: Any, schema: Type, path: str = "") -> Iterator[Cause]:
    """What is wrong with a pruned object by its schema; the metadata has rules of its own."""
    allowed = _PYTHON.get(schema.json)
    if allowed is not None and (
        not isinstance(value, allowed) or isinstance(value, bool) != (schema.json == "boolean")
    ):
        found = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
        words = f'Invalid value: "{found[type(value)]}": {path} in body must be of type {schema.json}: '
        yield Cause(path, "FieldValueTypeInvalid", f'{words}"{found[type(value)]}"')
    elif isinstance(value, dict) and schema.json == "object":
        yield from (required(f"{path}.{name}".lstrip(".")) for name in schema.required if name not in value)
        for name, member in value.items():
            inner = schema.field(name)
            if inner is not None and (path or name != "metadata"):
                yield from problems(member, inner, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list) and schema.json == "array":
        for place, item in enumerate(value):
            yield from problems(item, schema.member, f"{path}[{place}]")
