"""Namespaces: active until deleted, terminating until empty."""

from kubesim.api.rules.rule import Rules
from kubesim.objects import Object


def _create(obj: Object) -> None:
    obj["status"] = {"phase": "Active"}
    spec = obj.setdefault("spec", {})
    if "kubernetes" not in spec.setdefault("finalizers", []):
        spec["finalizers"].append("kubernetes")


def _default(obj: Object) -> None:
    metadata = obj["metadata"]
    if metadata.get("name"):
        metadata.setdefault("labels", {})["kubernetes.io/metadata.name"] = metadata["name"]


def _update(new: Object, old: Object) -> None:
    new["spec"] = old["spec"]


RULES = Rules(create=_create, default=_default, update=_update)
