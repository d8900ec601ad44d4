"""The published schema of Kubernetes 1.36 as a tree of types: what fields an object has and how their lists merge.

The definitions come with the kubernetes-validate package; one tree serves decoding, patches, apply and /openapi/v3.
"""

import functools
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

VERSION = "1.36"

_GO_NAMES = {"integer": "int64", "boolean": "bool", "string": "string", "number": "float64"}
_ANYTHING = frozenset(
    {
        "io.k8s.apimachinery.pkg.runtime.RawExtension",
        "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
        "io.k8s.apimachinery.pkg.api.resource.Quantity",
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    }
)

_BY_VALUE = frozenset(
    {
        "ObjectMeta", "ServiceSpec", "ServiceStatus", "LoadBalancerStatus", "PodSpec", "PodStatus", "PodTemplateSpec",
        "ResourceRequirements", "ContainerState", "NodeSpec", "NodeStatus", "NodeDaemonEndpoints", "DaemonEndpoint",
        "NodeSystemInfo", "NamespaceSpec", "NamespaceStatus", "DeploymentSpec", "DeploymentStatus",
        "DeploymentStrategy", "ReplicaSetSpec", "ReplicaSetStatus", "DaemonSetSpec", "DaemonSetStatus",
        "DaemonSetUpdateStrategy", "StatefulSetSpec", "StatefulSetStatus", "StatefulSetUpdateStrategy", "JobSpec",
        "JobStatus", "LeaseSpec", "ObjectReference", "EventSource", "RoleRef", "PersistentVolumeSpec",
        "PersistentVolumeStatus", "PersistentVolumeClaimSpec", "PersistentVolumeClaimStatus",
    }
)  # fmt: skip
"""Structs that their owners hold by value, not by pointer: never absent in Go, so nobody is said to have added one."""


class Type:
    """The type of one field, with what the field says about merging it."""

    def __init__(self, text: Mapping[str, Any]) -> None:
        self._text = text
        self.reference: str = text.get("$ref", "").removeprefix("#/$defs/")
        self._body = definitions()[self.reference] if self.reference else text
        self.json = "any" if self.reference in _ANYTHING else self._json_type()

    @property
    def name(self) -> str:
        """Short name of the definition: `ServicePort`; empty for plain values."""
        return self.reference.rpartition(".")[2]

    @property
    def description(self) -> str:
        """What the documentation says of the field."""
        return str(self._text.get("description") or self._body.get("description", ""))

    @property
    def is_struct(self) -> bool:
        """An object whose fields are known."""
        return self.json == "object" and "properties" in self._body

    @functools.cached_property
    def properties(self) -> Mapping[str, "Type"]:
        """The fields of a struct by JSON name."""
        return {name: _type(text) for name, text in self._body.get("properties", {}).items()}

    def field(self, name: str) -> "Type | None":
        """The type of a field: as the struct says, or anything where unknown fields are kept; None when it has none."""
        if not self.is_struct:
            return self.member
        keeps = self._said("preserve-unknown-fields") or self._body.get("additionalProperties") is True
        return self.properties.get(name) or (ANYTHING if keeps else None)

    @property
    def required(self) -> tuple[str, ...]:
        """The fields that must be there."""
        return tuple(self._body.get("required", ()))

    def always_there(self, name: str) -> bool:
        """Whether Go writes that field of a struct even when nobody has set it: required ones, structs by value."""
        known = self.properties.get(name)
        return name in self.required or (known is not None and known.name in _BY_VALUE)

    @functools.cached_property
    def member(self) -> "Type":
        """Type of a list's items or a map's values."""
        return _type(self._body.get("items") or self._member_of_map())

    @property
    def go_name(self) -> str:
        """What Go calls a plain value's type: `int32`, `string`."""
        return str(self._body.get("format", "int32")) if self.json == "integer" else _GO_NAMES.get(self.json, self.name)

    @property
    def atomic(self) -> bool:
        """Replaced as a whole by apply: a list without keys, a map or struct marked atomic."""
        if self.json == "array":
            return self._said("list-type") not in ("map", "set")
        return self.json == "object" and self._said("map-type") == "atomic"

    @property
    def list_keys(self) -> tuple[str, ...]:
        """The fields that tell the items of a list apart for apply; empty for other lists."""
        return tuple(self._said("list-map-keys") or ())

    @property
    def merge_key(self) -> str:
        """The field that tells the items of a list apart for a strategic merge patch."""
        return str(self._said("patch-merge-key") or "")

    @property
    def merges(self) -> bool:
        """Whether a strategic merge patch merges the list instead of replacing it."""
        return "merge" in str(self._said("patch-strategy") or "").split(",")

    def _said(self, name: str) -> Any:
        return self._text.get(f"x-kubernetes-{name}", self._body.get(f"x-kubernetes-{name}"))

    def _json_type(self) -> str:
        named = self._body.get("type", "any")
        named = next((name for name in named if name != "null"), "any") if isinstance(named, list) else named
        if named == "object" and not self._body.get("properties") and not self._member_of_map():
            return "struct" if self.reference else "any"
        return str(named)

    def _member_of_map(self) -> Mapping[str, Any]:
        members = self._body.get("additionalProperties")
        return members if isinstance(members, dict) else {}


@functools.cache
def definitions() -> Mapping[str, Mapping[str, Any]]:
    """All published definitions by name, as JSON schema."""
    folder = resources.files("kubernetes_validate") / "kubernetes-json-schema" / f"v{VERSION}.0-local"
    text = (folder / "_definitions.json").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, Any]] = json.loads(text)["$defs"]
    return found


@functools.cache
def definition(name: str) -> Type:
    """The type of that name, such as io.k8s.api.core.v1.Service. Raises KeyError."""
    return Type({"$ref": f"#/$defs/{name}"})


@functools.cache
def description(kind: Type, path: str) -> str:
    """What the documentation says of a field of that type, such as "spec.type"; nothing if it has none such."""
    found: Type | None = kind
    for part in path.split("."):
        found = found.properties.get(part) if found else None
    return found.description if found else ""


def _type(text: Mapping[str, Any]) -> Type:
    return definition(text["$ref"].removeprefix("#/$defs/")) if set(text) == {"$ref"} else Type(text)


ANYTHING = Type({})
"""A value of which nothing is known."""
