"""Every annotation of listeners: sent, answered, felt; changed; taken away; and what nobody asked for is left alone."""

from collections.abc import Mapping
from typing import Any

import pytest
from tests.annotations import sights
from tests.annotations.lives import STAYS, Life, sent, spelled
from tests.annotations.stage import CLIENT, OTHER_CLIENT, PORT, Pair, Stage, port

from yunqiao.options.declare import PREFIXES

TCP, UDP, LAYER_4 = ("tcp",), ("udp",), ("tcp", "udp")
LAYER_7, HTTPS = ("http", "https"), ("https",)
ALL = ("tcp", "udp", "http", "https")
OFFICE, HOME = "acl-office", "acl-home"
CERTIFICATE, RENEWED = "cert-shop", "cert-renewed"
PAIR, RENEWED_PAIR = Pair.made("shop.example"), Pair.made("shop.example")

CHECKED = {"health-check-flag": "on"}
UNCHECKED = {"health-check-switch": "off"}
BY_HTTP = {"health-check-type": "http"}
STICKY = {"sticky-session": "on"}
BY_COOKIE = STICKY | {"sticky-session-type": "insert", "cookie-timeout": "60"}
BY_SERVER = STICKY | {"sticky-session-type": "server", "cookie": "shop"}
DRAINING = {"connection-drain": "on", "connection-drain-timeout": "10"}
WALLED = {"acl-status": "on", "acl-type": "white", "acl-id": OFFICE}


def without(beside: Mapping[str, str], *suffixes: str) -> dict[str, str]:
    return {suffix: value for suffix, value in beside.items() if suffix not in suffixes}


