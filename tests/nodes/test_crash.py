"""The process ends, or an answer is lost, late or old, at any call and any write: the end is the same.

A life of nodes: they join, somebody changes a label, a machine is shut down and comes back, another is released.
"""

import pytest

from yunqiao.controllers.nodes.kinds import SHUTDOWN
from yunqiao.controllers.nodes.rules import Rules
from yunqiao.controllers.nodes.site import PERIOD

TROUBLES = ["ended-before", "ended-after", "lost-before", "lost-after"]
AT_CALLS = [*TROUBLES, "throttled", "late", "old"]
ZONE = "topology.kubernetes.io/zone"


async def joining(bench):
    """One node that must be found, one that says who it is, one that is somebody else's."""
    made = bench.cloud.add("i-one", private_ip="10.0.1.1", public_ip="203.0.113.7")
    bench.cloud.add("i-two", private_ip="10.0.1.2")
    bench.cluster.join("one", "10.0.1.1", uuid=made.serial_number)
    bench.cluster.join("two", "10.0.1.2", provider_id="cn-hangzhou.i-two")
    bench.cluster.join("theirs", "10.0.1.3", provider_id="aws:///eu-1a/i.x")
    await bench.run(120, step=2)


async def relabelled(bench):
    """Somebody says that a node is in another zone."""
    bench.cluster.change("two", {"metadata": {"labels": {ZONE: "cn-hangzhou-x"}}})
    await bench.run(20)


async def shut_down(bench):
    """A machine is switched off."""
    bench.cloud.set_status("i-two", "Stopped")
    bench.cluster.hear("two", "Unknown")
    await bench.run(30)


async def started(bench):
    """It is switched on again."""
    bench.cloud.set_status("i-two", "Running")
    bench.cluster.hear("two", "True")
    await bench.run(30)


async def released(bench):
    """A machine goes for good."""
    bench.cloud.release("i-one")
    bench.cluster.hear("one", "Unknown")
    await bench.run(700, step=10)


CHAPTERS = (joining, relabelled, shut_down, started, released)


def new(new_bench):
    return new_bench(rules=Rules("cn-hangzhou", "vpc-test", routes=True))


def picture(bench):
    """Everything that a user sees of nodes and interfaces, without versions and times."""
    nodes = {}
    for name in bench.cluster.names():
        raw = bench.cluster.raw(name)
        conditions = {one["type"]: one["status"] for one in raw["status"]["conditions"]}
        nodes[name] = (raw["spec"], raw["metadata"].get("labels"), raw["status"].get("addresses"), conditions)
    checks = {one.id: one.source_dest_check for one in bench.cloud.world.states["ecs"].interfaces.values()}
    return nodes, sorted(checks.values())


async def told(new_bench, chapter, *, calls=(), writes=()):
    """The life up to the end of a chapter, with these troubles at that chapter's calls and writes."""
    bench = new(new_bench)
    for one in CHAPTERS[: CHAPTERS.index(chapter) + 1]:
        if one is chapter:
            before = len(bench.cloud.calls), len(bench.cluster.writes)
            bench.cloud.troubles, bench.cluster.troubles = list(calls), list(writes)
        await one(bench)
    if "old" in calls:  # it said nothing wrong, so nothing is amiss until the next look
        await bench.run(PERIOD, step=10)
    return bench, len(bench.cloud.calls) - before[0], len(bench.cluster.writes) - before[1]


async def test_the_life_shows_all_that_a_node_controller_writes(new_bench):
    bench = new(new_bench)
    seen = []
    for chapter in CHAPTERS:
        await chapter(bench)
        seen.append((bench.labels("two")[ZONE], SHUTDOWN in bench.taints("two"), bench.cluster.names()))
    all_of_them, zone = ["one", "theirs", "two"], "cn-hangzhou-h"
    assert seen == [
        (zone, False, all_of_them),
        (zone, False, all_of_them),
        (zone, True, all_of_them),
        (zone, False, all_of_them),
        (zone, False, ["theirs", "two"]),
    ]


def at_calls():
    """Each chapter with each trouble."""
    for chapter in CHAPTERS:
        for trouble in AT_CALLS:
            yield pytest.param(chapter, trouble, id=f"{chapter.__name__}-{trouble}")


@pytest.mark.parametrize(("chapter", "trouble"), list(at_calls()))
async def test_a_trouble_at_any_call_to_the_cloud_ends_well(new_bench, chapter, trouble):
    undisturbed, calls, writes = await told(new_bench, chapter)
    assert calls
    for place in range(calls):
        bench, _, wrote = await told(new_bench, chapter, calls=[""] * place + [trouble])
        assert bench.cloud.troubles == []
        assert picture(bench) == picture(undisturbed), place
        assert wrote == writes or trouble == "old", place


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda one: one.__name__)
async def test_a_trouble_at_any_write_to_kubernetes_ends_well(new_bench, chapter, trouble):
    undisturbed, _, writes = await told(new_bench, chapter)
    assert writes
    for place in range(writes):
        bench, _, wrote = await told(new_bench, chapter, writes=[""] * place + [trouble])
        assert bench.cluster.troubles == []
        assert picture(bench) == picture(undisturbed), place
        assert wrote <= writes, place
