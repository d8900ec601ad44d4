"""What a Deployment says of its rollout: counts, and the conditions Available and Progressing.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
"""

from datetime import datetime

from kubesim.hollow.conditions import condition, set_condition
from kubesim.hollow.rollout import Bounds
from kubesim.objects import Object, at


def counts_of(deployment: Object, new: Object | None, olds: list[Object]) -> dict[str, int]:
    """Count the replicas of a Deployment from the statuses of its ReplicaSets."""

    def total(field: str) -> int:
        return sum(at(each, f"status.{field}") or 0 for each in (new, *olds) if each)

    wanted = sum(each["spec"].get("replicas", 0) for each in (new, *olds) if each)
    return {
        "replicas": total("replicas"),
        "updatedReplicas": (at(new, "status.replicas") or 0) if new else 0,
        "readyReplicas": total("readyReplicas"),
        "availableReplicas": total("availableReplicas"),
        "unavailableReplicas": max(0, max(wanted, deployment["spec"].get("replicas", 1)) - total("availableReplicas")),
    }


def set_available(status: Object, counts: dict[str, int], limits: Bounds, now: str) -> None:
    """Say whether enough replicas are available for a rolling update's lower bound."""
    enough = counts["availableReplicas"] >= limits.replicas - limits.unavailable
    words = ("has minimum availability", "does not have minimum availability")[not enough]
    reason = ("MinimumReplicasAvailable", "MinimumReplicasUnavailable")[not enough]
    set_condition(status, "Available", str(enough), now, reason=reason, message=f"Deployment {words}.")


def set_progressing(
    status: Object, deployment: Object, new: Object | None, counts: dict[str, int], now: datetime, stamp: str
) -> None:
    """Say how the rollout to `new` is going; without any progress for the deadline it has failed."""
    if new is None or deployment["spec"].get("paused"):
        return
    name = f'ReplicaSet "{new["metadata"]["name"]}"'
    before = condition(deployment, "Progressing") or {}
    wanted = deployment["spec"].get("replicas", 1)
    done = counts["updatedReplicas"] == counts["availableReplicas"] == counts["replicas"] == wanted
    moved = counts != {each: at(deployment, f"status.{each}") or 0 for each in counts}
    if done:
        reason, value, message = "NewReplicaSetAvailable", "True", f"{name} has successfully progressed."
    elif moved or not before or before.get("reason") == "NewReplicaSetAvailable":
        reason, value, message = "ReplicaSetUpdated", "True", f"{name} is progressing."
    elif (now - datetime.fromisoformat(before["lastUpdateTime"])).total_seconds() > deadline(deployment):
        reason, value, message = "ProgressDeadlineExceeded", "False", f"{name} has timed out progressing."
    else:
        return
    set_condition(status, "Progressing", value, stamp, reason=reason, message=message)
    changed = moved or before.get("reason") != reason
    next(each for each in status["conditions"] if each["type"] == "Progressing")["lastUpdateTime"] = (
        stamp if changed or "lastUpdateTime" not in before else before["lastUpdateTime"]
    )


def deadline(deployment: Object) -> int:
    """Seconds without progress after which a rollout has failed."""
    return int(deployment["spec"].get("progressDeadlineSeconds", 600))
