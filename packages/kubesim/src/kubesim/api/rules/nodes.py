"""Nodes: a providerID and a pod range are set once; a new node is tainted until somebody says it is ready."""

from kubesim.api import names
from kubesim.api.rules.rule import Rules
from kubesim.errors import Cause, forbidden, required, wrong
from kubesim.objects import Object, at

_INFO = (
    "machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion", "kubeletVersion",
    "kubeProxyVersion", "operatingSystem", "architecture",
)  # fmt: skip
NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def _default(obj: Object) -> None:
    spec, status = obj.setdefault("spec", {}), obj.setdefault("status", {})
    if spec.get("podCIDR") and not spec.get("podCIDRs"):
        spec["podCIDRs"] = [spec["podCIDR"]]
    if spec.get("podCIDRs") and not spec.get("podCIDR"):
        spec["podCIDR"] = spec["podCIDRs"][0]
    status.setdefault("daemonEndpoints", {"kubeletEndpoint": {"Port": 0}})
    status["nodeInfo"] = dict.fromkeys(_INFO, "") | status.get("nodeInfo", {})
    if "capacity" in status:
        status.setdefault("allocatable", status["capacity"])


def _create(obj: Object) -> None:
    taints = obj.setdefault("spec", {}).setdefault("taints", [])
    if not any(taint.get("key") == NOT_READY["key"] for taint in taints) and not _ready(obj):
        taints.append(dict(NOT_READY))
    if not taints:
        del obj["spec"]["taints"]


def _check(obj: Object) -> list[Cause]:
    causes = []
    for place, taint in enumerate(obj["spec"].get("taints") or ()):
        where = f"spec.taints[{place}]"
        causes += [
            wrong(f"{where}.key", taint.get("key", ""), words) for words in names.qualified(taint.get("key", ""))
        ]
        if not taint.get("effect"):
            causes.append(required(f"{where}.effect"))
    for place, cidr in enumerate(obj["spec"].get("podCIDRs") or ()):
        causes += [wrong(f"spec.podCIDRs[{place}]", cidr, words) for words in names.network(cidr)]
    return causes


def _check_update(new: Object, old: Object) -> list[Cause]:
    causes = []
    if at(old, "spec.providerID") and at(new, "spec.providerID") != at(old, "spec.providerID"):
        causes.append(forbidden("spec.providerID", 'node updates may not change providerID except from "" to valid'))
    if at(old, "spec.podCIDRs") and at(new, "spec.podCIDRs") != at(old, "spec.podCIDRs"):
        causes.append(forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid'))
    return causes


def _ready(obj: Object) -> bool:
    conditions = at(obj, "status.conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


RULES = Rules(create=_create, default=_default, check=_check, check_update=_check_update)
