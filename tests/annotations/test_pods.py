"""Pods that take traffic themselves, by their network interfaces; weights that somebody else may set."""

from collections import Counter

import pytest
from tests.annotations.lives import CHAPTERS, tells_of
from tests.annotations.places import NODE_PORT, POD_PORT
from tests.annotations.stage import Stage

from yunqiao.controllers.services.clb.options import BACKEND_TYPE

INTRANET = {"address-type": "intranet"}
ENI = INTRANET | {BACKEND_TYPE: "eni"}


async def with_pods(stage: Stage) -> None:
    """Two pods with addresses of their own, one on each node."""
    places = {"127.16.0.60": "w0", "127.16.0.61": "w1"}
    for number, (address, node) in enumerate(places.items()):
        await stage.pod(f"pod-{number}", node, address, ipv6=f"fd00::{number}")
    stage.endpoints(places, number=POD_PORT)
    stage.endpoints({"fd00::0": "w0", "fd00::1": "w1"}, kind="IPv6", number=POD_PORT)


def backends(stage: Stage) -> set[tuple[str, str, str, int]]:
    """Type, id, address and port of each backend."""
    return {
        (one["Type"], one["ServerId"], one["ServerIp"], one["Port"])
        for group in stage.groups().values()
        for one in group
    }


async def answering(stage: Stage) -> set[str]:
    return {(await stage.tell()).get("backend", "") for _ in range(4)}


@tells_of("backend-type", chapters=CHAPTERS)
async def test_pods_take_traffic_by_their_own_addresses(stage: Stage) -> None:
    await with_pods(stage)
    await stage.wear(ENI)
    assert backends(stage) == {
        ("eni", "eni-pod-0", "127.16.0.60", POD_PORT), ("eni", "eni-pod-1", "127.16.0.61", POD_PORT),
    }  # fmt: skip
    assert await answering(stage) == {"pod-0", "pod-1"}
    for asked in (INTRANET | {BACKEND_TYPE: "ecs"}, INTRANET):
        await stage.wear(asked)
        assert await answering(stage) == {"w0", "w1"}
        await stage.wear(ENI)
        assert await answering(stage) == {"pod-0", "pod-1"}
    await stage.gone()


@tells_of("backend-ip-version", chapters=("set", "change", "remove"))
async def test_pods_are_reached_by_the_addresses_of_the_version_that_is_asked_for(stage: Stage) -> None:
    await with_pods(stage)
    asked = {"address-type": "internet", "ip-version": "ipv6", BACKEND_TYPE: "eni"}
    six = {("eni", "eni-pod-0", "fd00::0", POD_PORT), ("eni", "eni-pod-1", "fd00::1", POD_PORT)}
    four = {("eni", "eni-pod-0", "127.16.0.60", POD_PORT), ("eni", "eni-pod-1", "127.16.0.61", POD_PORT)}
    for version, found in (("IPv6", six), ("ipv4", four), ("ipv6", six)):
        await stage.wear(asked | {"backend-ip-version": version})
        assert backends(stage) == found
    await stage.wear(asked)
    assert backends(stage) == four
    await stage.gone()


@pytest.mark.parametrize(("policy", "machines"), [("Cluster", {"w0", "w1"}), ("Local", {"w0"})])
async def test_a_pod_on_a_virtual_node_takes_traffic_beside_machines(
    stage: Stage, policy: str, machines: set[str]
) -> None:
    stage.virtual_node("virtual")
    await stage.pod("container", "virtual", "127.16.0.62")
    stage.ask(external_traffic_policy=policy)
    stage.endpoints({"127.16.0.62": "virtual", "10.0.0.1": "w0"}, number=POD_PORT)
    await stage.wear(INTRANET)
    by_node = {("ecs", f"i-{name}", "", NODE_PORT) for name in machines}
    assert backends(stage) == {("eni", "eni-container", "127.16.0.62", POD_PORT), *by_node}
    assert await answering(stage) == {"container", *machines}
    stage.endpoints({"10.0.0.1": "w0"}, number=POD_PORT)
    await stage.settle()
    assert backends(stage) == by_node
    assert await answering(stage) == machines
    await stage.gone()


async def shares(stage: Stage) -> tuple[int, int]:
    """How five connections are shared."""
    found = Counter([(await stage.tell())["backend"] for _ in range(5)])
    return found["w0"], found["w1"]


@tells_of("ignore-weight-update", chapters=("set", "change", "remove"))
async def test_a_weight_that_somebody_sets_says_who_takes_how_much_while_it_is_left_alone(stage: Stage) -> None:
    by_weight = INTRANET | {"scheduler": "wrr"}
    for asked in ({"ignore-weight-update": "off"}, {}):
        await stage.wear(by_weight | {"ignore-weight-update": "on"})
        stage.weigh("w0", 25)
        await stage.bench.verify()
        await stage.carrying.settled()
        assert await shares(stage) == (1, 4)
        await stage.wear(by_weight | asked)
        assert sorted(await shares(stage)) == [2, 3]


@tells_of("ignore-weight-update", chapters=("set", "change", "remove"))
async def test_weights_that_somebody_sets_stay_where_it_is_asked(stage: Stage) -> None:
    await stage.wear(INTRANET | {"ignore-weight-update": "on"})
    stage.weigh("w0", 7)
    assert await stage.bench.verify() == []
    assert await stage.wear(INTRANET | {"ignore-weight-update": "ON", "default-weight": "30"}) == []
    assert stage.weights() == {"i-w0": 7, "i-w1": 100}
    for asked in ({"ignore-weight-update": "off"}, {}):
        await stage.wear(INTRANET | {"ignore-weight-update": "on"})
        stage.weigh("w0", 7)
        await stage.bench.verify()
        assert stage.weights()["i-w0"] == 7
        await stage.wear(INTRANET | asked)
        assert stage.weights() == {"i-w0": 100, "i-w1": 100}
    await stage.gone()
