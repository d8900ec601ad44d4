"""A Service's annotations and ports change while requests run: none is lost."""

import pytest
from tests.loss.load import Load
from tests.loss.modes import MODES
from tests.loss.site import SERVICES
from tests.loss.wishes import POD_PORT, PORT, PREFIX

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHANGES = [
    ("scheduler", "wrr", "Scheduler", "wrr"),
    ("scheduler", "wlc", "Scheduler", "wlc"),
    ("health-check-interval", "2", "HealthCheckInterval", 2),
    ("health-check-type", "http", "HealthCheckType", "http"),
    ("health-check-switch", "off", "HealthCheckSwitch", "off"),
    ("health-check-switch", "on", "HealthCheckSwitch", "on"),
    ("established-timeout", "60", "EstablishedTimeout", 60),
    ("persistence-timeout", "30", "PersistenceTimeout", 30),
    ("connection-drain", "on", "ConnectionDrain", "on"),
    ("default-weight", "50", "", ""),
]
"""Annotation and value, and the listener's setting and value that come of it."""


@pytest.mark.parametrize("mode", MODES)
async def test_annotations_that_change_cost_no_request(place, mode):
    name = f"noted-{mode}"
    async with place.load(name, mode) as load:
        for suffix, text, setting, value in CHANGES:
            more = {PREFIX + "connection-drain-timeout": "30"} if suffix == "connection-drain" else {}
            place.patch(SERVICES, name, metadata={"annotations": {PREFIX + suffix: text, **more}})
            await place.until(
                f"{setting} is {value}",
                lambda want=(setting, value): want in place.listener(name).items() or not want[0],
            )
    assert place.lost(load) == []


@pytest.mark.parametrize("mode", MODES)
async def test_a_port_that_is_added_and_removed_costs_no_request_to_the_other(place, mode):
    name, other = f"ports-{mode}", PORT + 1
    web = {"name": "web", "port": PORT, "targetPort": POD_PORT}
    async with place.load(name, mode) as load:
        node_port = place.service(name)["spec"]["ports"][0]["nodePort"]
        both = [{**web, "nodePort": node_port}, {"name": "other", "port": other, "targetPort": POD_PORT}]
        place.patch(SERVICES, name, spec={"ports": both})
        await place.until("the other port listens", lambda: place.listener(name, other))
        await place.answers(load.address, other)
        async with Load(load.address, other) as also:
            place.patch(SERVICES, name, metadata={"annotations": {PREFIX + "scheduler": "wrr"}})
            await place.until("both are wrr", lambda: place.listener(name, other).get("Scheduler") == "wrr")
        assert not also.failures
        place.patch(SERVICES, name, spec={"ports": both[:1]})
        await place.until("the other port is gone", lambda: not place.listener(name, other))
        await place.settled(name, mode)
    assert place.lost(load) == []


@pytest.mark.parametrize("mode", MODES[:2])
async def test_another_traffic_policy_costs_no_request(place, mode):
    """Every worker has a pod, so that no node is without one in between."""
    name = f"policy-{mode}"
    async with place.load(name, mode) as load:
        other = MODES[1 - MODES.index(next(one for one in MODES if one.values[0] is mode))].values[0]
        place.patch(SERVICES, name, spec={"externalTrafficPolicy": other.policy})
        await place.until("weights follow", lambda: set(place.backends(name).values()) == {other.weight})
    assert place.lost(load) == []


INTERRUPTION = 2.0
"""Seconds that a port may be without a listener: three calls (delete, create, start) and what lies between."""


@pytest.mark.parametrize("mode", MODES[:1])
async def test_another_protocol_interrupts_the_port_for_three_calls_only(place, mode):
    """A port has one listener, which cannot change its protocol: it is made anew, and nothing else is touched."""
    name = f"protocol-{mode}"
    async with place.load(name, mode) as load:
        since = place.cloud.cloud.journal.last
        place.patch(SERVICES, name, metadata={"annotations": {PREFIX + "protocol-port": f"http:{PORT}"}})
        await place.until("the listener speaks http", lambda: place.listener(name).get("protocol") == "http")
    between = [one.at for one in load.failures]
    assert max(between) - min(between) < INTERRUPTION
    assert place.writes(name, since) == [
        "DeleteLoadBalancerListener", "CreateLoadBalancerHTTPListener", "StartLoadBalancerListener",
    ]  # fmt: skip
