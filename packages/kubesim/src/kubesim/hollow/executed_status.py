"""The status of a pod whose containers come to an end: while its init containers run, and when all is over.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase
"""

from kubesim.hollow.conditions import set_condition
from kubesim.hollow.pod_status import container_status
from kubesim.hollow.programs import Execution, Progress
from kubesim.objects import Object


def set_executed(pod: Object, execution: Execution, *, since: str, now: str) -> None:
    """Write into a pod how far its containers are; for the phases Pending, Succeeded and Failed."""
    status, phase = pod.setdefault("status", {}), execution.phase
    status |= {"phase": phase, "hostIP": execution.host, "hostIPs": [{"ip": execution.host}]}
    status |= {"podIP": execution.address, "podIPs": [{"ip": execution.address}]}
    status["startTime"] = status.get("startTime") or since
    for field, name in (("initContainers", "initContainerStatuses"), ("containers", "containerStatuses")):
        may_run = execution.initialised or field == "initContainers"
        old = {each["name"]: each for each in status.get(name) or ()}
        statuses = [
            _status(pod, each, execution.progress.get(each["name"]), old.get(each["name"]), may_run, since, now)
            for each in pod["spec"].get(field) or ()
        ]
        if statuses:
            status[name] = statuses
    reason = "PodCompleted" if phase == "Succeeded" else "PodFailed" if phase == "Failed" else "ContainersNotReady"
    set_condition(status, "PodReadyToStartContainers", str(phase == "Pending"), now)
    initialised = execution.initialised
    set_condition(
        status, "Initialized", str(initialised), now, reason="" if initialised else "ContainersNotInitialized"
    )
    for condition in ("ContainersReady", "Ready"):
        set_condition(status, condition, "False", now, reason=reason)
    set_condition(status, "PodScheduled", "True", now)


def _status(
    pod: Object, container: Object, progress: Progress | None, old: Object | None, may_run: bool, since: str, now: str
) -> Object:
    status = container_status(pod, container) | {"restartCount": progress.restarts if progress else 0}
    if progress is None or progress.exit_code is None:
        state: Object = {"running": {"startedAt": since}} if may_run and progress else {}
        state = state or {"waiting": {"reason": "PodInitializing"}}
        return status | {"ready": False, "started": False, "state": state}
    was = ((old or {}).get("state") or {}).get("terminated")
    code = progress.exit_code
    ended = {"exitCode": code, "reason": "Error" if code else "Completed", "startedAt": since, "finishedAt": now}
    state = {"terminated": was if was and was["exitCode"] == code else ended}
    return status | {"ready": not code, "started": False, "state": state}