LIVES = [
    Life(
        "scheduler", ("wrr", "wlc"), "Scheduler", ("wrr", "wlc", "rr"), ALL, "fastest",
        sights.spread, ((6, 2, False), (6, 2, True), (4, 4, False)),
    ),
    Life(
        "persistence-timeout", ("60", "3600"), "PersistenceTimeout", (60, 3600, 0), TCP, "3601",
        sights.faithful, ((True, False), (True, True), (False, False)), UNCHECKED,
    ),
    Life(
        "established-timeout", ("10", "20"), "EstablishedTimeout", (10, 20, 900), TCP, "9",
        sights.tcp_silence, ((False, False), (True, False), (True, True)), UNCHECKED,
    ),
    Life(
        "idle-timeout", ("3", "40"), "IdleTimeout", (3, 40, 15), LAYER_7, "0",
        sights.http_silence, ((False, False), (True, True), (True, False)),
    ),
    Life(
        "request-timeout", ("5", "30"), "RequestTimeout", (5, 30, 60), LAYER_7, "181",
        sights.patience, ((504, 504), (200, 504), (200, 200)),
    ),
    Life(
        "acl-status", ("on", "off"), "AclStatus", ("on", "off", "off"), ALL, "yes",
        sights.admitted, ((True, False), (True, True), (True, True)), without(WALLED, "acl-status"),
    ),
    Life(
        "acl-type", ("white", "black"), "AclType", ("white", "black", STAYS), ALL, "grey",
        sights.admitted, ((True, False), (False, True)), without(WALLED, "acl-type"),
    ),
    Life(
        "acl-id", (OFFICE, HOME), "AclId", (OFFICE, HOME, STAYS), ALL, "acl-office,,acl-home",
        sights.admitted, ((True, False), (False, True)), without(WALLED, "acl-id"),
    ),
    Life(
        "proxy-protocol", ("on", "off"), "ProxyProtocolV2Enabled", (True, False, False), TCP, "true",
        sights.introduced, ([CLIENT, PORT], None, None),
    ),
    Life(
        "proxy-protocol", ("on", "off"), "ProxyProtocolV2Enabled", (True, False, False), UDP, "true",
        sights.introduced_by_datagram, ([CLIENT, PORT], None, None),
    ),
    Life(
        "connection-drain", ("on", "off"), "ConnectionDrain", ("on", "off", "off"), LAYER_4, "true",
        sights.farewell, ((False, False), (True, True), (True, True)), without(DRAINING, "connection-drain"),
    ),
    Life(
        "connection-drain-timeout", ("10", "20"), "ConnectionDrainTimeout", (10, 20, STAYS), LAYER_4, "901",
        sights.farewell, ((False, False), (True, False)), without(DRAINING, "connection-drain-timeout"),
    ),
    Life(
        "health-check-switch", ("off", "on"), "HealthCheckSwitch", ("off", "on", "on"), LAYER_4, "true",
        sights.pace, (None, 2, 2), answered_as="HealthCheck",
    ),
    Life(
        "health-check-flag", ("on", "off"), "HealthCheck", ("on", "off", "off"), LAYER_7, "yes",
        sights.pace, (2, None, None),
    ),
    Life(
        "health-check-type", ("http", "tcp"), "HealthCheckType", ("http", "tcp", "tcp"), TCP, "https",
        sights.serving(status=503), ("w0", "w0,w1", "w0,w1"),
    ),
    Life(
        "health-check-uri", ("/ready", "/live"), "HealthCheckURI", ("/ready", "/live", "/"), TCP, "/" + 80 * "x",
        sights.probed, ("HEAD /ready itself", "HEAD /live itself", "HEAD / itself"), BY_HTTP,
    ),
    Life(
        "health-check-uri", ("/ready", "/live"), "HealthCheckURI", ("/ready", "/live", "/"), LAYER_7, "/" + 80 * "x",
        sights.probed, ("HEAD /ready itself", "HEAD /live itself", "HEAD / itself"), CHECKED,
    ),
    Life(
        "health-check-domain", ("shop.example", "cart.example"), "HealthCheckDomain",
        ("shop.example", "cart.example", "$_ip"), TCP, 81 * "x",
        sights.probed, ("HEAD / shop.example", "HEAD / cart.example", "HEAD / itself"), BY_HTTP,
    ),
    Life(
        "health-check-domain", ("shop.example", "cart.example"), "HealthCheckDomain",
        ("shop.example", "cart.example", "$_ip"), LAYER_7, 81 * "x",
        sights.probed, ("HEAD / shop.example", "HEAD / cart.example", "HEAD / itself"), CHECKED,
    ),
    Life(
        "health-check-httpcode", ("http_5xx", "http_2xx,http_5xx"), "HealthCheckHttpCode",
        ("http_5xx", "http_2xx,http_5xx", "http_2xx"), TCP, 81 * "x",
        sights.serving(status=503), ("w1", "w0,w1", "w0"), BY_HTTP,
    ),
    Life(
        "health-check-httpcode", ("http_5xx", "http_2xx,http_5xx"), "HealthCheckHttpCode",
        ("http_5xx", "http_2xx,http_5xx", "http_2xx"), LAYER_7, 81 * "x",
        sights.serving(status=503), ("w1", "w0,w1", "w0"), CHECKED,
    ),
    Life(
        "health-check-method", ("get", "head"), "HealthCheckMethod", ("get", "head", "head"), LAYER_7, "post",
        sights.probed, ("GET / itself", "HEAD / itself", "HEAD / itself"), CHECKED,
    ),
    Life(
        "health-check-connect-port", ("30099", "30080"), "HealthCheckConnectPort", (30099, 30080, None), TCP, "65536",
        sights.serving(), ("", "w0,w1", "w0,w1"),
    ),
    Life(
        "health-check-connect-port", ("30099", "30080"), "HealthCheckConnectPort", (30099, 30080, None),
        ("http", "https", "udp"), "http", sights.serving(status=503), ("", "w0", "w0"), CHECKED,
    ),
    Life(
        "unhealthy-threshold", ("2", "5"), "UnhealthyThreshold", (2, 5, 3), ("http", "https", "tcp", "udp"), "11",
        sights.checks_to_fall, (2, 5, 3), CHECKED,
    ),
    Life(
        "healthy-threshold", ("2", "5"), "HealthyThreshold", (2, 5, 3), ("http", "https", "tcp", "udp"), "1",
        sights.checks_to_rise, (2, 5, 3), CHECKED,
    ),
    Life(
        "health-check-interval", ("9", "30"), "HealthCheckInterval", (9, 30, 2), TCP, "51", sights.pace, (9, 30, 2),
    ),
    Life(
        "health-check-interval", ("9", "30"), "HealthCheckInterval", (9, 30, 5), UDP, "51", sights.pace, (9, 30, 5),
    ),
    Life(
        "health-check-interval", ("9", "30"), "HealthCheckInterval", (9, 30, 2), LAYER_7, "51",
        sights.pace, (9, 30, 2), CHECKED,
    ),
    Life(
        "health-check-connect-timeout", ("10", "3"), "HealthCheckConnectTimeout", (10, 3, 5), TCP, "0",
        sights.serving(delay=8), ("w0,w1", "w0", "w0"), BY_HTTP,
    ),
    Life(
        "health-check-connect-timeout", ("12", "3"), "HealthCheckConnectTimeout", (12, 3, 10), UDP, "301",
    ),
    Life(
        "health-check-timeout", ("10", "3"), "HealthCheckTimeout", (10, 3, 5), LAYER_7, "0",
        sights.serving(delay=8), ("w0,w1", "w0", "w0"), CHECKED,
    ),
    Life(
        "sticky-session", ("on", "off"), "StickySession", ("on", "off", "off"), LAYER_7, "yes",
        sights.stickiness, ("SERVERID", "none", "none"), without(BY_COOKIE, "sticky-session"),
    ),
    Life(
        "sticky-session-type", ("insert", "server"), "StickySessionType", ("insert", "server", STAYS), LAYER_7, "both",
        sights.stickiness, ("SERVERID", "shop"), without(BY_COOKIE | BY_SERVER, "sticky-session-type"),
    ),
    Life(
        "cookie", ("shop", "cart"), "Cookie", ("shop", "cart", STAYS), LAYER_7, 201 * "x",
        sights.stickiness, ("shop", "cart"), without(BY_SERVER, "cookie"),
    ),
    Life(
        "cookie-timeout", ("60", "7"), "CookieTimeout", (60, 7, STAYS), LAYER_7, "86401",
        sights.cookie_life, ("60", "7"), without(BY_COOKIE, "cookie-timeout"),
    ),
    Life(
        "xforwardedfor-proto", ("on", "off"), "XForwardedFor_proto", ("on", "off", "off"), LAYER_7, "http",
        sights.header("X-Forwarded-Proto"), ("http", None, None),
    ),
    Life(
        "xforwardedfor-slbport", ("on", "off"), "XForwardedFor_SLBPORT", ("on", "off", "off"), LAYER_7, "8080",
        sights.header("X-Forwarded-Port"), (str(PORT), None, None),
    ),
    Life(
        "xforwardedfor-clientsrcport", ("on", "off"), "XForwardedFor_ClientSrcPort", ("on", "off", "off"), LAYER_7,
        "true", sights.client_port, (True, False, False),
    ),
    Life("http2-enabled", ("off", "on"), "EnableHttp2", ("off", "on", "on"), HTTPS, "h2"),
    Life(
        "tls-cipher-policy", ("tls_cipher_policy_1_2", "tls_cipher_policy_1_2_strict_with_1_3"), "TLSCipherPolicy",
        ("tls_cipher_policy_1_2", "tls_cipher_policy_1_2_strict_with_1_3", "tls_cipher_policy_1_0"), HTTPS, 65 * "x",
        sights.handshakes(PAIR), ((False, True, False), (False, False, True), (True, True, False)),
    ),
    Life(
        "cert-id", (CERTIFICATE, RENEWED), "ServerCertificateId", (CERTIFICATE, RENEWED, STAYS), HTTPS, 257 * "x",
        sights.shown_certificate(PAIR, RENEWED_PAIR), (0, 1),
    ),
]  # fmt: skip


