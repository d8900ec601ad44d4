"""What the annotations of a Service may ask of its classic load balancer; each is declared here, once.

Meaning, values and parameters: the incumbent's annotations, so that no manifest has to change. What is not given is
not set, and what was never set is never touched.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from yunqiao.options.declare import Parsed, Problem, labels, one_of, option, parse, switch, text, whole

UNSUPPORTED = frozenset(
    [
        "id",
        "vgroup-port",
        "weight",
        "force-override-listeners",
        "protocol-port",
        "cert-id",
        "tls-cipher-policy",
        "http2-enabled",
        "domain-extensions",
        "forward-port",
        "idle-timeout",
        "request-timeout",
        "sticky-session",
        "sticky-session-type",
        "cookie",
        "cookie-timeout",
        "xforwardedfor-proto",
        "xforwardedfor-slbport",
        "xforwardedfor-clientsrcport",
        "health-check-flag",
        "health-check-method",
        "health-check-timeout",
        "acl-status",
        "acl-type",
        "acl-id",
        "network-type",
        "charge-type",
        "bandwidth",
        "instance-charge-type",
        "spec",
        "master-zoneid",
        "slave-zoneid",
        "ip-version",
        "ip",
        "resource-group-id",
        "additional-resource-tags",
        "external-ip-type",
        "hostname",
        "preserve-lb-on-delete",
        "backend-ip-version",
        "ignore-weight-update",
    ]
)
"""Annotations of the incumbent that are known and not followed yet."""

BACKEND_TYPE = "service.beta.kubernetes.io/backend-type"

SELECTING = frozenset({"backend-label", "remove-unscheduled-backend"})
"""Options that choose the backends: with a bad value of one of these, the backends stay as they are."""


@dataclass(frozen=True, slots=True)
class Options:
    """What one Service asks for; None is "not given"."""

    address_type: str | None = option(
        "address-type", one_of("internet", "intranet"), "Where it is reachable from. Default at creation: internet.",
        parameter="AddressType", scope="instance",
    )  # fmt: skip
    vswitch_id: str | None = option(
        "vswitch-id",
        text(),
        "The vSwitch of an intranet address; read at creation. Default: the cluster's.",
        scope="birth",
    )
    name: str | None = option(
        "name", text(80), "The balancer's name in the console.", parameter="LoadBalancerName", scope="instance"
    )
    delete_protection: str | None = option(
        "delete-protection", one_of("on", "off"), "Default at creation: on.",
        parameter="DeleteProtection", scope="instance",
    )  # fmt: skip
    modification_protection: str | None = option(
        "modification-protection", one_of("ConsoleProtection", "NonProtection"),
        "Default at creation: ConsoleProtection.", parameter="ModificationProtectionStatus", scope="instance",
    )  # fmt: skip
    scheduler: str | None = option(
        "scheduler", one_of("rr", "wrr", "wlc"), "How new connections are spread. Default at creation: rr.",
        parameter="Scheduler", scope="listener", protocols=("tcp",),
    )  # fmt: skip
    persistence_timeout: str | None = option(
        "persistence-timeout", whole(0, 3600), "Seconds for which a client stays with its backend; 0 is off.",
        parameter="PersistenceTimeout", scope="listener", protocols=("tcp",),
    )  # fmt: skip
    established_timeout: str | None = option(
        "established-timeout", whole(10, 900), "Seconds after which an idle connection ends.",
        parameter="EstablishedTimeout", scope="listener", protocols=("tcp",),
    )  # fmt: skip
    proxy_protocol: str | None = option(
        "proxy-protocol", switch(), "Send the PROXY protocol's version 2 header to backends.",
        parameter="ProxyProtocolV2Enabled", scope="listener", protocols=("tcp",),
    )  # fmt: skip
    connection_drain: str | None = option(
        "connection-drain", one_of("on", "off"), "End the connections of a removed backend after a while.",
        parameter="ConnectionDrain", scope="listener", protocols=("tcp",),
    )  # fmt: skip
    connection_drain_timeout: str | None = option(
        "connection-drain-timeout", whole(10, 900), "Seconds until then.",
        parameter="ConnectionDrainTimeout", scope="listener", protocols=("tcp",),
    )  # fmt: skip
    health_check_switch: str | None = option(
        "health-check-switch", one_of("on", "off"), "Whether backends are checked.",
        parameter="HealthCheckSwitch", scope="listener", protocols=("tcp",),
    )  # fmt: skip
    health_check_type: str | None = option(
        "health-check-type", one_of("tcp", "http"), "How backends are checked.",
        parameter="HealthCheckType", scope="listener", protocols=("tcp",),
    )  # fmt: skip
    health_check_uri: str | None = option(
        "health-check-uri", text(80), "The path of an HTTP check.",
        parameter="HealthCheckURI", scope="listener", protocols=("tcp",),
    )  # fmt: skip
    health_check_domain: str | None = option(
        "health-check-domain", text(80), "The Host header of an HTTP check.",
        parameter="HealthCheckDomain", scope="listener", protocols=("tcp",),
    )  # fmt: skip
    health_check_httpcode: str | None = option(
        "health-check-httpcode", text(), "The answers that count as healthy, such as http_2xx,http_3xx.",
        parameter="HealthCheckHttpCode", scope="listener", protocols=("tcp",),
    )  # fmt: skip
    health_check_connect_port: str | None = option(
        "health-check-connect-port", whole(1, 65535), "The port that is checked. Default: the backend's.",
        parameter="HealthCheckConnectPort", scope="listener", protocols=("tcp",),
    )  # fmt: skip
    healthy_threshold: str | None = option(
        "healthy-threshold", whole(2, 10), "Checks in a row that make a backend healthy.",
        parameter="HealthyThreshold", scope="listener", protocols=("tcp",),
    )  # fmt: skip
    unhealthy_threshold: str | None = option(
        "unhealthy-threshold", whole(2, 10), "Checks in a row that make a backend unhealthy.",
        parameter="UnhealthyThreshold", scope="listener", protocols=("tcp",),
    )  # fmt: skip
    health_check_interval: str | None = option(
        "health-check-interval", whole(1, 50), "Seconds between checks.",
        parameter="HealthCheckInterval", scope="listener", protocols=("tcp",),
    )  # fmt: skip
    health_check_connect_timeout: str | None = option(
        "health-check-connect-timeout", whole(1, 300), "Seconds after which a check has failed.",
        parameter="HealthCheckConnectTimeout", scope="listener", protocols=("tcp",),
    )  # fmt: skip
    default_weight: str | None = option(
        "default-weight", whole(0, 100), "The weight of each backend in Cluster mode. Default: 100.", scope="backend"
    )
    backend_label: tuple[tuple[str, str], ...] = option(
        "backend-label", labels(), "Only nodes with all these labels take traffic.", scope="backend", default=()
    )
    remove_unscheduled_backend: str | None = option(
        "remove-unscheduled-backend", one_of("on", "off"), "on: cordoned nodes take no traffic.", scope="backend"
    )


def options(annotations: Mapping[str, str]) -> Parsed[Options]:
    """Read a Service's annotations; every problem at once."""
    parsed = parse(Options(), annotations, UNSUPPORTED)
    if annotations.get(BACKEND_TYPE) == "eni":
        unsupported = Problem(BACKEND_TYPE, "backend-type", '"eni" is not supported yet; remove it', "everything")
        return replace(parsed, problems=(*parsed.problems, unsupported))
    return parsed
