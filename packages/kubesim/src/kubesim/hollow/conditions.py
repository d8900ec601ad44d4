"""Conditions of any object, and what the conditions and timestamps of a pod say about it."""

from datetime import datetime

from kubesim.objects import Object, at


def condition(obj: Object, kind: str) -> Object | None:
    """The condition of that type, or None."""
    return next((each for each in at(obj, "status.conditions") or () if each["type"] == kind), None)


def is_true(obj: Object, kind: str) -> bool:
    """Whether the condition of that type is there and True."""
    found = condition(obj, kind)
    return found is not None and found["status"] == "True"


def set_condition(status: Object, kind: str, value: str, now: str, *, reason: str = "", message: str = "") -> None:
    """Write a condition into a status; its transition time moves only when its value does."""
    conditions = status.setdefault("conditions", [])
    found = next((each for each in conditions if each["type"] == kind), None)
    if found is None:
        found = {"type": kind, "status": "", "lastTransitionTime": now}
        conditions.append(found)
    if found["status"] != value:
        found |= {"status": value, "lastTransitionTime": now}
    for name, text in (("reason", reason), ("message", message)):
        if text:
            found[name] = text
        else:
            found.pop(name, None)


def is_terminating(obj: Object) -> bool:
    """Whether its deletion has been asked for."""
    return bool(obj["metadata"].get("deletionTimestamp"))


def has_ended(pod: Object) -> bool:
    """Whether the pod ran to its end, well or not."""
    return at(pod, "status.phase") in ("Succeeded", "Failed")


def is_active(pod: Object) -> bool:
    """Whether the pod counts as a replica: neither ended nor on its way out."""
    return not has_ended(pod) and not is_terminating(pod)


def is_ready(pod: Object) -> bool:
    """Whether the pod's Ready condition is True."""
    return is_true(pod, "Ready")


def available_in(pod: Object, min_ready_seconds: int, now: datetime) -> float | None:
    """Seconds until a pod that stays ready counts as available, 0 when it does; None when it is not ready."""
    ready = condition(pod, "Ready")
    if ready is None or ready["status"] != "True":
        return None
    since = datetime.fromisoformat(ready["lastTransitionTime"])
    return max(0.0, min_ready_seconds - (now - since).total_seconds()) if min_ready_seconds else 0.0
