"""/openapi/v3: the published definitions of the served kinds, with paths enough for kubectl to find its parameters.

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
"""

import functools
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from kubesim.api.served import Served
from kubesim.errors import no_such_resource
from kubesim.kinds import Kind
from kubesim.objects import Object
from kubesim.schema.definitions import VERSION, definitions
from kubesim.server.answers import dumps

_QUERY = ("dryRun", "fieldManager", "fieldValidation", "force")
_PATCHES = ("json-patch+json", "merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml")


def index(kinds: Served) -> Object:
    """GET /openapi/v3: where each group's document is."""
    paths: dict[str, tuple[Kind, ...]] = {}
    for kind in kinds:
        paths[_path(kind)] = (*paths.get(_path(kind), ()), kind)
    return {
        "paths": {
            path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={_digest(here)}"} for path, here in paths.items()
        },
    }


def document(path: str, kinds: Served) -> Object:
    """GET /openapi/v3/api/v1 or /openapi/v3/apis/<group>/<version>. Raises StatusError 404."""
    here = tuple(kind for kind in kinds if _path(kind) == path)
    if not here:
        raise no_such_resource()
    return _document(here)


@functools.cache
def _document(kinds: tuple[Kind, ...]) -> Object:
    schemas: dict[str, Any] = {}
    for kind in kinds:
        if kind.structure is None:
            _collect(kind.definition, schemas)
        else:
            named = {"group": kind.group, "version": kind.version, "kind": kind.name}
            schemas[kind.definition] = {"type": "object", "x-kubernetes-group-version-kind": [named]}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": f"v{VERSION}"},
        "paths": {path: operations for kind in kinds for path, operations in _operations(kind)},
        "components": {"schemas": schemas},
    }


def _path(kind: Kind) -> str:
    return f"apis/{kind.group}/{kind.version}" if kind.group else f"api/{kind.version}"


@functools.cache
def _digest(kinds: tuple[Kind, ...]) -> str:
    return hashlib.sha256(dumps(_document(kinds)).encode()).hexdigest()[:32].upper()


def _collect(name: str, schemas: dict[str, Any]) -> None:
    if name in schemas:
        return
    schemas[name] = None
    schemas[name] = _openapi(definitions()[name], schemas)


def _openapi(node: Any, schemas: dict[str, Any]) -> Any:
    """JSON schema to OpenAPI 3.0: references move, null types go."""
    if isinstance(node, list):
        return [_openapi(item, schemas) for item in node]
    if not isinstance(node, dict):
        return node
    result: dict[str, Any] = {}
    for name, value in node.items():
        if name == "$ref" and isinstance(value, str):
            target = value.removeprefix("#/$defs/")
            _collect(target, schemas)
            result["$ref"] = f"#/components/schemas/{target}"
        elif name == "type" and isinstance(value, list):
            result["type"] = next(each for each in value if each != "null")
        else:
            result[name] = _openapi(value, schemas)
    return result


def _operations(kind: Kind) -> Iterator[tuple[str, Mapping[str, Any]]]:
    place = f"/{_path(kind)}/" + ("namespaces/{namespace}/" if kind.namespaced else "") + kind.plural
    named = {"group": kind.group, "version": kind.version, "kind": kind.name}
    body = {"schema": {"$ref": f"#/components/schemas/{kind.definition}"}}
    query = [{"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}} for name in _QUERY]

    def operation(action: str, types: tuple[str, ...] = ()) -> Mapping[str, Any]:
        content = {f"application/{each}": body for each in types}
        request = {"requestBody": {"content": content, "required": True}} if types else {}
        answers = {"200": {"description": "OK", "content": {"application/json": body}}}
        common = {"responses": answers, "x-kubernetes-action": action, "x-kubernetes-group-version-kind": named}
        return common | request | ({"parameters": query} if types else {})

    yield place, {"get": operation("list"), "post": operation("post", ("json",))}
    yield (
        f"{place}/{{name}}",
        {
            "get": operation("get"),
            "put": operation("put", ("json",)),
            "patch": operation("patch", _PATCHES),
            "delete": operation("delete"),
        },
    )
