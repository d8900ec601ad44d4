"""Which nodes take a Service's traffic, the same for every kind of load balancer.

When not one node is Ready, all of them stay in (fail open): a hiccup of the control plane must not take every balancer
down at once.
"""

from collections.abc import Iterable

from yunqiao.model.candidate import Candidate


def choose(
    candidates: Iterable[Candidate], required: tuple[tuple[str, str], ...] = (), *, schedulable_only: bool = False
) -> dict[str, Candidate]:
    """Give those with the required labels that are Ready, or all of those if none is Ready; by node name."""
    fitting = [
        one
        for one in candidates
        if all(one.labels.get(key) == value for key, value in required) and not (schedulable_only and one.unschedulable)
    ]
    chosen = [one for one in fitting if one.ready] or fitting
    return {one.name: one for one in chosen}
