import asyncio
from dataclasses import replace

import pytest

from yunsim.dataplane.engine import Backend, HealthCheck
from yunsim.dataplane.health import Health, HealthChecks
from yunsim.dataplane.loopback import key_of

CHECK = HealthCheck(healthy_threshold=3, unhealthy_threshold=2)


def history(health, probes):
    """The state after each probe: "+" passed, "-" failed."""
    states = []
    for probe in probes:
        health.record(probe == "+")
        states.append(health.state)
    return states


@pytest.mark.parametrize(
    ("probes", "states"),
    [
        ("+", ["normal"]),
        ("-+", ["unavailable", "normal"]),
        ("--", ["unavailable", "abnormal"]),
        ("+-+-+", ["normal"] * 5),
        ("+--", ["normal", "normal", "abnormal"]),
        ("--+++", ["unavailable", "abnormal", "abnormal", "abnormal", "normal"]),
        ("--++-+++", ["unavailable"] + ["abnormal"] * 6 + ["normal"]),
    ],
)
def test_thresholds_decide_after_the_first_success(probes, states):
    assert history(Health(CHECK), probes) == states


@pytest.mark.parametrize(
    ("probes", "states"),
    [
        ("+++", ["unavailable", "unavailable", "normal"]),
        ("++-+++", ["unavailable"] * 5 + ["normal"]),
        ("-+-", ["unavailable"] * 3),
    ],
)
def test_where_checks_are_patient_a_fresh_backend_proves_itself_first(probes, states):
    assert history(Health(CHECK, patient=True), probes) == states


async def test_a_backend_whose_check_gets_other_settings_keeps_its_state(rig):
    server = await rig.server()
    listener = rig.listener([server.backend()])
    await rig.apply(listener)
    await rig.health(listener, "b0", "normal")
    changed = replace(
        listener, health_check=replace(listener.health_check, interval=listener.health_check.interval + 40)
    )
    await rig.apply(changed)
    assert rig.engine.health()[key_of(changed)]["b0"] == "normal"


def test_without_a_check_everything_is_accepted_and_nothing_known():
    health = Health(HealthCheck(kind="off"))
    assert (health.accepts, health.state, health.pending) == (True, "unavailable", False)


async def test_a_dead_backend_leaves_and_a_revived_one_returns(rig):
    first, second = await rig.server(), await rig.server()
    listener = rig.listener([first.backend(), second.backend()])
    await rig.apply(listener)
    assert {await rig.ask(listener) for _ in range(4)} == {"b0", "b1"}
    await first.stop()
    await rig.health(listener, "b0", "abnormal")
    assert {await rig.ask(listener) for _ in range(4)} == {"b1"}
    await first.start()
    await rig.health(listener, "b0", "normal")
    assert {await rig.ask(listener) for _ in range(4)} == {"b0", "b1"}


async def test_clients_are_reset_while_every_backend_is_unhealthy(rig):
    server = await rig.server()
    await server.stop()
    listener = rig.listener([server.backend()])
    await rig.apply(listener)
    await rig.health(listener, "b0", "abnormal")
    assert await rig.ask(listener) == ""


async def test_a_listener_without_check_reports_what_the_api_reports(rig):
    listener = rig.listener([(await rig.server()).backend()], health_check=HealthCheck(kind="off"))
    await rig.engine.apply([listener])
    assert rig.engine.health() == {key_of(listener): {"b0": "unavailable"}}
    assert await rig.ask(listener) == "b0"


async def test_listeners_with_the_same_backend_and_settings_share_one_probe(rig):
    server = await rig.server()
    twice = [rig.listener([server.backend()], load_balancer_id=name) for name in ("lb-1", "lb-2")]
    await rig.apply(*twice)
    assert len(rig.engine._checks._tasks) == 1
    await rig.apply(twice[0])
    assert rig.engine.health() == {key_of(twice[0]): {"b0": "normal"}}
    await rig.apply()
    assert rig.engine._checks._tasks == {}


async def test_the_check_port_replaces_the_backends_own(rig):
    checked = await rig.server()
    backend = Backend("b0", checked.address, 1, 100)
    checks = HealthChecks()
    listener = rig.listener([backend], health_check=HealthCheck(port=checked.port))
    checks.watch([listener])
    health = checks.of(backend, listener.health_check)
    await asyncio.wait_for(health.probed.wait(), 5)
    assert health.state == "normal"
    await checks.close()
