"""Who takes a Service's traffic, and how much of it: weights, labels, and nodes that are to be left out."""

from typing import Any

import pytest
from msgspec.structs import replace
from tests.annotations.lives import CHAPTERS, tells_of
from tests.annotations.stage import Stage

from yunqiao.engine.loop import REFUSED_AFTER
from yunqiao.model.candidate import EXCLUDED
from yunqiao.model.cluster import Condition, NodeStatus, Taint
from yunqiao.options.declare import PREFIXES

INTRANET = {"address-type": "intranet"}


async def serving(stage: Stage) -> str:
    """Which backends take connections, by who answers and by what the cloud holds."""
    answers = {(await stage.tell()).get("backend", "") for _ in range(4)}
    takes = {server.removeprefix("i-") for server, weight in stage.weights().items() if weight}
    assert answers == (takes or {""})
    return ",".join(sorted(takes))


@tells_of("default-weight", chapters=("set", "change", "remove"))
async def test_the_weight_of_every_backend(stage: Stage) -> None:
    for asked, weight in (("30", 30), ("60", 60)):
        await stage.wear(INTRANET | {"default-weight": asked})
        assert stage.weights() == {"i-w0": weight, "i-w1": weight}
        assert await serving(stage) == "w0,w1"
    await stage.wear(INTRANET | {"default-weight": "0"})
    assert await serving(stage) == ""
    (change,) = await stage.wear(INTRANET)
    assert change.action == "SetVServerGroupAttribute"
    assert stage.weights() == {"i-w0": 100, "i-w1": 100}


@tells_of("backend-label", chapters=CHAPTERS)
async def test_only_nodes_with_the_labels_take_traffic(stage: Stage) -> None:
    stage.node("w0", labels={"zone": "h", "kind": "web"})
    stage.node("w1", labels={"zone": "i", "kind": "web"})
    for asked, takes in (("zone=h", "w0"), ("kind=web,zone=i", "w1"), ("kind=web", "w0,w1"), ("zone=i", "w1")):
        await stage.wear(INTRANET | {"backend-label": asked})
        assert await serving(stage) == takes
    assert await stage.wear(INTRANET | {"backend-label": "zone"}) == []
    stage.warned_of("backend-label", "zone")
    assert await serving(stage) == "w1"
    await stage.wear(INTRANET)
    assert await serving(stage) == "w0,w1"
    await stage.gone()


@tells_of("remove-unscheduled-backend", chapters=CHAPTERS)
async def test_a_cordoned_node_takes_traffic_unless_it_is_asked_not_to(stage: Stage) -> None:
    stage.node("w1", unschedulable=True)
    for asked, takes in (("on", "w0"), ("off", "w0,w1"), ("on", "w0")):
        await stage.wear(INTRANET | {"remove-unscheduled-backend": asked})
        assert await serving(stage) == takes
    assert await stage.wear(INTRANET | {"remove-unscheduled-backend": "true"}) == []
    stage.warned_of("remove-unscheduled-backend", "true")
    assert await serving(stage) == "w0"
    await stage.wear(INTRANET)
    assert await serving(stage) == "w0,w1"
    await stage.gone()


@tells_of("backend-label", "remove-unscheduled-backend", "default-weight")
@pytest.mark.parametrize(
    ("suffix", "value", "takes"),
    [("backend-label", "zone=h", "w0"), ("remove-unscheduled-backend", "on", "w0"), ("default-weight", "30", "w0,w1")],
)
async def test_the_legacy_prefix_is_followed_as_well(stage: Stage, suffix: str, value: str, takes: str) -> None:
    stage.node("w0", labels={"zone": "h"})
    stage.node("w1", unschedulable=True)
    await stage.wear(INTRANET | {f"{PREFIXES[1]}{suffix}": value})
    assert await serving(stage) == takes


@pytest.mark.parametrize("label", EXCLUDED)
async def test_an_excluded_node_takes_no_traffic(stage: Stage, label: str) -> None:
    await stage.wear(INTRANET)
    stage.node("w1", labels={label: ""})
    await stage.settle()
    assert await serving(stage) == "w0"
    stage.node("w1", labels={})
    await stage.settle()
    assert await serving(stage) == "w0,w1"


async def test_in_local_mode_weights_follow_the_pods(stage: Stage) -> None:
    stage.ask(external_traffic_policy="Local")
    stage.pods(w0=3, w1=1)
    await stage.wear(INTRANET | {"scheduler": "wrr", "default-weight": "30"})
    assert stage.weights() == {"i-w0": 3, "i-w1": 1}
    names = [(await stage.tell())["backend"] for _ in range(8)]
    assert [names.count(name) for name in ("w0", "w1")] == [6, 2]


@pytest.mark.parametrize(
    ("change", "takes"),
    [
        ({"spec": {"taints": [Taint(key="ToBeDeletedByClusterAutoscaler", effect="NoSchedule")]}}, "w0"),
        ({"ready": "False"}, "w0"),
        ({"ready": "True"}, "w0,w1"),
    ],
    ids=["about to be deleted", "not ready", "ready"],
)
async def test_a_node_that_is_going_takes_no_traffic(stage: Stage, change: dict[str, Any], takes: str) -> None:
    await stage.wear(INTRANET)
    stage.node("w1", **change.get("spec", {}))
    ready(stage, "w1", change.get("ready", "True"))
    await stage.settle()
    assert await serving(stage) == takes


def ready(stage: Stage, name: str, status: str) -> None:
    nodes = stage.bench.cluster.nodes
    for number, node in enumerate(nodes):
        if node.metadata.name == name:
            nodes[number] = replace(node, status=NodeStatus(conditions=[Condition(type="Ready", status=status)]))


async def test_a_value_that_only_the_cloud_refuses_does_not_hold_the_backends_up(stage: Stage) -> None:
    await stage.wear(INTRANET)
    stage.node("w1", labels={EXCLUDED[0]: ""})
    for _ in range(3):
        await stage.wear(INTRANET | {"health-check-type": "http", "health-check-domain": "under_scores_"})
        stage.bench.time.time += REFUSED_AFTER
    assert await serving(stage) == "w0"
    assert any("HealthCheckDomain" in text for text in stage.warnings())