NEEDED = ("cert-id",)
"""What no listener is made without."""
CASES = [pytest.param(life, protocol, id=f"{life}-{protocol}") for life in LIVES for protocol in life.protocols]
RESTORED = [case for case in CASES if not case.values[0].stays]
STAYING = [case for case in CASES if case.values[0].stays]


def unless_needed(case: Any) -> Any:
    """The same case; one that no listener is made without is expected to fail."""
    reason = "a bad value of what a listener needs is told as a missing one yet"
    marks = [pytest.mark.xfail(strict=True, reason=reason)] if case.values[0].suffix in NEEDED else []
    return pytest.param(*case.values, id=case.id, marks=marks)


def unless_own_port(case: Any) -> Any:
    """The same case; the cloud has no word yet for the port that is checked where none is named."""
    reason = "-520, the word for the backend's own port, is refused"
    marks = [pytest.mark.xfail(strict=True, reason=reason)] if case.values[0].answers[2] is None else []
    return pytest.param(*case.values, id=case.id, marks=marks)


def base(life: Life, protocol: str) -> dict[str, str]:
    """What is asked for beside the annotation itself."""
    asked = {"address-type": "intranet", "acl-id": OFFICE, **life.beside}
    if protocol in ("http", "https"):
        asked["protocol-port"] = f"{protocol}:{PORT}"
    if protocol == "https":
        asked["cert-id"] = CERTIFICATE
    return without(asked, life.suffix)


