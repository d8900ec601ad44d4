"""Pods come and go while requests do: none is lost."""

import asyncio

import pytest
from tests.loss.modes import MODES, NOT_CLUSTER
from tests.loss.site import DEPLOYMENTS, LOCAL

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


@pytest.mark.parametrize("mode", MODES)
async def test_a_rolling_update_behind_an_http_listener_loses_no_request(place, mode):
    name = f"rolls-http-{mode}"
    async with place.load(name, mode, annotations={"protocol-port": "http:8080"}, pod={"min_ready": 1}) as load:
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


@pytest.mark.xfail(reason="what terminates is removed at once", strict=True)
@pytest.mark.parametrize("mode", NOT_CLUSTER)
async def test_what_terminates_and_still_serves_gets_weight_0_and_is_removed_when_it_is_gone(place, mode):
    name = f"drains-{mode}"
    async with place.load(name, mode) as load:
        watching = asyncio.create_task(place.history(name))
        place.patch(DEPLOYMENTS, name, spec={"replicas": 2})
        await place.until("a pod is told to go", lambda: len(place.pods(name)) == 2)
        await place.available(name, 2)
        await place.settled(name, mode)
    watching.cancel()
    first, between, last = (list(each.values()) for each in watching.result())
    weight = 1 if mode is LOCAL else 100
    assert (first, sorted(between), last) == ([weight] * 3, [0, weight, weight], [weight] * 2)
    assert place.lost(load) == []
