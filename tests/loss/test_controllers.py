"""Controllers end, in good order or not, while pods are replaced: no request is lost.

While nobody leads, nothing changes at the balancer: pods that terminate must serve for longer than that, as
terminationGracePeriodSeconds (30) against the 15 seconds of a real lease. In Cluster mode pods are none of a
controller's business.
"""

import asyncio
import signal

import pytest
from tests.loss.modes import MODES
from tests.loss.wishes import CLUSTER, ENI, LOCAL

pytestmark = pytest.mark.asyncio(loop_scope="module")

ELECTION = (
    "--leader-elect=true",
    "--leader-elect-lease-duration=3s",
    "--leader-elect-renew-deadline=2s",
    "--leader-elect-retry-period=1s",
)


@pytest.mark.parametrize(
    ("mode", "number"),
    [(mode, number) for mode in (CLUSTER, LOCAL, ENI) for number in (signal.SIGTERM, signal.SIGKILL)],
    ids=lambda one: one.name.lower() if isinstance(one, signal.Signals) else str(one),
)
async def test_a_controller_that_restarts_during_a_rollout_costs_no_request(bare_place, mode, number):
    name = f"restarted-{mode}-{number.name.lower()}"
    controller = await bare_place.begin()
    async with bare_place.load(name, mode, pod={"grace": 6, "pre_stop": 5}) as load:
        bare_place.roll(name)
        await asyncio.sleep(0.1)
        controller.process.send_signal(number)
        await controller.process.wait()
        controller = await bare_place.begin()
        await bare_place.available(name, 3)
        await bare_place.settled(name, mode)
    await bare_place.end(controller)
    assert bare_place.lost(load) == []


@pytest.mark.parametrize("mode", MODES)
async def test_another_leader_takes_over_during_a_rollout_without_loss(bare_place, mode):
    name = f"led-{mode}"
    first = await bare_place.begin(*ELECTION)
    await bare_place.logs(first, "leading as")
    second = await bare_place.begin(*ELECTION)
    await bare_place.logs(second, "waiting to lead as")
    async with bare_place.load(name, mode, pod={"grace": 7, "pre_stop": 6}) as load:
        bare_place.roll(name)
        await asyncio.sleep(0.1)
        await bare_place.kill(first)
        await bare_place.logs(second, "leading as")
        await bare_place.available(name, 3)
        await bare_place.settled(name, mode)
    await bare_place.end(second)
    assert bare_place.lost(load) == []
