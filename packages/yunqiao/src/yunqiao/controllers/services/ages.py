"""For how long has a backend been there, or been at weight 0? What a plan must know to wait without a memory.

This is what this process has seen itself: after a restart everything counts as new, so a wait is begun anew and never
cut short.
"""

from collections.abc import Mapping
from dataclasses import replace

from yunqiao.model.balancer import Backend, Balancer, Group

Since = Mapping[tuple[str, object, bool], float]
"""When it was first seen so, by group id, backend identity and whether it has a weight: the engine's clock, seconds."""


def aged(seen: Balancer, before: Since, now: float) -> tuple[Balancer, Since]:
    """What was seen with the ages of its backends, and what to go on with."""
    since: dict[tuple[str, object, bool], float] = {}

    def grown(group: Group, one: Backend) -> Backend:
        key = (group.id, one.identity, one.weight > 0)
        since[key] = before.get(key, now)
        age = now - since[key]
        return one if one.age == age else replace(one, age=age)

    def each(group: Group) -> Group:
        if not isinstance(group.backends, tuple):
            return group
        return replace(group, backends=tuple(grown(group, one) for one in group.backends))

    return replace(seen, groups=tuple(map(each, seen.groups))), since
