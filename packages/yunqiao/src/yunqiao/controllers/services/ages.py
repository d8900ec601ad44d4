"""For how long has a backend been there, or been at weight 0? What a plan must know to wait without a memory.

This is what this process has seen itself: after a restart everything counts as new, so a wait is begun anew and never
cut short.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from yunqiao.model.balancer import Backend, Balancer, Group

Place = tuple[str, tuple[str, str, int]]
"""A backend by its group's id and its own identity."""
Since = Mapping[tuple[Place, bool], float]
"""When it was first seen so, by backend and whether it has a weight: seconds on the engine's clock.

One that is known to be healthy has been there for ever.
"""
FOR_EVER = float("-inf")


def aged(seen: Balancer, before: Since, now: float) -> tuple[Balancer, Since]:
    """What was seen with the ages of its backends, and what to go on with."""
    since: dict[tuple[Place, bool], float] = {}

    def grown(group: Group, one: Backend) -> Backend:
        key = ((group.id, one.identity), one.weight > 0)
        since[key] = before.get(key, now)
        age = now - since[key]
        return one if one.age == age else replace(one, age=age)

    def each(group: Group) -> Group:
        if not isinstance(group.backends, tuple):
            return group
        return replace(group, backends=tuple(grown(group, one) for one in group.backends))

    return replace(seen, groups=tuple(map(each, seen.groups))), since


def proven(since: Since, healthy: Iterable[Place]) -> Since:
    """What to go on with when these are known to be healthy."""
    return {**since, **{(one, True): FOR_EVER for one in healthy}}
