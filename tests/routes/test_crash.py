"""A process that ends at any call, answers that never come, come late or are old: the end is the same."""

import pytest
from tests.routes.conftest import LAG, Bench, new_node

TROUBLES = ("ended-before", "ended-after", "lost-before", "lost-after", "late", "old", "throttled")
CALLS = 14
"""At least as many calls as the life below takes."""
PATCHES = 4
"""As many patches as it takes."""


async def life(bench: Bench) -> None:
    """Nodes join, one goes, one comes back with another range, and the watch runs behind."""
    bench.join("w1", "w2")
    await bench.settle()
    bench.leave("w1")
    bench.cluster.held["w2"] = new_node("w2", "172.16.7.0/24", uid="another")
    bench.join("w3", cidrs=("172.16.3.0/24", "fd00:1::/64"))
    await bench.settle()


END = {"172.16.7.0/24": "i-w2", "172.16.3.0/24": "i-w3", "fd00:1::/64": "i-w3"}


def reached(bench: Bench) -> bool:
    return bench.cloud.routes() == END and set(bench.cluster.unavailable().values()) == {"False"}


async def test_the_life_takes_no_more_calls_than_are_tried(bench: Bench) -> None:
    await life(bench)
    assert reached(bench)
    assert len(bench.cloud.calls) <= CALLS


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("number", range(CALLS))
async def test_one_trouble_at_any_call_changes_nothing_about_the_end(bench: Bench, trouble: str, number: int) -> None:
    bench.cloud.troubles = [""] * number + [trouble]
    await life(bench)
    bench.time.time += LAG
    await bench.period()
    assert reached(bench)
    before = len(bench.cloud.writes())
    await bench.period()
    assert len(bench.cloud.writes()) == before


@pytest.mark.parametrize("first", TROUBLES)
@pytest.mark.parametrize("second", TROUBLES)
async def test_two_troubles_neither(first: str, second: str) -> None:
    for gap in (1, 2, 5):
        for number in range(0, CALLS - 6, 2):
            bench = Bench()
            bench.cloud.troubles = [""] * number + [first] + [""] * (gap - 1) + [second]
            await life(bench)
            bench.time.time += LAG
            await bench.period()
            await bench.period()
            assert reached(bench), (number, gap)


async def test_after_a_lost_answer_it_looks_before_it_writes_again(bench: Bench) -> None:
    bench.join("w1")
    bench.cloud.troubles = ["", "", "", "", "lost-after"]
    await bench.settle()
    assert [call.action for call in bench.cloud.writes()] == ["CreateRouteEntries"]
    assert bench.cluster.condition("w1")[0] == "False"


async def test_the_life_takes_no_more_patches_than_are_tried(bench: Bench) -> None:
    await life(bench)
    assert len(bench.cluster.patches) == PATCHES


@pytest.mark.parametrize("trouble", [one for one in TROUBLES if one.startswith(("ended", "lost"))])
@pytest.mark.parametrize("number", range(PATCHES))
async def test_a_trouble_at_any_patch_changes_nothing_about_the_end(bench: Bench, trouble: str, number: int) -> None:
    """Between the table and what the node is told, too: what was written is found, and told by whoever comes next."""
    bench.cluster.troubles = [""] * number + [trouble]
    await life(bench)
    assert bench.cluster.troubles == []
    assert reached(bench)
    before = len(bench.cloud.writes())
    await bench.period()
    assert len(bench.cloud.writes()) == before
    assert reached(bench)


@pytest.mark.parametrize("trouble", ["ended-before", "ended-after", "lost-before", "lost-after"])
@pytest.mark.parametrize("call", ["ended-after", "lost-after", "late", "old"])
async def test_a_trouble_at_a_call_and_one_at_a_patch_neither(call: str, trouble: str) -> None:
    for number in range(CALLS):
        for patch in range(PATCHES):
            bench = Bench()
            bench.cloud.troubles = [""] * number + [call]
            bench.cluster.troubles = [""] * patch + [trouble]
            await life(bench)
            bench.time.time += LAG
            await bench.period()
            assert reached(bench), (number, patch)


async def test_a_node_that_the_new_leader_has_not_heard_of_keeps_its_entry(bench: Bench) -> None:
    bench.join("w1", "w2")
    await bench.settle()
    bench.cluster.behind = {"w2": None}
    bench.restart()
    await bench.settle()
    assert bench.cloud.routes() == {"172.16.0.0/24": "i-w1", "172.16.1.0/24": "i-w2"}
    assert bench.cluster.reads == ["w2"]
    assert len(bench.cloud.writes()) == 1


async def test_a_node_that_the_new_leader_knows_from_before_keeps_its_new_entry(bench: Bench) -> None:
    bench.join("w1")
    old = bench.cluster.held["w1"]
    await bench.settle()
    bench.cluster.held["w1"] = new_node("w1", "172.16.7.0/24", uid="another")
    await bench.settle()
    writes = len(bench.cloud.writes())
    bench.cluster.behind = {"w1": old}
    bench.restart()
    await bench.settle()
    assert bench.cloud.routes() == {"172.16.7.0/24": "i-w1"}
    assert len(bench.cloud.writes()) == writes


async def test_an_entry_of_a_call_that_came_late_is_found_within_the_period(bench: Bench) -> None:
    bench.join("w1")
    bench.cloud.troubles = ["", "", "", "", "late"]
    await bench.turn()
    assert [call.action for call in bench.cloud.writes()] == ["CreateRouteEntries"]
    assert bench.cloud.routes() == {}
    bench.leave("w1")
    await bench.settle()
    bench.time.time += LAG
    await bench.period()
    assert bench.cloud.routes() == {}