def prepare(stage: Stage, protocol: str) -> None:
    """A Service of that protocol whose backends differ by their pods, and what annotations may name."""
    stage.ask(port("UDP" if protocol == "udp" else "TCP"), external_traffic_policy="Local")
    stage.pods(w0=3, w1=1)
    stage.keep(PAIR, CERTIFICATE)
    stage.keep(RENEWED_PAIR, RENEWED)
    stage.admit(OFFICE, f"{CLIENT}/32")
    stage.admit(HOME, f"{OTHER_CLIENT}/32")


async def shown(stage: Stage, life: Life, protocol: str, chapter: int) -> None:
    """The cloud answers what is due in this chapter, and the traffic shows it."""
    assert life.answer(stage.listener(protocol)) == life.answers[chapter]
    if life.sight is not None and protocol == life.protocol:
        assert await life.sight(stage) == life.sights[chapter]


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
@pytest.mark.parametrize(("life", "protocol"), [*map(unless_own_port, RESTORED)])
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
    stage.do(
        f"SetLoadBalancer{protocol.upper()}ListenerAttribute",
        LoadBalancerId=stage.balancer["LoadBalancerId"], ListenerPort=PORT, **by_hand(life, protocol),
    )  # fmt: skip
    assert await stage.bench.verify() == []
    other = "scheduler" if life.suffix != "scheduler" else "unhealthy-threshold"
    (change,) = await stage.wear(asked | {other: {"scheduler": "wrr", "unhealthy-threshold": "7"}[other]})
    assert change.action == f"SetLoadBalancer{protocol.upper()}ListenerAttribute"
    assert life.answer(stage.listener(protocol)) == life.answers[0]


def by_hand(life: Life, protocol: str) -> dict[str, str]:
    """The setting, and what the cloud wants to be told with it."""
    parameters = {one.suffix: one.parameter for one in LIVES if protocol in one.protocols}
    beside = {parameters[suffix]: value for suffix, value in life.beside.items() if suffix in parameters}
    return beside | {life.parameter: spelled(life.answers[0])}


@pytest.mark.parametrize(("life", "protocol"), [*map(unless_needed, CASES)])
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
