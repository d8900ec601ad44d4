"""Deployments, ReplicaSets, DaemonSets, StatefulSets and Jobs: what they make pods from.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/
"""

from kubesim.api.rules.pods import check_template, default_template
from kubesim.api.rules.rule import Rules
from kubesim.api.selectors import matches
from kubesim.errors import Cause, required, wrong
from kubesim.objects import Object, at

_DAEMONSET_COUNTS = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")


def _create(obj: Object) -> None:
    obj["status"] = {}


def _create_replicated(obj: Object) -> None:
    obj["status"] = {"replicas": 0}


def _create_daemonset(obj: Object) -> None:
    obj["status"] = dict.fromkeys(_DAEMONSET_COUNTS, 0)


def _create_statefulset(obj: Object) -> None:
    obj["status"] = {"replicas": 0, "availableReplicas": 0}


def _default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    default_template(template.setdefault("spec", {}))
    obj.setdefault("status", {})


def _default_deployment(obj: Object) -> None:
    _default(obj)
    spec = obj["spec"]
    spec.setdefault("replicas", 1)
    strategy = spec.setdefault("strategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)


def _default_replicaset(obj: Object) -> None:
    _default(obj)
    obj["spec"].setdefault("replicas", 1)
    obj["status"].setdefault("replicas", 0)


def _default_daemonset(obj: Object) -> None:
    _default(obj)
    spec = obj["spec"]
    strategy = spec.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = {"maxUnavailable": 1, "maxSurge": 0} | strategy.get("rollingUpdate", {})
    spec.setdefault("revisionHistoryLimit", 10)


def _default_statefulset(obj: Object) -> None:
    _default(obj)
    spec = obj["spec"]
    spec.setdefault("replicas", 1)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    strategy = spec.setdefault("updateStrategy", {"type": "RollingUpdate"})
    if strategy.get("type") == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    spec.setdefault("persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Retain", "whenScaled": "Retain"})
    spec.setdefault("revisionHistoryLimit", 10)


def _default_job(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    uid = obj["metadata"].get("uid", "")
    labels = {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": obj["metadata"].get("name", ""),
    }
    if not spec.get("manualSelector") and "selector" not in spec:
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
        spec.setdefault("template", {}).setdefault("metadata", {}).setdefault("labels", {}).update(labels)
    _default(obj)
    for name, value in (("parallelism", 1), ("completions", 1), ("backoffLimit", 6), ("suspend", False)):
        spec.setdefault(name, value)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("podReplacementPolicy", "TerminatingOrFailed")


def _check(obj: Object) -> list[Cause]:
    spec, causes = obj["spec"], []
    selector = spec.get("selector")
    labels = at(obj, "spec.template.metadata.labels") or {}
    if not selector:
        causes.append(required("spec.selector"))
    elif not matches(selector, labels):
        words = "`selector` does not match template `labels`"
        causes.append(wrong("spec.template.metadata.labels", labels, words))
    if spec.get("replicas", 0) < 0:
        causes.append(wrong("spec.replicas", spec["replicas"], "must be greater than or equal to 0"))
    return causes + check_template(spec["template"]["spec"], "spec.template.spec")


def _check_update(new: Object, old: Object) -> list[Cause]:
    if new["spec"].get("selector") == old["spec"].get("selector"):
        return []
    return [wrong("spec.selector", new["spec"].get("selector"), "field is immutable")]


DEPLOYMENTS = Rules(create=_create, default=_default_deployment, check=_check, check_update=_check_update)
REPLICASETS = Rules(create=_create_replicated, default=_default_replicaset, check=_check, check_update=_check_update)
DAEMONSETS = Rules(create=_create_daemonset, default=_default_daemonset, check=_check, check_update=_check_update)
STATEFULSETS = Rules(create=_create_statefulset, default=_default_statefulset, check=_check, check_update=_check_update)
JOBS = Rules(create=_create, default=_default_job, check=_check, check_update=_check_update)
