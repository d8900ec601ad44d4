"""The cloud answers badly or not at all, or the controller dies: it ends as if nothing had been, over the wire."""

import asyncio

import pytest

TROUBLES = ("throttle", "unavailable", "lost_before", "lost_after")
WORKERS = {f"i-bp1worker0000000000{number}" for number in (1, 2, 3)}

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def is_whole(stage, name):
    """One balancer, one group with all workers, one listener that runs."""
    balancer = await stage.balancer(name)
    assert len(balancer["groups"]) == 1
    assert [one["status"] for one in balancer["listeners"].values()] == ["running"]
    assert set(await stage.backends(name)) == WORKERS


@pytest.mark.parametrize("action", ["CreateLoadBalancer", "CreateVServerGroup"])
async def test_trouble_with_a_write_is_got_over(stage, action):
    """Four Services at once meet a trouble each; in the end nothing is missing, and nothing there twice."""
    before = {one["id"] for one in await stage.balancers()}
    for kind in TROUBLES:
        await stage.cloud("POST", "faults", {"kind": kind, "action": action, "count": 1})
    names = [f"{action.lower()}-{number}" for number, _ in enumerate(TROUBLES)]
    for name in names:
        await stage.service(name)
    for name in names:
        await stage.address(name)
        await is_whole(stage, name)
    assert len({one["id"] for one in await stage.balancers()} - before) == len(names)


async def test_trouble_with_a_deletion_is_got_over(stage):
    """One of two deletions is throttled, the other takes effect without an answer."""
    names = ("deleted-one", "deleted-two")
    for name in names:
        await stage.service(name)
        await stage.address(name)
    own = {(await stage.balancer(name))["id"] for name in names}
    for kind in ("throttle", "lost_after"):
        await stage.cloud("POST", "faults", {"kind": kind, "action": "DeleteLoadBalancer", "count": 1})
    await asyncio.gather(*(stage.delete(name) for name in names))
    assert not own & {one["id"] for one in await stage.balancers()}


async def test_answers_that_are_old_make_nothing_twice(stage):
    """Every look of a second answers as things stood two writes before."""
    before = {one["id"] for one in await stage.balancers()}
    await stage.cloud("POST", "faults", {"kind": "stale", "action": "Describe*", "writes": 2, "count": 6})
    await stage.service("stale")
    await stage.address("stale", 30)
    await is_whole(stage, "stale")
    assert len({one["id"] for one in await stage.balancers()} - before) == 1
