"""May this pod run on that node, and if not, why not.

https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ and .../assign-pod-node/
"""

from collections.abc import Collection, Mapping, Sequence

from kubesim.objects import Object, at

UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def suits(pod: Object, node: Object) -> bool:
    """Whether nothing about the node itself speaks against the pod."""
    return objection(pod, node) is None


def objection(pod: Object, node: Object) -> str | None:
    """Say what speaks against the pod on that node, in the scheduler's words; None when nothing does."""
    if not _selected(pod, node):
        return "node(s) didn't match Pod's node affinity/selector"
    if node["spec"].get("unschedulable") and not _tolerates(pod, UNSCHEDULABLE):
        return "node(s) were unschedulable"
    if not tolerated(pod, node, ("NoSchedule", "NoExecute")):
        return "node(s) had untolerated taint(s)"
    return None


def tolerated(pod: Object, node: Object, effects: Collection[str]) -> bool:
    """Whether the pod tolerates all of the node's taints that have one of these effects."""
    taints = node["spec"].get("taints") or ()
    return all(_tolerates(pod, taint) for taint in taints if taint["effect"] in effects)


def tolerations_of(pod: Object, taint: Mapping[str, str]) -> list[Object]:
    """Those of the pod's tolerations that match the taint."""
    return [each for each in pod["spec"].get("tolerations") or () if _matches(each, taint)]


def _tolerates(pod: Object, taint: Mapping[str, str]) -> bool:
    return bool(tolerations_of(pod, taint))


def _matches(toleration: Object, taint: Mapping[str, str]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(toleration.get("key")) and toleration.get("value", "") == taint.get("value", "")


def _selected(pod: Object, node: Object) -> bool:
    labels = node["metadata"].get("labels") or {}
    if any(labels.get(key) != value for key, value in (pod["spec"].get("nodeSelector") or {}).items()):
        return False
    required = at(pod, "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or any(_term(term, labels, node) for term in required.get("nodeSelectorTerms") or ())


def _term(term: Object, labels: Mapping[str, str], node: Object) -> bool:
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    names = {"metadata.name": node["metadata"]["name"]}
    return bool(expressions or fields) and (
        all(_requirement(each, labels) for each in expressions) and all(_requirement(each, names) for each in fields)
    )


def _requirement(requirement: Object, values: Mapping[str, str]) -> bool:
    value, wanted = values.get(requirement["key"]), requirement.get("values") or []
    match requirement["operator"]:
        case "In":
            return value in wanted
        case "NotIn":
            return value not in wanted
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case comparison:
            return _compares(comparison, value, wanted)


def _compares(comparison: str, value: str | None, wanted: Sequence[str]) -> bool:
    try:
        number, limit = int(value or ""), int(wanted[0])
    except (ValueError, IndexError):
        return False
    return number > limit if comparison == "Gt" else number < limit
