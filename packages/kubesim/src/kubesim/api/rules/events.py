"""Events in both APIs: events.k8s.io/v1 is another spelling of what core/v1 stores.

https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from kubesim.api.rules.rule import Rules
from kubesim.errors import Cause, wrong
from kubesim.objects import Object

_TO_CORE = {
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
_FROM_CORE = {core: other for other, core in _TO_CORE.items()}


def to_core(obj: Object) -> Object:
    """An events.k8s.io/v1 Event in the words of core/v1."""
    return {_TO_CORE.get(name, name): value for name, value in obj.items()} | {"apiVersion": "v1"}


def from_core(obj: Object) -> Object:
    """A core/v1 Event in the words of events.k8s.io/v1."""
    return {_FROM_CORE.get(name, name): value for name, value in obj.items()} | {"apiVersion": "events.k8s.io/v1"}


def _default(obj: Object) -> None:
    obj.setdefault("eventTime", None)
    obj.setdefault("reportingComponent", "")
    obj.setdefault("reportingInstance", "")
    obj.setdefault("source", {})
    for name in ("firstTimestamp", "lastTimestamp"):
        obj.setdefault(name, None)


def _check(obj: Object) -> list[Cause]:
    involved = (obj.get("involvedObject") or {}).get("namespace", "")
    own = obj["metadata"].get("namespace", "")
    if involved == own or (not involved and own in ("default", "kube-system")):
        return []
    return [wrong("involvedObject.namespace", involved, "does not match event.namespace")]


RULES = Rules(default=_default, check=_check)
