"""Every annotation of listeners: sent, answered, felt; changed; taken away; and what nobody asked for is left alone."""

import pytest
from tests.annotations.listener_lives import CERTIFICATE, HOME, LIVES, OFFICE, PAIR, RENEWED, RENEWED_PAIR, without
from tests.annotations.lives import Life, sent, spelled
from tests.annotations.places import CLIENT, OTHER_CLIENT, PORT
from tests.annotations.stage import Stage
from tests.annotations.wishes import port

from yunqiao.options.declare import PREFIXES

NEEDED = ("cert-id",)
"""What no listener is made without."""
CASES = [pytest.param(life, protocol, id=f"{life}-{protocol}") for life in LIVES for protocol in life.protocols]
RESTORED = [case for case in CASES if not case.values[0].stays]
STAYING = [case for case in CASES if case.values[0].stays]


def base(life: Life, protocol: str) -> dict[str, str]:
    """What is asked for beside the annotation itself."""
    asked = {"address-type": "intranet", "acl-id": OFFICE, **life.beside}
    if protocol in ("http", "https"):
        asked["protocol-port"] = f"{protocol}:{PORT}"
    if protocol == "https":
        asked["cert-id"] = CERTIFICATE
    return without(asked, life.suffix)


def prepare(stage: Stage, protocol: str) -> None:
    """A Service of that protocol whose backends differ by their pods, what annotations may name, whom clients trust."""
    stage.ask(port("UDP" if protocol == "udp" else "TCP"), external_traffic_policy="Local")
    stage.pods(w0=3, w1=1)
    stage.keep(PAIR, CERTIFICATE)
    stage.keep(RENEWED_PAIR, RENEWED)
    stage.admit(OFFICE, f"{CLIENT}/32")
    stage.admit(HOME, f"{OTHER_CLIENT}/32")
    stage.trusted = PAIR.trusted()


async def shown(stage: Stage, life: Life, protocol: str, chapter: int) -> None:
    """The cloud answers what is due in this chapter, and the traffic shows it."""
    assert life.answer(stage.listener(protocol)) == life.answers[chapter]
    assert await life.sight(stage, protocol) == life.sights[chapter]


@pytest.mark.parametrize(("life", "protocol"), CASES)
async def test_it_is_sent_answered_and_felt(stage: Stage, life: Life, protocol: str) -> None:
    prepare(stage, protocol)
    writes = await stage.wear(base(life, protocol) | {life.suffix: life.values[0]})
    (made,) = [call for call in writes if call.action == f"CreateLoadBalancer{protocol.upper()}Listener"]
    assert sent(life.parameter, made.params) == spelled(life.answers[0])
    assert stage.warnings() == []
    await shown(stage, life, protocol, 0)


@pytest.mark.parametrize(("life", "protocol"), CASES)
async def test_another_value_is_followed_in_place(stage: Stage, life: Life, protocol: str) -> None:
    prepare(stage, protocol)
    await stage.wear(base(life, protocol) | {life.suffix: life.values[0]})
    (change,) = await stage.wear(base(life, protocol) | {life.suffix: life.values[1]})
    assert change.action == f"SetLoadBalancer{protocol.upper()}ListenerAttribute"
    assert sent(life.parameter, change.params) == spelled(life.answers[1])
    await shown(stage, life, protocol, 1)


@pytest.mark.parametrize("restarted", [False, True], ids=["", "restarted"])
@pytest.mark.parametrize(("life", "protocol"), RESTORED)
async def test_taken_away_it_goes_back_to_the_default(stage: Stage, life: Life, protocol: str, restarted: bool) -> None:
    prepare(stage, protocol)
    await stage.wear(base(life, protocol) | {life.suffix: life.values[0]})
    if restarted:
        stage.bench.restart()
    (change,) = await stage.wear(base(life, protocol))
    assert change.action == f"SetLoadBalancer{protocol.upper()}ListenerAttribute"
    assert life.answer(stage.listener(protocol)) == life.answers[2]
    if not restarted:
        await shown(stage, life, protocol, 2)
    assert await stage.bench.verify() == []
    set_by_hand(stage, life, protocol)
    assert await stage.bench.verify() == [], "from now on it is nobody's"


@pytest.mark.parametrize(("life", "protocol"), STAYING)
async def test_taken_away_without_a_default_it_stays(stage: Stage, life: Life, protocol: str) -> None:
    prepare(stage, protocol)
    await stage.wear(base(life, protocol) | {life.suffix: life.values[0]})
    assert await stage.wear(base(life, protocol)) == []
    await shown(stage, life, protocol, 0)


@pytest.mark.parametrize(("life", "protocol"), [case for case in CASES if case.values[0].suffix not in NEEDED])
async def test_what_nobody_asked_for_is_left_as_somebody_set_it(stage: Stage, life: Life, protocol: str) -> None:
    prepare(stage, protocol)
    asked = without(base(life, protocol), *life.beside)
    await stage.wear(asked)
    set_by_hand(stage, life, protocol)
    assert await stage.bench.verify() == []
    other = "scheduler" if life.suffix != "scheduler" else "unhealthy-threshold"
    (change,) = await stage.wear(asked | {other: {"scheduler": "wrr", "unhealthy-threshold": "7"}[other]})
    assert change.action == f"SetLoadBalancer{protocol.upper()}ListenerAttribute"
    assert life.answer(stage.listener(protocol)) == life.answers[0]


def set_by_hand(stage: Stage, life: Life, protocol: str) -> None:
    """Somebody gives the listener the first value, and what the cloud wants to be told with it."""
    parameters = {one.suffix: one.parameter for one in LIVES if protocol in one.protocols}
    beside = {parameters[suffix]: value for suffix, value in life.beside.items() if suffix in parameters}
    given = beside | {life.parameter: spelled(life.answers[0])}
    stage.by_hand(f"SetLoadBalancer{protocol.upper()}ListenerAttribute", ListenerPort=PORT, **given)


@pytest.mark.parametrize(("life", "protocol"), [*CASES])
async def test_a_bad_value_changes_nothing_that_runs_and_is_told(stage: Stage, life: Life, protocol: str) -> None:
    prepare(stage, protocol)
    await stage.wear(base(life, protocol) | {life.suffix: life.values[0]})
    before = stage.listener(protocol)
    assert await stage.wear(base(life, protocol) | {life.suffix: life.bad}) == []
    assert stage.listener(protocol) == before
    stage.warned_of(life.suffix, life.bad)
    await stage.gone()


@pytest.mark.parametrize(("life", "protocol"), CASES)
async def test_the_legacy_prefix_is_followed_until_the_current_one_is_there(
    stage: Stage, life: Life, protocol: str
) -> None:
    prepare(stage, protocol)
    legacy = {f"{PREFIXES[1]}{life.suffix}": life.values[0]}
    await stage.wear(base(life, protocol) | legacy)
    assert life.answer(stage.listener(protocol)) == life.answers[0]
    await stage.wear(base(life, protocol) | legacy | {life.suffix: life.values[1]})
    assert life.answer(stage.listener(protocol)) == life.answers[1]
    await stage.wear(base(life, protocol) | legacy)
    assert life.answer(stage.listener(protocol)) == life.answers[0]
