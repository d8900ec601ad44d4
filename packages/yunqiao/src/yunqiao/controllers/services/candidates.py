"""Which nodes take a Service's traffic, the same for every kind of load balancer.

When not one node is Ready, all of them stay in (fail open): a hiccup of the control plane must not take every balancer
down at once. A node that is Ready and is to take no more is leaving: it may finish what it has.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from yunqiao.model.candidate import Candidate


@dataclass(frozen=True, slots=True)
class Choice:
    """By node name. `failed_open` says that not one is Ready, and all stay in."""

    taking: Mapping[str, Candidate]
    leaving: Mapping[str, Candidate]
    failed_open: bool = False


def choose(
    candidates: Iterable[Candidate], required: tuple[tuple[str, str], ...] = (), *, schedulable_only: bool = False
) -> Choice:
    """Part those that are to take traffic from those that are to take no more.

    Nodes that are not Ready are in neither part; virtual ones count as Ready, since their pods say so themselves.
    """

    def fits(one: Candidate) -> bool:
        labelled = all(one.labels.get(key) == value for key, value in required)
        return labelled and not one.leaving and not (schedulable_only and one.unschedulable)

    fitting: list[Candidate] = []
    others: list[Candidate] = []
    for one in candidates:
        (fitting if fits(one) else others).append(one)
    machines = [one for one in fitting if not one.virtual]
    failed_open = bool(machines) and not any(one.ready for one in machines)
    taking = [one for one in fitting if one.ready or one.virtual or failed_open]
    leaving = [one for one in others if one.ready or one.virtual]
    return Choice(_by_name(taking), _by_name(leaving), failed_open)


def _by_name(candidates: Iterable[Candidate]) -> dict[str, Candidate]:
    return {one.name: one for one in candidates}
