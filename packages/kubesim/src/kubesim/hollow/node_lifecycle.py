"""What follows from the state of a Node: taints for its conditions, unready pods on an unready node, eviction.

https://kubernetes.io/docs/concepts/architecture/nodes/#condition and .../taint-and-toleration/#taint-based-evictions
"""

from datetime import datetime

from kubesim.hollow.cluster import Cluster
from kubesim.hollow.conditions import condition, has_ended, is_ready, is_terminating, is_true, set_condition
from kubesim.hollow.controller import Controller
from kubesim.hollow.placement import UNSCHEDULABLE, tolerations_of
from kubesim.objects import Key, Object, key_of

NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"
_BY_CONDITION = (
    ("Ready", "False", NOT_READY),
    ("Ready", "Unknown", UNREACHABLE),
    ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
    ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
)
_MANAGED = frozenset({key for _, _, key in _BY_CONDITION} | {UNSCHEDULABLE["key"]})
_EVICTING = frozenset({NOT_READY, UNREACHABLE})


class NodeLifecycle:
    """The controller that keeps taints, pod readiness and evictions in line with the Nodes."""

    def __init__(self, cluster: Cluster) -> None:
        """Follow Nodes and the pods on them."""
        self._cluster = cluster
        self._first_seen: dict[tuple[str, str, str], datetime] = {}
        self.controller = Controller("node lifecycle", self.reconcile)
        cluster.on_change("nodes", lambda old, new: self.controller.enqueue(key_of(new or old or {})))
        cluster.on_change("pods", self._on_pod)

    async def reconcile(self, key: Key) -> float | None:
        """Bring one node's taints and pods into line."""
        node = self._cluster.latest("nodes", key)
        pods = [pod for pod in self._cluster.list("pods") if pod["spec"].get("nodeName") == key[1]]
        if node is None:
            for pod in pods:
                self._cluster.delete("pods", key_of(pod), grace=0)
            return None
        self._cluster.change("nodes", key, self._set_taints)
        ready = condition(node, "Ready")
        if ready and ready["status"] != "True":
            for pod in pods:
                self._mark_unready(pod)
        return self._evict(key, pods)

    def _set_taints(self, node: Object) -> None:
        taints = node["spec"].get("taints") or []
        wanted = _taints_for(node)
        kept = [each for each in taints if each["key"] not in _MANAGED or _names(each) in map(_names, wanted)]
        present = [_names(each) for each in kept]
        now = self._cluster.timestamp()
        new = [each for each in wanted if _names(each) not in present]
        kept += [each | ({"timeAdded": now} if each["effect"] == "NoExecute" else {}) for each in new]
        node["spec"]["taints"] = kept
        if not kept:
            del node["spec"]["taints"]

    def _mark_unready(self, pod: Object) -> None:
        def edit(fresh: Object) -> None:
            set_condition(fresh["status"], "Ready", "False", self._cluster.timestamp(), reason="NodeNotReady")

        if is_ready(pod):
            self._cluster.change("pods", key_of(pod), edit, subresource="status")

    def _evict(self, key: Key, pods: list[Object]) -> float | None:
        node = self._cluster.latest("nodes", key)
        taints = [each for each in node["spec"].get("taints") or () if each["effect"] == "NoExecute"] if node else []
        self._forget_taints(key, taints)
        waits = []
        for pod in [each for each in pods if not is_terminating(each) and not has_ended(each)]:
            left = min((_tolerated_for(pod, taint) - self._age(key, taint) for taint in taints), default=float("inf"))
            if left <= 0:
                self._cluster.delete("pods", key_of(pod))
            elif left < float("inf"):
                waits.append(left)
        return min(waits, default=None)

    def _age(self, key: Key, taint: Object) -> float:
        """Seconds since the taint was added, or first seen where it does not say."""
        now = self._cluster.now()
        if "timeAdded" in taint:
            return (now - datetime.fromisoformat(taint["timeAdded"])).total_seconds()
        return (now - self._first_seen.setdefault((key[1], *_names(taint)), now)).total_seconds()

    def _forget_taints(self, key: Key, taints: list[Object]) -> None:
        present = {(key[1], *_names(taint)) for taint in taints}
        for gone in [seen for seen in self._first_seen if seen[0] == key[1] and seen not in present]:
            del self._first_seen[gone]

    def _on_pod(self, old: Object | None, new: Object | None) -> None:
        node = new["spec"].get("nodeName") if new else None
        stored = self._cluster.get("nodes", ("", node)) if node else None
        arrived = old is None or not old["spec"].get("nodeName") or is_ready(new or {}) != is_ready(old)
        if node and arrived and (stored is None or not is_true(stored, "Ready") or stored["spec"].get("taints")):
            self.controller.enqueue(("", node))


def _taints_for(node: Object) -> list[Object]:
    taints: list[Object] = [dict(UNSCHEDULABLE)] if node["spec"].get("unschedulable") else []
    for kind, value, key in _BY_CONDITION:
        if (condition(node, kind) or {}).get("status") == value:
            taints.append({"key": key, "effect": "NoSchedule"})
            taints += [{"key": key, "effect": "NoExecute"}] if key in _EVICTING else []
    return taints


def _names(taint: Object) -> tuple[str, str]:
    return taint["key"], taint["effect"]


def _tolerated_for(pod: Object, taint: Object) -> float:
    """Seconds for which the pod tolerates the taint from its beginning; infinite without a limit, 0 if not at all."""
    matching = tolerations_of(pod, taint)
    limits = [each["tolerationSeconds"] for each in matching if each.get("tolerationSeconds") is not None]
    if matching and not limits:
        return float("inf")
    return float(min(limits, default=0))
