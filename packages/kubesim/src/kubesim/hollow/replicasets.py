"""ReplicaSets: as many pods as wanted, and the status that counts them.

https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/
"""

from collections import Counter
from collections.abc import Callable, Mapping

from kubesim.hollow.cluster import Cluster
from kubesim.hollow.conditions import available_in, is_active, is_ready, is_terminating
from kubesim.hollow.controller import BURST, Controller
from kubesim.hollow.ownership import claim, controller_of, reference
from kubesim.objects import Key, Object, at, copied, key_of

REPLICASETS = "replicasets.apps"
LARGEST_BURST = 500
"""Pods created or deleted in one round at most."""


def pod_of(owner: Object, owner_reference: Object) -> Object:
    """Give a new pod as the owner's template describes it."""
    template = copied(owner["spec"]["template"])
    metadata = template.get("metadata") or {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{owner['metadata']['name']}-",
            "namespace": owner["metadata"]["namespace"],
            "labels": metadata.get("labels") or {},
            "annotations": metadata.get("annotations") or {},
            "finalizers": metadata.get("finalizers") or [],
            "ownerReferences": [owner_reference],
        },
        "spec": template["spec"],
    }


def enqueue_owner(controller: Controller, kind: str) -> Callable[[Object | None, Object | None], None]:
    """Give a handler that enqueues the controller of that kind which a changed object names, before and after."""

    def handle(old: Object | None, new: Object | None) -> None:
        for obj in filter(None, (old, new)):
            owner = controller_of(obj)
            if owner and owner["kind"] == kind:
                controller.enqueue((obj["metadata"]["namespace"], owner["name"]))

    return handle


class ReplicaSets:
    """The controller of all ReplicaSets."""

    def __init__(self, cluster: Cluster) -> None:
        """Follow ReplicaSets and pods."""
        self._cluster = cluster
        self.controller = Controller("replicasets", self.reconcile, settle=BURST)
        cluster.on_change(REPLICASETS, lambda old, new: self.controller.enqueue(key_of(new or old or {})))
        cluster.on_change("pods", enqueue_owner(self.controller, "ReplicaSet"))
        cluster.on_change("pods", self._on_orphan)

    async def reconcile(self, key: Key) -> float | None:
        """Create or delete pods until their number is right."""
        replicaset = self._cluster.latest(REPLICASETS, key)
        if replicaset is None:
            return None
        owner = reference(replicaset, "apps/v1", "ReplicaSet")
        active = [pod for pod in claim(self._cluster, "pods", replicaset, owner) if is_active(pod)]
        if not is_terminating(replicaset):
            self._scale(replicaset, owner, active)
        return self._write_status(replicaset)

    def _scale(self, replicaset: Object, owner: Object, active: list[Object]) -> None:
        missing = replicaset["spec"].get("replicas", 1) - len(active)
        for _ in range(min(missing, LARGEST_BURST)):
            pod = self._cluster.create("pods", pod_of(replicaset, owner))
            self._say(replicaset, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
        if missing < 0:
            for pod in _least_wanted_first(active)[: min(-missing, LARGEST_BURST)]:
                self._cluster.delete("pods", key_of(pod))
                self._say(replicaset, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    def _say(self, replicaset: Object, reason: str, message: str) -> None:
        self._cluster.events.record(replicaset, reason, message, "replicaset-controller")

    def _write_status(self, replicaset: Object) -> float | None:
        pods = self._cluster.list("pods", replicaset["metadata"]["namespace"])
        uid = replicaset["metadata"]["uid"]
        mine = [pod for pod in pods if is_active(pod) and (controller_of(pod) or {}).get("uid") == uid]
        waits = [available_in(pod, replicaset["spec"].get("minReadySeconds", 0), self._cluster.now()) for pod in mine]
        labels = (at(replicaset, "spec.template.metadata.labels") or {}).items()
        counts = {
            "replicas": len(mine),
            "fullyLabeledReplicas": sum(labels <= (pod["metadata"].get("labels") or {}).items() for pod in mine),
            "readyReplicas": sum(is_ready(pod) for pod in mine),
            "availableReplicas": sum(wait == 0 for wait in waits),
        }

        def edit(fresh: Object) -> None:
            fresh["status"] = with_counts(fresh.get("status") or {}, counts, ("replicas",)) | {
                "observedGeneration": replicaset["metadata"].get("generation", 1)
            }

        self._cluster.change(REPLICASETS, key_of(replicaset), edit, subresource="status")
        return min((wait for wait in waits if wait), default=None)

    def _on_orphan(self, _: Object | None, pod: Object | None) -> None:
        if pod is None or controller_of(pod) or is_terminating(pod):
            return
        for replicaset in self._cluster.list(REPLICASETS, pod["metadata"]["namespace"]):
            self.controller.enqueue(key_of(replicaset))


def with_counts(status: Object, counts: Mapping[str, int], always: tuple[str, ...]) -> Object:
    """Write counts into a status as the API does: a zero is left out unless it is always shown."""
    kept = {name: value for name, value in status.items() if name not in counts}
    return kept | {name: count for name, count in counts.items() if count or name in always}


def _least_wanted_first(active: list[Object]) -> list[Object]:
    """Order for scaling down: not placed, not running, not ready, on a crowded node, youngest."""
    crowd = Counter(pod["spec"].get("nodeName", "") for pod in active)

    def rank(pod: Object) -> tuple[bool, bool, bool, int]:
        node = pod["spec"].get("nodeName", "")
        return bool(node), at(pod, "status.phase") == "Running", is_ready(pod), -crowd[node]

    youngest_first = sorted(active, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), reverse=True)
    return sorted(youngest_first, key=rank)
