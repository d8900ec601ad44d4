"""The lives of all annotations of listeners: their values, what the cloud tells, and what traffic shows."""

from collections.abc import Mapping

from tests.annotations import sights
from tests.annotations.certificates import Pair
from tests.annotations.lives import STAYS, Life
from tests.annotations.places import CLIENT, PORT

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
FOR_10_SECONDS, FOR_20_SECONDS = (True, False, False), (True, True, False)
AS_LONG_AS_IT_LIKES, NOT_AT_ALL = (True, True, True), (False, False, False)
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
        sights.outlives(15, 25), ((False, False), (True, False), (True, True)), UNCHECKED,
    ),
    Life(
        "idle-timeout", ("3", "40"), "IdleTimeout", (3, 40, 15), LAYER_7, "0",
        sights.outlives(10, 25), ((False, False), (True, True), (True, False)),
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
        "proxy-protocol", ("on", "off"), "ProxyProtocolV2Enabled", (True, False, False), LAYER_4, "true",
        sights.introduced, ([CLIENT, PORT], None, None),
    ),
    Life(
        "connection-drain", ("on", "off"), "ConnectionDrain", ("on", "off", "off"), TCP, "true",
        sights.farewell, (FOR_10_SECONDS, AS_LONG_AS_IT_LIKES, AS_LONG_AS_IT_LIKES),
        without(DRAINING, "connection-drain"),
    ),
    Life(
        "connection-drain", ("on", "off"), "ConnectionDrain", ("on", "off", "off"), UDP, "true",
        sights.farewell, (FOR_10_SECONDS, NOT_AT_ALL, NOT_AT_ALL), without(DRAINING, "connection-drain"),
    ),
    Life(
        "connection-drain-timeout", ("10", "20"), "ConnectionDrainTimeout", (10, 20, STAYS), LAYER_4, "901",
        sights.farewell, (FOR_10_SECONDS, FOR_20_SECONDS), without(DRAINING, "connection-drain-timeout"),
    ),
    Life(
        "health-check-switch", ("off", "on"), "HealthCheckSwitch", ("off", "on", "on"), TCP, "true",
        sights.pace, (None, 2, 2), answered_as="HealthCheck",
    ),
    Life(
        "health-check-switch", ("off", "on"), "HealthCheckSwitch", ("off", "on", "on"), UDP, "true",
        sights.pace, (None, 5, 5), answered_as="HealthCheck",
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
        "health-check-connect-port", ("30099", "30080"), "HealthCheckConnectPort", (30099, 30080, -520),
        LAYER_4, "65536", sights.serving(status=503), ("", "w0,w1", "w0,w1"),
    ),
    Life(
        "health-check-connect-port", ("30099", "30080"), "HealthCheckConnectPort", (30099, 30080, -520),
        LAYER_7, "http", sights.serving(status=503), ("", "w0", "w0"), CHECKED,
    ),
    Life(
        "unhealthy-threshold", ("2", "5"), "UnhealthyThreshold", (2, 5, 3), LAYER_7, "11",
        sights.checks_to_fall, (2, 5, 3), CHECKED,
    ),
    Life(
        "unhealthy-threshold", ("2", "5"), "UnhealthyThreshold", (2, 5, 3), TCP, "11",
        sights.checks_to_fall, (2, 5, 3), BY_HTTP,
    ),
    Life(
        "unhealthy-threshold", ("2", "5"), "UnhealthyThreshold", (2, 5, 3), UDP, "11",
        sights.checks_to_fall, (2, 5, 3),
    ),
    Life(
        "healthy-threshold", ("2", "5"), "HealthyThreshold", (2, 5, 3), LAYER_7, "1",
        sights.checks_to_rise, (2, 5, 3), CHECKED,
    ),
    Life(
        "healthy-threshold", ("2", "5"), "HealthyThreshold", (2, 5, 3), TCP, "1",
        sights.checks_to_rise, (2, 5, 3), BY_HTTP,
    ),
    Life(
        "healthy-threshold", ("2", "5"), "HealthyThreshold", (2, 5, 3), UDP, "1",
        sights.checks_to_rise, (2, 5, 3),
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
        sights.answering_late, ("w0,w1", "w0", "w0,w1"),
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
        "xforwardedfor-proto", ("on", "off"), "XForwardedFor_proto", ("on", "off", "off"), ("http",), "http",
        sights.header("X-Forwarded-Proto"), ("http", None, None),
    ),
    Life(
        "xforwardedfor-proto", ("on", "off"), "XForwardedFor_proto", ("on", "off", "off"), HTTPS, "http",
        sights.header("X-Forwarded-Proto"), ("https", None, None),
    ),
    Life(
        "xforwardedfor-slbport", ("on", "off"), "XForwardedFor_SLBPORT", ("on", "off", "off"), LAYER_7, "8080",
        sights.header("X-Forwarded-Port"), (str(PORT), None, None),
    ),
    Life(
        "xforwardedfor-clientsrcport", ("on", "off"), "XForwardedFor_ClientSrcPort", ("on", "off", "off"), LAYER_7,
        "true", sights.client_port, (True, False, False),
    ),
    Life(
        "http2-enabled", ("off", "on"), "EnableHttp2", ("off", "on", "on"), HTTPS, "h2",
        sights.spoken(PAIR), (("http/1.1", 200, True), ("h2", 200, True), ("h2", 200, True)),
    ),
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
