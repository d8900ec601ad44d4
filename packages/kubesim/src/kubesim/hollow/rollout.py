"""The arithmetic of a rolling update: how many replicas each ReplicaSet may have next.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from kubesim.objects import Object, copied

HASH_LABEL = "pod-template-hash"
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, slots=True)
class Size:
    """One ReplicaSet's replicas: wanted now, and available now."""

    replicas: int
    available: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a rolling update keeps to."""

    replicas: int
    surge: int
    unavailable: int


def bounds(deployment: Object) -> Bounds:
    """Read them from a Deployment; percentages round up for surge and down for unavailable, and not both may be 0."""
    replicas = deployment["spec"].get("replicas", 1)
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    surge = _share(rolling.get("maxSurge", "25%"), replicas, up=True)
    unavailable = _share(rolling.get("maxUnavailable", "25%"), replicas, up=False)
    return Bounds(replicas, surge, unavailable if surge or unavailable else 1)


def grow(bounds: Bounds, new: Size, olds: Sequence[Size]) -> int:
    """Give the replicas of the new ReplicaSet: as many as wanted, while all together stay within replicas + surge."""
    if new.replicas >= bounds.replicas:
        return bounds.replicas
    total = new.replicas + sum(old.replicas for old in olds)
    room = max(0, bounds.replicas + bounds.surge - total)
    return min(bounds.replicas, new.replicas + room)


def shrink(bounds: Bounds, new: Size, olds: Sequence[Size]) -> list[int]:
    """Give the replicas of the old ReplicaSets: the unavailable go first, the rest as they are replaced."""
    total = new.replicas + sum(old.replicas for old in olds)
    least = bounds.replicas - bounds.unavailable
    may_go = max(0, total - least - (new.replicas - new.available))
    after = [old.replicas for old in olds]
    for place, old in enumerate(olds):
        broken = min(may_go, max(0, old.replicas - old.available))
        after[place] -= broken
        may_go -= broken
    spare = max(0, new.available + sum(min(old.available, left) for old, left in zip(olds, after, strict=True)) - least)
    for place, left in enumerate(after):
        gone = min(left, spare, may_go)
        after[place] -= gone
        spare -= gone
        may_go -= gone
    return after


def template_hash(template: Object, collisions: int = 0) -> str:
    """Give ten characters that name a pod template, from the alphabet that Kubernetes uses for generated names."""
    text = json.dumps([plain(template), collisions], sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:10])


def plain(template: Object) -> Object:
    """Give a template without the label that tells its ReplicaSet from others, so that two can be compared."""
    result: Object = copied(template)
    labels = (result.get("metadata") or {}).get("labels") or {}
    labels.pop(HASH_LABEL, None)
    return result


def _share(value: int | str, whole: int, *, up: bool) -> int:
    if isinstance(value, int) or not value.endswith("%"):
        return int(value)
    hundredths = int(value[:-1]) * whole
    return -(-hundredths // 100) if up else hundredths // 100
