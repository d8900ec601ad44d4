"""Pods and pod templates: the defaults that clients see, and what may change once a pod exists.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

from typing import Any

from kubesim.api import names
from kubesim.api.rules.rule import Rules
from kubesim.errors import Cause, duplicate, forbidden, required, wrong
from kubesim.objects import Object, copied

_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_UNCHANGEABLE = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"  # noqa: E501 - the server's sentence


def default_template(spec: Object) -> None:
    """Defaults of a pod spec, bare or in a template."""
    for container in [*spec.get("containers", ()), *spec.get("initContainers", ())]:
        _default_container(container)
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    if spec.get("serviceAccountName"):
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")


def check_template(spec: Object, where: str) -> list[Cause]:
    """What is wrong with a pod spec."""
    containers = spec.get("containers") or []
    if not containers:
        return [required(f"{where}.containers")]
    causes, seen = [], set()
    for place, container in enumerate(containers):
        field, name = f"{where}.containers[{place}]", container.get("name", "")
        causes += (
            [wrong(f"{field}.name", name, words) for words in names.label(name)]
            if name
            else [required(f"{field}.name")]
        )
        if name in seen:
            causes.append(duplicate(f"{field}.name", name))
        seen.add(name)
        if not container.get("image"):
            causes.append(required(f"{field}.image"))
        for spot, port in enumerate(container.get("ports") or ()):
            number = port.get("containerPort", 0)
            causes += [wrong(f"{field}.ports[{spot}].containerPort", number, words) for words in names.port(number)]
    return causes


def _default_container(container: Object) -> None:
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")
    container.setdefault("resources", {})
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    _, _, last = container.get("image", "").rpartition("/")
    tag = last.partition("@")[0].partition(":")[2]
    latest = tag == "latest" or (not tag and "@" not in last)
    container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
    for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
        if kind in container:
            container[kind] = _PROBE | container[kind]
            if "httpGet" in container[kind]:
                container[kind]["httpGet"].setdefault("scheme", "HTTP")
                container[kind]["httpGet"].setdefault("path", "/")


def _create(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    tolerations = spec.setdefault("tolerations", [])
    for key in _TOLERATED:
        if not any(
            each.get("key") in (key, None) and each.get("effect") in ("NoExecute", None) for each in tolerations
        ):
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    obj["status"] = {"phase": "Pending", "qosClass": _quality(spec)}


def _default(obj: Object) -> None:
    spec, status = obj.setdefault("spec", {}), obj.setdefault("status", {})
    default_template(spec)
    spec.setdefault("enableServiceLinks", True)
    for condition in status.get("conditions") or ():
        condition.setdefault("lastProbeTime", None)
        condition.setdefault("lastTransitionTime", None)
    if status.get("podIP") and not status.get("podIPs"):
        status["podIPs"] = [{"ip": status["podIP"]}]
    if status.get("podIPs") and not status.get("podIP"):
        status["podIP"] = status["podIPs"][0]["ip"]


def _quality(spec: Object) -> str:
    resources: list[Any] = [container.get("resources") or {} for container in spec.get("containers") or ()]
    if not any(each.get("requests") or each.get("limits") for each in resources):
        return "BestEffort"
    alike = all(
        {"cpu", "memory"} <= set(each.get("limits") or {})
        and all(each["limits"].get(name) == amount for name, amount in (each.get("requests") or {}).items())
        for each in resources
    )
    return "Guaranteed" if alike else "Burstable"


def _check(obj: Object) -> list[Cause]:
    return check_template(obj["spec"], "spec")


def _check_update(new: Object, old: Object) -> list[Cause]:
    return [] if _fixed(new) == _fixed(old) else [forbidden("spec", _UNCHANGEABLE)]


def _fixed(obj: Object) -> Object:
    spec: Object = copied(obj["spec"])
    for name in ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"):
        spec.pop(name, None)
    for container in [*spec.get("containers", ()), *spec.get("initContainers", ())]:
        container.pop("image", None)
    return spec


RULES = Rules(create=_create, default=_default, check=_check, check_update=_check_update)
