"""May a node without an instance be deleted? A table."""

from dataclasses import replace

import pytest

from yunqiao.controllers.nodes.parting import SECOND_LOOK, Certain, Sight, Wait, Withheld, may_go

GONE = Sight(
    instance="i-1", since=100.0, shown_before=True, readiness="Unknown", missing=1, nodes=10, anything_found=True
)
LATER = 100.0 + SECOND_LOOK


def test_a_silent_node_whose_instance_stays_away_may_go() -> None:
    assert may_go(GONE, LATER) == Certain()


def test_the_second_look_is_waited_for() -> None:
    assert may_go(GONE, 110.0) == Wait(SECOND_LOOK - 10.0)


@pytest.mark.parametrize("readiness", ["True", "False", ""])
def test_who_is_heard_of_or_never_said_anything_stays(readiness: str) -> None:
    assert isinstance(may_go(replace(GONE, readiness=readiness), LATER), Withheld)


def test_who_was_never_shown_may_be_somebody_elses() -> None:
    assert isinstance(may_go(replace(GONE, shown_before=False), LATER), Withheld)


def test_when_no_instance_is_found_at_all_nobody_goes() -> None:
    assert isinstance(may_go(replace(GONE, anything_found=False), LATER), Withheld)


@pytest.mark.parametrize(("nodes", "allowed"), [(1, 1), (3, 1), (9, 1), (10, 2), (100, 20), (5000, 1000)])
def test_a_fifth_of_the_cluster_and_at_least_one_may_go_at_once(nodes: int, allowed: int) -> None:
    assert may_go(replace(GONE, nodes=nodes, missing=allowed), LATER) == Certain()
    assert isinstance(may_go(replace(GONE, nodes=nodes, missing=allowed + 1), LATER), Withheld)
