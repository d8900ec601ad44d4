"""OpenKruise's BroadcastJobs: one pod on each node that suits, run to its end.

Their CustomResourceDefinition has to be there. Pausing, parallelism and activeDeadlineSeconds are not followed.
https://openkruise.io/docs/user-manuals/broadcastjob/
"""

from datetime import datetime

from kubesim.hollow.cluster import Cluster
from kubesim.hollow.conditions import has_ended, is_terminating, set_condition
from kubesim.hollow.controller import BURST, Controller
from kubesim.hollow.ownership import owned_by, reference
from kubesim.hollow.placement import suits
from kubesim.hollow.replicasets import enqueue_owner, pod_of
from kubesim.objects import Key, Object, at, key_of

JOBS = "broadcastjobs.apps.kruise.io"
API_VERSION = "apps.kruise.io/v1alpha1"
_LABEL = "broadcastjob-name"


class BroadcastJobs:
    """The controller of all BroadcastJobs."""

    def __init__(self, cluster: Cluster) -> None:
        """Follow BroadcastJobs, their pods and the nodes."""
        self._cluster = cluster
        self.controller = Controller("broadcastjobs", self.reconcile, settle=BURST)
        cluster.on_change(JOBS, lambda old, new: self.controller.enqueue(key_of(new or old or {})))
        cluster.on_change("pods", enqueue_owner(self.controller, "BroadcastJob"))
        cluster.on_change("nodes", self._on_node)

    async def reconcile(self, key: Key) -> float | None:
        """Have a pod on each node that suits and has had none, until the job is over; then wait for its end."""
        job = self._cluster.latest(JOBS, key)
        if job is None or is_terminating(job):
            return None
        if at(job, "status.completionTime"):
            return self._expire(job)
        pods = {pod["spec"].get("nodeName", ""): pod for pod in self._pods(job)}
        wanted = [node for node in self._cluster.list("nodes") if suits(_pod_for(job, ""), node)]
        names = [node["metadata"]["name"] for node in wanted]
        failed = any(at(pod, "status.phase") == "Failed" for pod in pods.values())
        if not (failed and at(job, "spec.failurePolicy.type") in (None, "FailFast", "Pause")):
            for name in names:
                if name not in pods:
                    pod = self._cluster.create("pods", _pod_for(job, name))
                    self._cluster.events.record(
                        job, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}", "broadcastjob-controller"
                    )
        self._write_status(job, names)
        return None

    def _write_status(self, job: Object, wanted: list[str]) -> None:
        pods = self._pods(job)
        phases = [at(pod, "status.phase") for pod in pods]
        now = self._cluster.timestamp()
        counts = {
            "desired": len(wanted),
            "active": sum(not has_ended(pod) for pod in pods),
            "succeeded": phases.count("Succeeded"),
            "failed": phases.count("Failed"),
        }
        stopped = counts["failed"] and at(job, "spec.failurePolicy.type") in (None, "FailFast")
        over = stopped or (
            at(job, "spec.completionPolicy.type") != "Never"
            and {pod["spec"].get("nodeName") for pod in pods if has_ended(pod)} >= set(wanted)
        )

        def edit(fresh: Object) -> None:
            status = fresh.setdefault("status", {})
            status |= counts | {"startTime": status.get("startTime") or now, "phase": "running"}
            if over:
                status |= {"completionTime": now, "phase": "failed" if stopped else "completed"}
                set_condition(status, "Failed" if stopped else "Complete", "True", now)

        self._cluster.change(JOBS, key_of(job), edit, subresource="status")

    def _expire(self, job: Object) -> float | None:
        """Delete a job that is over when its time has come; else the seconds until then, None for ever."""
        seconds = at(job, "spec.completionPolicy.ttlSecondsAfterFinished")
        if seconds is None:
            return None
        since = self._cluster.now() - datetime.fromisoformat(at(job, "status.completionTime"))
        left = float(seconds) - since.total_seconds()
        if left > 0:
            return left
        self._cluster.delete(JOBS, key_of(job))
        return None

    def _pods(self, job: Object) -> list[Object]:
        return owned_by(job, self._cluster.list("pods", job["metadata"]["namespace"]))

    def _on_node(self, _: Object | None, __: Object | None) -> None:
        for job in self._cluster.list(JOBS):
            self.controller.enqueue(key_of(job))


def _pod_for(job: Object, node: str) -> Object:
    """Make the job's pod for a node, placed there without the scheduler as OpenKruise does it."""
    pod = pod_of(job, reference(job, API_VERSION, "BroadcastJob"))
    pod["metadata"]["labels"][_LABEL] = job["metadata"]["name"]
    return pod | {"spec": pod["spec"] | ({"nodeName": node} if node else {})}
