"""The scheduler: gives each waiting pod the suitable node that has the fewest of its kind, then the fewest pods.

https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/
"""

from collections import Counter

from kubesim.hollow.cluster import Cluster
from kubesim.hollow.conditions import has_ended, is_terminating, set_condition
from kubesim.hollow.controller import Controller
from kubesim.hollow.ownership import controller_of
from kubesim.hollow.placement import objection
from kubesim.objects import Key, Object, at, key_of

NAME = "default-scheduler"
FULL = "Too many pods"


class Scheduler:
    """Binds pods that name this scheduler and have no node."""

    def __init__(self, cluster: Cluster) -> None:
        """Follow pods and nodes."""
        self._cluster = cluster
        self._waiting: set[Key] = set()
        self.controller = Controller("scheduler", self.reconcile)
        cluster.on_change("pods", self._on_pod)
        cluster.on_change("nodes", lambda _, __: self._look_again())

    async def reconcile(self, key: Key) -> None:
        """Bind one pod, or say in its status why no node takes it."""
        pod = self._cluster.latest("pods", key)
        if pod is None or not _waits(pod):
            self._waiting.discard(key)
            return
        refusals: Counter[str] = Counter()
        node = self._choose(pod, refusals)
        if node is None:
            self._waiting.add(key)
            self._explain(pod, refusals)
        else:
            self._waiting.discard(key)
            self._cluster.bind(key, node)
            self._cluster.events.record(pod, "Scheduled", f"Successfully assigned {'/'.join(key)} to {node}", NAME)

    def _choose(self, pod: Object, refusals: Counter[str]) -> str | None:
        crowd, siblings = self._count(pod)
        candidates = []
        for node in self._cluster.list("nodes"):
            name = node["metadata"]["name"]
            full = crowd[name] >= int(at(node, "status.allocatable.pods") or at(node, "status.capacity.pods") or 110)
            refusal = objection(pod, node) or (FULL if full else None)
            if refusal:
                refusals[refusal] += 1
            else:
                candidates.append((siblings[name], crowd[name], name))
        return min(candidates)[2] if candidates else None

    def _count(self, pod: Object) -> tuple[Counter[str], Counter[str]]:
        crowd: Counter[str] = Counter()
        siblings: Counter[str] = Counter()
        owner = (controller_of(pod) or {}).get("uid")
        for other in self._cluster.list("pods"):
            node = other["spec"].get("nodeName")
            if node and not has_ended(other):
                crowd[node] += 1
                siblings[node] += bool(owner) and not is_terminating(other) and _owner_uid(other) == owner
        return crowd, siblings

    def _explain(self, pod: Object, refusals: Counter[str]) -> None:
        reasons = ", ".join(f"{count} {words}" for words, count in sorted(refusals.items()))
        total = sum(refusals.values())
        message = f"0/{total} nodes are available: {reasons}." if total else "no nodes available to schedule pods"

        def edit(fresh: Object) -> None:
            now = self._cluster.timestamp()
            status = fresh.setdefault("status", {})
            set_condition(status, "PodScheduled", "False", now, reason="Unschedulable", message=message)

        self._cluster.events.record(pod, "FailedScheduling", message, NAME, type_="Warning")
        self._cluster.change("pods", key_of(pod), edit, subresource="status")

    def _on_pod(self, old: Object | None, new: Object | None) -> None:
        if new is not None and _waits(new) and key_of(new) not in self._waiting:
            self.controller.enqueue(key_of(new))
        elif new is None and old is not None:
            self._waiting.discard(key_of(old))
            self._look_again()

    def _look_again(self) -> None:
        for key in self._waiting:
            self.controller.enqueue(key)


def _waits(pod: Object) -> bool:
    spec = pod["spec"]
    named = spec.get("schedulerName", NAME) == NAME
    return named and not spec.get("nodeName") and not is_terminating(pod) and not has_ended(pod)


def _owner_uid(pod: Object) -> str | None:
    return (controller_of(pod) or {}).get("uid")
