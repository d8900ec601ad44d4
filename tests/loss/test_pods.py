"""Pods come and go while requests do: none is lost."""

import pytest
from tests.loss.modes import MODES, NOT_CLUSTER
from tests.loss.site import DEPLOYMENTS, NODES

from yunqiao.controllers.services.gates import gate_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("mode", MODES)
async def test_a_rolling_update_loses_no_request(place, mode):
    name = f"rolls-{mode}"
    async with place.load(name, mode, pod={"min_ready": 1}) as load:
        place.roll(name)
        await place.available(name, 3)
        await place.settled(name, mode)
    assert place.lost(load) == []
    assert len(load.pods) == 6


@pytest.mark.parametrize("mode", NOT_CLUSTER)
async def test_a_rollout_waits_for_each_pod_to_be_healthy_at_the_balancer_where_pods_have_the_gate(place, mode):
    name = f"gated-{mode}"
    gate = gate_of(name)
    async with place.load(name, mode, pod={"surge": 0, "gates": (gate,)}) as load, place.watched(name) as history:
        place.roll(name)
        await place.available(name, 3)
        await place.settled(name, mode)
        told = [one for pod in place.pods(name) for one in pod["status"]["conditions"] if one["type"] == gate]
    assert [one["status"] for one in told] == ["True"] * 3
    assert min(len(look.healthy) for look in history) >= 2
    assert place.lost(load) == []


@pytest.mark.parametrize("mode", NOT_CLUSTER)
async def test_a_rolling_update_without_surge_behind_an_http_listener_loses_no_request(place, mode):
    name = f"rolls-http-{mode}"
    pod = {"min_ready": 1, "surge": 0}
    async with place.load(name, mode, annotations={"protocol-port": "http:8080"}, pod=pod) as load:
        place.roll(name)
        await place.available(name, 3)
        await place.settled(name, mode)
        new = {pod["metadata"]["name"] for pod in place.pods(name)}
    assert place.lost(load) == []
    assert new & set(load.pods)


@pytest.mark.parametrize("mode", MODES)
async def test_scaling_down_and_up_loses_no_request(place, mode):
    name = f"scales-{mode}"
    async with place.load(name, mode, 4) as load:
        for replicas in (1, 4):
            place.patch(DEPLOYMENTS, name, spec={"replicas": replicas})
            await place.available(name, replicas)
            await place.settled(name, mode)
    assert place.lost(load) == []


@pytest.mark.parametrize("mode", NOT_CLUSTER)
async def test_what_terminates_and_still_serves_gets_weight_0_and_is_removed_when_it_is_gone(place, mode):
    name = f"drains-{mode}"
    async with place.load(name, mode) as load, place.watched(name) as history:
        place.patch(DEPLOYMENTS, name, spec={"replicas": 2})
        await place.until("a pod is told to go", lambda: len(place.pods(name)) == 2)
        await place.available(name, 2)
        await place.settled(name, mode)
    assert [sorted(look.weights.values()) for look in history] == [
        [mode.weight] * 3, [0, mode.weight, mode.weight], [mode.weight] * 2,
    ]  # fmt: skip
    assert place.lost(load) == []


@pytest.mark.parametrize("mode", NOT_CLUSTER)
async def test_the_only_pod_keeps_its_share_until_its_successor_is_healthy(place, mode):
    """The cloud sends nothing to a new server before its probes have passed."""
    name = f"succeeds-{mode}"
    async with place.load(name, mode, 1, pod={"grace": 5, "pre_stop": 4}) as load:
        old = set(place.backends(name))
        (node,) = place.nodes_of(name)
        place.patch(NODES, node, spec={"unschedulable": True})
        async with place.watched(name) as history:
            place.roll(name)
            await place.available(name, 1)
            await place.settled(name, mode)
        place.patch(NODES, node, spec={"unschedulable": None})
    handed_over = next(look for look in history if not any(look.weights.get(one) for one in old))
    assert handed_over.healthy - old
    assert place.lost(load) == []
