"""The part that all objects share: what the server fills into metadata, and what it refuses there.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
"""

import secrets
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime

from kubesim.api import names
from kubesim.errors import Cause, StatusError, bad_request, forbidden, required, wrong
from kubesim.kinds import Kind
from kubesim.objects import Object, timestamp

_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
_IMMUTABLE = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
_NAME_RULES: Mapping[str, Callable[[str], list[str]]] = {
    "services": names.label,
    "namespaces": names.label,
    **dict.fromkeys(
        (f"{plural}.rbac.authorization.k8s.io" for plural in ("roles", "rolebindings", "clusterroles")),
        names.path_segment,
    ),
    "clusterrolebindings.rbac.authorization.k8s.io": names.path_segment,
}
_ANNOTATIONS_LIMIT = 256 * 1024
MISMATCH = "the namespace of the provided object does not match the namespace sent on the request"


def place(kind: Kind, obj: Object, namespace: str) -> None:
    """Put the object where the request says. Raises StatusError 400 when the object says something else."""
    metadata = obj.setdefault("metadata", {})
    if not kind.namespaced:
        metadata.pop("namespace", None)
    elif metadata.setdefault("namespace", namespace or "default") != (namespace or metadata["namespace"]):
        raise bad_request(MISMATCH)


def stamp(kind: Kind, obj: Object, now: datetime) -> None:
    """Fill in what a new object gets from the server."""
    metadata = obj["metadata"]
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"][:58] + "".join(secrets.choice(_SUFFIX) for _ in range(5))
    for name in ("resourceVersion", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
        metadata.pop(name, None)
    metadata["uid"] = str(uuid.uuid4())
    metadata["creationTimestamp"] = timestamp(now)
    if kind.generation:
        metadata["generation"] = 1


def carry(kind: Kind, old: Object, new: Object) -> None:
    """Fill into an update what clients may leave out, and take the server's own fields from what is stored."""
    before, after = old["metadata"], new.setdefault("metadata", {})
    for name in ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"):
        if name in before:
            after.setdefault(name, before[name])
    for name in ("resourceVersion", "generation"):
        after.pop(name, None)
        if name in before:
            after[name] = before[name]
    if not after.get("generateName") and "generateName" in before:
        after["generateName"] = before["generateName"]
    _drop_empty(after)
    if kind.generation and any(old.get(name) != new.get(name) for name in {*old, *new} - {"metadata", "status"}):
        after["generation"] = before.get("generation", 0) + 1


def check(kind: Kind, obj: Object) -> list[Cause]:
    """What is wrong with the metadata by itself."""
    metadata = obj["metadata"]
    _drop_empty(metadata)
    name = metadata.get("name", "")
    if not name:
        return [required("metadata.name", "name or generateName is required")]
    rule = _NAME_RULES.get(kind.resource, names.subdomain)
    causes = [wrong("metadata.name", name, words) for words in rule(name)]
    causes += [
        wrong("metadata.labels", text, words)
        for key, value in (metadata.get("labels") or {}).items()
        for text, complaints in ((key, names.qualified(key)), (value, names.label_value(value)))
        for words in complaints
    ]
    causes += _annotations(metadata.get("annotations") or {})
    causes += [
        wrong("metadata.finalizers", finalizer, words)
        for finalizer in metadata.get("finalizers") or ()
        for words in names.qualified(finalizer)
    ]
    return causes + _owners(metadata.get("ownerReferences") or ())


def check_update(new: Object, old: Object) -> list[Cause]:
    """What an update may not change."""
    before, after = old["metadata"], new["metadata"]
    causes = [
        wrong(f"metadata.{name}", after.get(name), "field is immutable")
        for name in _IMMUTABLE
        if after.get(name) != before.get(name)
    ]
    added = [name for name in after.get("finalizers") or () if name not in (before.get("finalizers") or ())]
    if added and "deletionTimestamp" in before:
        shown = ", ".join(f'"{name}"' for name in added)
        words = "no new finalizers can be added if the object is being deleted, found new finalizers"
        causes.append(forbidden("metadata.finalizers", f"{words} []string{{{shown}}}"))
    return causes


def terminating(kind: Kind, name: str, namespace: str) -> StatusError:
    """403 for an object that is to be created in a namespace on its way out."""
    words = f"unable to create new content in namespace {namespace} because it is being terminated"
    cause = {"reason": "NamespaceTerminating", "message": f"namespace {namespace} is being terminated"}
    details = {"name": name, "kind": kind.plural, "causes": [cause | {"field": "metadata.namespace"}]}
    return StatusError(403, "Forbidden", f'{kind.resource} "{name}" is forbidden: {words}', details)


def _annotations(annotations: Mapping[str, str]) -> list[Cause]:
    causes = [
        wrong("metadata.annotations", key, words) for key in annotations for words in names.qualified(key.lower())
    ]
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > _ANNOTATIONS_LIMIT:
        words = f"Too long: may not be more than {_ANNOTATIONS_LIMIT} bytes"
        causes.append(Cause("metadata.annotations", "FieldValueTooLong", words))
    return causes


def _owners(owners: "list[Object] | tuple[()]") -> list[Cause]:
    causes = []
    for place_, owner in enumerate(owners):
        where = f"metadata.ownerReferences[{place_}]"
        causes += [
            wrong(f"{where}.{name}", "", f"{name} must not be empty")
            for name in ("apiVersion", "kind", "name", "uid")
            if not owner.get(name)
        ]
    if sum(bool(owner.get("controller")) for owner in owners) > 1:
        words = "Only one reference can have Controller set to true"
        causes.append(wrong("metadata.ownerReferences", list(owners), words))
    return causes


def _drop_empty(metadata: Object) -> None:
    for name in ("labels", "annotations", "finalizers", "ownerReferences", "managedFields", "generateName"):
        if name in metadata and not metadata[name]:
            del metadata[name]
