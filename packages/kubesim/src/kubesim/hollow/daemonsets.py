"""DaemonSets: one pod on each node that suits, placed there by the scheduler through an affinity to the node's name.

https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/
"""

from kubesim.hollow.cluster import Cluster
from kubesim.hollow.conditions import available_in, has_ended, is_active, is_ready, is_terminating
from kubesim.hollow.controller import BURST, Controller
from kubesim.hollow.ownership import claim, reference
from kubesim.hollow.placement import suits, tolerated
from kubesim.hollow.replicasets import enqueue_owner, pod_of, with_counts
from kubesim.hollow.rollout import template_hash
from kubesim.objects import Key, Object, at, key_of

DAEMONSETS = "daemonsets.apps"
HASH_LABEL = "controller-revision-hash"
_TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)
_TOLERATED_ON_HOST_NETWORK = (("node.kubernetes.io/network-unavailable", "NoSchedule"),)


class DaemonSets:
    """The controller of all DaemonSets."""

    def __init__(self, cluster: Cluster) -> None:
        """Follow DaemonSets, their pods and the nodes."""
        self._cluster = cluster
        self.controller = Controller("daemonsets", self.reconcile, settle=BURST)
        cluster.on_change(DAEMONSETS, lambda old, new: self.controller.enqueue(key_of(new or old or {})))
        cluster.on_change("pods", enqueue_owner(self.controller, "DaemonSet"))
        cluster.on_change("nodes", self._on_node)

    async def reconcile(self, key: Key) -> float | None:
        """Have one pod of the current template on each node that suits, replacing outdated ones node by node."""
        daemonset = self._cluster.latest(DAEMONSETS, key)
        if daemonset is None or is_terminating(daemonset):
            return None
        owner = reference(daemonset, "apps/v1", "DaemonSet")
        by_node: dict[str, list[Object]] = {}
        for pod in claim(self._cluster, "pods", daemonset, owner):
            by_node.setdefault(_node_of(pod), []).append(pod)
        nodes = {node["metadata"]["name"]: node for node in self._cluster.list("nodes")}
        wanted = {name for name, node in nodes.items() if suits(_pod_for(daemonset, owner, name), node)}
        for name in wanted - {node for node, pods in by_node.items() if any(not has_ended(pod) for pod in pods)}:
            pod = self._cluster.create("pods", _pod_for(daemonset, owner, name))
            self._say(daemonset, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
        for name, pods in by_node.items():
            kept = 1 if name in nodes and (name in wanted or _may_stay(pods[0], nodes[name])) else 0
            for pod in [each for each in pods if is_active(each)][kept:] + [each for each in pods if has_ended(each)]:
                self._cluster.delete("pods", key_of(pod))
                self._say(daemonset, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")
        self._replace_outdated(daemonset, wanted)
        return self._write_status(daemonset, wanted)

    def _replace_outdated(self, daemonset: Object, wanted: set[str]) -> None:
        if at(daemonset, "spec.updateStrategy.type") == "OnDelete":
            return
        pods = [pod for pod in self._pods(daemonset) if _node_of(pod) in wanted]
        outdated = [pod for pod in pods if is_active(pod) and not _is_current(daemonset, pod)]
        limit = at(daemonset, "spec.updateStrategy.rollingUpdate.maxUnavailable") or 1
        if isinstance(limit, str):
            limit = max(1, -(-int(limit.removesuffix("%")) * len(wanted) // 100))
        ready = {_node_of(pod) for pod in pods if is_active(pod) and is_ready(pod)}
        room = limit - len(wanted - ready)
        for pod in sorted(outdated, key=is_ready):
            room -= is_ready(pod)
            if room >= 0 or not is_ready(pod):
                self._cluster.delete("pods", key_of(pod))
                self._say(daemonset, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    def _write_status(self, daemonset: Object, wanted: set[str]) -> float | None:
        pods = [pod for pod in self._pods(daemonset) if is_active(pod)]
        here = [pod for pod in pods if _node_of(pod) in wanted]
        waits = [available_in(pod, daemonset["spec"].get("minReadySeconds", 0), self._cluster.now()) for pod in here]
        available = sum(wait == 0 for wait in waits)
        counts = {
            "currentNumberScheduled": len({_node_of(pod) for pod in here}),
            "numberMisscheduled": len(pods) - len(here),
            "desiredNumberScheduled": len(wanted),
            "numberReady": sum(is_ready(pod) for pod in here),
            "updatedNumberScheduled": sum(_is_current(daemonset, pod) for pod in here),
            "numberAvailable": available,
            "numberUnavailable": len(wanted) - available,
        }

        def edit(fresh: Object) -> None:
            fresh["status"] = with_counts(fresh.get("status") or {}, counts, tuple(counts)[:4]) | {
                "observedGeneration": daemonset["metadata"].get("generation", 1)
            }

        self._cluster.change(DAEMONSETS, key_of(daemonset), edit, subresource="status")
        return min((wait for wait in waits if wait), default=None)

    def _say(self, daemonset: Object, reason: str, message: str) -> None:
        self._cluster.events.record(daemonset, reason, message, "daemonset-controller")

    def _pods(self, daemonset: Object) -> list[Object]:
        return claim(self._cluster, "pods", daemonset, reference(daemonset, "apps/v1", "DaemonSet"))

    def _on_node(self, old: Object | None, new: Object | None) -> None:
        if old and new and _placement_facts(old) == _placement_facts(new):
            return
        for daemonset in self._cluster.list(DAEMONSETS):
            self.controller.enqueue(key_of(daemonset))


def _pod_for(daemonset: Object, owner: Object, node: str) -> Object:
    pod = pod_of(daemonset, owner)
    pod["metadata"]["labels"][HASH_LABEL] = template_hash(daemonset["spec"]["template"])
    spec = pod["spec"]
    affinity = spec.setdefault("affinity", {}).setdefault("nodeAffinity", {})
    required = affinity.setdefault("requiredDuringSchedulingIgnoredDuringExecution", {"nodeSelectorTerms": [{}]})
    for term in required["nodeSelectorTerms"]:
        term["matchFields"] = [{"key": "metadata.name", "operator": "In", "values": [node]}]
    also = _TOLERATED_ON_HOST_NETWORK if spec.get("hostNetwork") else ()
    spec["tolerations"] = [*(spec.get("tolerations") or ()), *(_toleration(*each) for each in (*_TOLERATED, *also))]
    return pod


def _toleration(key: str, effect: str) -> Object:
    return {"key": key, "operator": "Exists", "effect": effect}


def _node_of(pod: Object) -> str:
    """The node a pod is on, or is meant for while it waits for the scheduler."""
    terms = at(pod, "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms") or ()
    fields = [field for term in terms for field in term.get("matchFields") or ()]
    return str(pod["spec"].get("nodeName") or (fields[0]["values"][0] if fields else ""))


def _may_stay(pod: Object, node: Object) -> bool:
    return tolerated(pod, node, ("NoExecute",))


def _is_current(daemonset: Object, pod: Object) -> bool:
    return (pod["metadata"].get("labels") or {}).get(HASH_LABEL) == template_hash(daemonset["spec"]["template"])


def _placement_facts(node: Object) -> tuple[object, ...]:
    return node["metadata"].get("labels"), node["spec"].get("taints"), node["spec"].get("unschedulable")
