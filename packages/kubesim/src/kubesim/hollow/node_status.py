"""What a hollow kubelet says about its machine.

https://kubernetes.io/docs/reference/node/node-status/
"""

from kubesim.hollow.conditions import set_condition
from kubesim.hollow.nodes_file import NodeSpec
from kubesim.objects import Object

VERSION = "v1.36.2"
UNINITIALIZED = {"key": "node.cloudprovider.kubernetes.io/uninitialized", "value": "true", "effect": "NoSchedule"}
"""https://kubernetes.io/docs/reference/labels-annotations-taints/#node-cloudprovider-kubernetes-io-uninitialized"""
_HEALTHY = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)


def new_node(spec: NodeSpec, now: str) -> Object:
    """Give the Node that a kubelet registers."""
    node: Object = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": spec.name, "labels": _labels(spec)} | _annotations(spec),
        "spec": _spec(spec),
        "status": {},
    }
    report(spec, node["status"], now)
    return node


def report(spec: NodeSpec, status: Object, now: str) -> None:
    """Write what a running kubelet reports into a Node's status; what others wrote there (addresses) stays."""
    status["capacity"] = dict(spec.capacity)
    status["allocatable"] = dict(spec.capacity)
    addresses = [("InternalIP", spec.internal_ip), ("Hostname", spec.name)]
    status.setdefault("addresses", [{"type": kind, "address": address} for kind, address in addresses])
    status["nodeInfo"] = {
        "architecture": "amd64",
        "bootID": spec.system_uuid,
        "containerRuntimeVersion": "hollow://1.0",
        "kernelVersion": "6.1.0",
        "kubeProxyVersion": VERSION,
        "kubeletVersion": VERSION,
        "machineID": spec.system_uuid.replace("-", ""),
        "operatingSystem": "linux",
        "osImage": "Hollow Linux",
        "systemUUID": spec.system_uuid,
    }
    for kind, reason, message in _HEALTHY:
        set_condition(status, kind, "False", now, reason=reason, message=message)
    set_condition(status, "Ready", "True", now, reason="KubeletReady", message="kubelet is posting ready status")
    for condition in status["conditions"]:
        condition.setdefault("lastHeartbeatTime", now)


def report_silence(status: Object, now: str) -> None:
    """Write what the control plane concludes when a kubelet is no longer heard of."""
    for kind in ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready"):
        words = "Kubelet stopped posting node status."
        set_condition(status, kind, "Unknown", now, reason="NodeStatusUnknown", message=words)


def _labels(spec: NodeSpec) -> dict[str, str]:
    labels = {"kubernetes.io/hostname": spec.name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    labels |= {"type": "virtual-kubelet"} if spec.kind == "virtual-kubelet" else {}
    return labels | {f"node-role.kubernetes.io/{role}": "" for role in spec.roles} | dict(spec.labels)


def _annotations(spec: NodeSpec) -> Object:
    """A kubelet with an external cloud provider repeats the --node-ip that it was started with."""
    return {"annotations": {"alpha.kubernetes.io/provided-node-ip": spec.internal_ip}} if spec.external else {}


def _spec(spec: NodeSpec) -> Object:
    found: Object = {} if spec.kind == "virtual-kubelet" else {"podCIDR": str(spec.pod_cidr)}
    found |= {"providerID": spec.provider_id} if spec.provider_id else {}
    taints = [*spec.taints, UNINITIALIZED] if spec.external else spec.taints
    found |= {"taints": [dict(taint) for taint in taints]} if taints else {}
    return found | ({"unschedulable": True} if spec.unschedulable else {})
