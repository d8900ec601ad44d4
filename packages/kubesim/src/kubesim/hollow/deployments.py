"""Deployments: one ReplicaSet per pod template, and the way from the old to the new.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
"""

from kubesim.hollow.cluster import Cluster
from kubesim.hollow.conditions import is_terminating
from kubesim.hollow.controller import BURST, Controller
from kubesim.hollow.deployment_status import counts_of, deadline, set_available, set_progressing
from kubesim.hollow.ownership import claim, controller_of, reference
from kubesim.hollow.replicasets import REPLICASETS, enqueue_owner, with_counts
from kubesim.hollow.rollout import HASH_LABEL, Bounds, Size, bounds, grow, plain, shrink, template_hash
from kubesim.objects import Key, Object, at, copied, key_of

DEPLOYMENTS = "deployments.apps"
REVISION = "deployment.kubernetes.io/revision"
DESIRED, MAXIMUM = "deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas"
_OF_REPLICASETS = (REVISION, DESIRED, MAXIMUM, "kubectl.kubernetes.io/last-applied-configuration")


class Deployments:
    """The controller of all Deployments."""

    def __init__(self, cluster: Cluster) -> None:
        """Follow Deployments, their ReplicaSets and, for strategy Recreate, the end of their pods."""
        self._cluster = cluster
        self.controller = Controller("deployments", self.reconcile, settle=BURST)
        cluster.on_change(DEPLOYMENTS, lambda old, new: self.controller.enqueue(key_of(new or old or {})))
        cluster.on_change(REPLICASETS, enqueue_owner(self.controller, "Deployment"))
        cluster.on_change("pods", self._on_pod)

    async def reconcile(self, key: Key) -> float | None:
        """Do the next step of a rollout, and say in the status how far it is."""
        deployment = self._cluster.latest(DEPLOYMENTS, key)
        if deployment is None:
            return None
        owner = reference(deployment, "apps/v1", "Deployment")
        everything = sorted(claim(self._cluster, REPLICASETS, deployment, owner), key=_revision)
        new = _with_template(everything, deployment["spec"]["template"])
        olds = [each for each in everything if each is not new]
        if not is_terminating(deployment):
            new = self._roll(deployment, owner, new, olds)
        return self._write_status(deployment, new, olds)

    def _roll(self, deployment: Object, owner: Object, new: Object | None, olds: list[Object]) -> Object | None:
        if deployment["spec"].get("paused"):
            return self._scale_paused(deployment, new, olds)
        if at(deployment, "spec.strategy.type") == "Recreate":
            new = self._recreate(deployment, owner, new, olds)
        else:
            new = self._update(deployment, owner, new, olds)
        self._forget(deployment, olds)
        return new

    def _scale_paused(self, deployment: Object, new: Object | None, olds: list[Object]) -> Object | None:
        limits = bounds(deployment)
        if new:
            return self._resize(deployment, new, limits.replicas)
        for old in [each for each in olds if _size(each).replicas][-1:]:
            self._resize(deployment, old, limits.replicas)
        return None

    def _recreate(self, deployment: Object, owner: Object, new: Object | None, olds: list[Object]) -> Object | None:
        limits = bounds(deployment)
        for old in olds:
            self._resize(deployment, old, 0)
        if self._pods_remain(olds):
            return self._number(deployment, new, olds)
        new = self._number(deployment, new, olds) or self._create(deployment, owner, olds, limits.replicas)
        return self._resize(deployment, new, limits.replicas)

    def _update(self, deployment: Object, owner: Object, new: Object | None, olds: list[Object]) -> Object:
        limits, sizes = bounds(deployment), [_size(old) for old in olds]
        occupied = [
            Size(max(size.replicas, at(old, "status.replicas") or 0), 0) for size, old in zip(sizes, olds, strict=True)
        ]
        first = grow(limits, Size(0, 0), occupied)
        new = self._number(deployment, new, olds) or self._create(deployment, owner, olds, first)
        after = shrink(limits, _size(new), sizes)
        new = self._resize(deployment, new, grow(limits, _size(new), occupied))
        for old, replicas in zip(olds, after, strict=True):
            self._resize(deployment, old, replicas)
        return new

    def _create(self, deployment: Object, owner: Object, olds: list[Object], replicas: int) -> Object:
        spec, limits = deployment["spec"], bounds(deployment)
        name, namespace = deployment["metadata"]["name"], deployment["metadata"]["namespace"]
        digest = self._free_hash(namespace, name, spec["template"])
        template = copied(spec["template"])
        labels = template.setdefault("metadata", {}).setdefault("labels", {})
        labels[HASH_LABEL] = digest
        selector = copied(spec["selector"])
        selector.setdefault("matchLabels", {})[HASH_LABEL] = digest
        annotations = _inherited(deployment) | _scale_marks(limits) | {REVISION: str(_next_revision(olds))}
        made = self._cluster.create(
            REPLICASETS,
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "metadata": {
                    "name": f"{name}-{digest}",
                    "namespace": namespace,
                    "labels": dict(labels),
                    "annotations": annotations,
                    "ownerReferences": [owner],
                },
                "spec": {
                    "replicas": replicas,
                    "minReadySeconds": spec.get("minReadySeconds", 0),
                    "selector": selector,
                    "template": template,
                },
            },
        )
        self._mark_revision(deployment, made)
        self._say_scaled(deployment, made, 0, replicas)
        return made

    def _free_hash(self, namespace: str, name: str, template: Object) -> str:
        collisions = 0
        while self._cluster.get(REPLICASETS, (namespace, f"{name}-{template_hash(template, collisions)}")):
            collisions += 1
        return template_hash(template, collisions)

    def _number(self, deployment: Object, new: Object | None, olds: list[Object]) -> Object | None:
        if new is None:
            return None
        revision = max(_revision(new), _next_revision(olds))

        def edit(fresh: Object) -> None:
            fresh["metadata"].setdefault("annotations", {})[REVISION] = str(revision)
            fresh["spec"]["minReadySeconds"] = deployment["spec"].get("minReadySeconds", 0)

        new = self._cluster.change(REPLICASETS, key_of(new), edit)
        if new:
            self._mark_revision(deployment, new)
        return new

    def _mark_revision(self, deployment: Object, new: Object) -> None:
        def edit(fresh: Object) -> None:
            fresh["metadata"].setdefault("annotations", {})[REVISION] = str(_revision(new))

        self._cluster.change(DEPLOYMENTS, key_of(deployment), edit)

    def _say_scaled(self, deployment: Object, replicaset: Object, before: int, after: int) -> None:
        if before != after:
            way = "up" if after > before else "down"
            words = f"Scaled {way} replica set {replicaset['metadata']['name']} from {before} to {after}"
            self._cluster.events.record(deployment, "ScalingReplicaSet", words, "deployment-controller")

    def _resize(self, deployment: Object, replicaset: Object, replicas: int) -> Object:
        limits = bounds(deployment)

        def edit(fresh: Object) -> None:
            fresh["spec"]["replicas"] = replicas
            fresh["metadata"].setdefault("annotations", {}).update(_scale_marks(limits) if replicas else {})

        resized = self._cluster.change(REPLICASETS, key_of(replicaset), edit)
        if resized:
            self._say_scaled(deployment, replicaset, _size(replicaset).replicas, replicas)
        return resized or replicaset

    def _pods_remain(self, olds: list[Object]) -> bool:
        uids = {old["metadata"]["uid"] for old in olds}
        return any((controller_of(pod) or {}).get("uid") in uids for pod in self._cluster.list("pods"))

    def _forget(self, deployment: Object, olds: list[Object]) -> None:
        finished = [old for old in olds if not old["spec"].get("replicas") and not at(old, "status.replicas")]
        surplus = len(finished) - deployment["spec"].get("revisionHistoryLimit", 10)
        for old in finished[: max(0, surplus)]:
            self._cluster.delete(REPLICASETS, key_of(old))

    def _write_status(self, deployment: Object, new: Object | None, olds: list[Object]) -> float | None:
        key, now = key_of(deployment), self._cluster.now()
        fresh = [each for each in (self._cluster.get(REPLICASETS, key_of(old)) for old in olds) if each]
        new = self._cluster.get(REPLICASETS, key_of(new)) if new else None
        counts = counts_of(deployment, new, fresh)

        def edit(latest: Object) -> None:
            status = with_counts(latest.get("status") or {}, counts, ())
            status["observedGeneration"] = deployment["metadata"].get("generation", 1)
            set_available(status, counts, bounds(deployment), self._cluster.timestamp())
            set_progressing(status, latest, new, counts, now, self._cluster.timestamp())
            latest["status"] = status

        self._cluster.change(DEPLOYMENTS, key, edit, subresource="status")
        done = counts["updatedReplicas"] == counts["availableReplicas"] == deployment["spec"].get("replicas", 1)
        return None if done or deployment["spec"].get("paused") else float(deadline(deployment)) + 1

    def _on_pod(self, pod: Object | None, new: Object | None) -> None:
        if pod is None or new is not None:
            return
        owner = controller_of(pod)
        replicaset = self._cluster.get(REPLICASETS, (pod["metadata"]["namespace"], owner["name"])) if owner else None
        parent = controller_of(replicaset) if replicaset else None
        if parent and parent["kind"] == "Deployment":
            self.controller.enqueue((pod["metadata"]["namespace"], parent["name"]))


def _with_template(replicasets: list[Object], template: Object) -> Object | None:
    wanted = plain(template)
    return next((each for each in replicasets if plain(each["spec"]["template"]) == wanted), None)


def _size(replicaset: Object) -> Size:
    return Size(replicaset["spec"].get("replicas", 0), at(replicaset, "status.availableReplicas") or 0)


def _revision(replicaset: Object) -> int:
    return int((replicaset["metadata"].get("annotations") or {}).get(REVISION, "0"))


def _next_revision(olds: list[Object]) -> int:
    return max((_revision(old) for old in olds), default=0) + 1


def _inherited(deployment: Object) -> dict[str, str]:
    annotations = deployment["metadata"].get("annotations") or {}
    return {name: text for name, text in annotations.items() if name not in _OF_REPLICASETS}


def _scale_marks(limits: Bounds) -> dict[str, str]:
    return {DESIRED: str(limits.replicas), MAXIMUM: str(limits.replicas + limits.surge)}
