"""What a Service of a manifest would be after `kubectl apply`: the file, what the live object keeps, the defaults.

As kubectl does it on the client's side: a field of the last applied manifest that is not in the new one goes, others
of the live object stay (https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import yaml

from yunqiao.model.cluster import Service, as_builtins
from yunqiao.model.errors import Refused

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
NEW_UID = "<uid of the new Service>"
BEYOND = 70000
"""Numbers above every port stand for node ports that the API server has still to allocate."""

Plain = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Applied:
    """The Service as it would be; `allocated` says in words what its stand-in numbers are for."""

    service: Service
    allocated: Mapping[str, str]


def documents(text: str, name: str) -> Iterator[Plain]:
    """Every object of a file in YAML or JSON, Lists taken apart. Raises Refused saying where it cannot be read."""
    try:
        found = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise Refused(f"{name} is neither YAML nor JSON{where}") from None
    for document in found:
        yield from _objects(document, name)


def _objects(document: object, name: str) -> Iterator[Plain]:
    if document is None:
        return
    if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
        raise Refused(f"{name} has a document that is no Kubernetes object: it has no kind")
    if document["kind"].endswith("List") and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from _objects(item, name)
    else:
        yield document


def named(document: Plain, namespace: str) -> str:
    """`namespace/name`; `namespace` is for one that says none. Raises Refused for one without a name."""
    meta = document.get("metadata") or {}
    if not meta.get("name"):
        raise Refused(f"a {document['kind']} of the manifest has no metadata.name")
    return f"{meta.get('namespace') or namespace}/{meta['name']}"


def applied(document: Plain, key: str, live: Service | None, first: int = BEYOND) -> Applied:
    """The Service after `kubectl apply`; `first` is the first number that may stand for a node port.

    Raises Refused when the API server would not read it.
    """
    there: Plain = as_builtins(live) if live is not None else {}
    last = _last(live)
    namespace, _, name = key.partition("/")
    metadata = _metadata(there.get("metadata", {}), last.get("metadata") or {}, document.get("metadata") or {})
    spec = _spec(there.get("spec", {}), last.get("spec") or {}, document.get("spec") or {})
    allocated = _allocate(spec, first)
    whole = {
        "metadata": {**metadata, "namespace": namespace, "name": name, "uid": metadata.get("uid", NEW_UID)},
        "spec": spec,
        "status": there.get("status", {}),
    }
    try:
        return Applied(msgspec.convert(whole, Service), allocated)
    except msgspec.ValidationError as error:
        raise Refused(f"Service {key} of the manifest: {error}") from None


def _last(live: Service | None) -> Plain:
    try:
        found = json.loads(live.metadata.annotations.get(LAST_APPLIED, "{}")) if live is not None else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _metadata(live: Plain, last: Plain, new: Plain) -> dict[str, Any]:
    merged = {name: _merged(live.get(name), last.get(name), new.get(name)) for name in ("labels", "annotations")}
    return {**live, **merged}


def _spec(live: Plain, last: Plain, new: Plain) -> dict[str, Any]:
    spec = _merged(live, last, new)
    spec["selector"] = _merged(live.get("selector"), last.get("selector"), new.get("selector"))
    theirs, before = ({_place(one): one for one in each.get("ports") or ()} for each in (live, last))
    spec["ports"] = [
        _merged(theirs.get(_place(one)), before.get(_place(one)), one) for one in new.get("ports") or () if one
    ]
    return spec


def _place(port: Plain) -> tuple[Any, str]:
    return (port.get("port"), port.get("protocol", "TCP"))


def _merged(live: Plain | None, last: Plain | None, new: Plain | None) -> dict[str, Any]:
    """One level: what was applied and is no longer said goes, what is said counts, the rest stays."""
    said = {name: value for name, value in (new or {}).items() if value is not None}
    gone = (last or {}).keys() - said.keys()
    return {**{name: value for name, value in (live or {}).items() if name not in gone}, **said}


def _allocate(spec: dict[str, Any], first: int) -> dict[str, str]:
    """Give ports what the API server would: a target port, and a node port that stands in for the real one."""
    allocated: dict[str, str] = {}
    wants = spec.get("type") == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False
    for number, port in enumerate(spec["ports"], first):
        port.setdefault("targetPort", port.get("port", 0))
        if wants and not port.get("nodePort"):
            port["nodePort"] = number
            allocated[str(number)] = f"<node port of {port.get('port')}/{port.get('protocol', 'TCP')}>"
    return allocated
