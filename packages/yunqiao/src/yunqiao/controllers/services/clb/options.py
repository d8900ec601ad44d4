"""What the annotations of a Service may ask of its classic load balancer; each is declared here, once.

Meaning, values and parameters: the incumbent's annotations, so that no manifest has to change. What is not given is
not set, and what was never set is never touched.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from yunqiao.controllers.services.identity import CLUSTER_TAG, OWNER_TAG
from yunqiao.options.declare import (
    Parsed,
    declared,
    domain_certificates,
    group_ports,
    http_codes,
    ids,
    ip_address,
    labels,
    one_of,
    option,
    parse,
    path,
    port_pairs,
    protocol_ports,
    switch,
    tags,
    text,
    whole,
)

BACKEND_TYPE = "service.beta.kubernetes.io/backend-type"
"""eni: pods take traffic by their own network interfaces; anything else: nodes do. Default: the cluster's setting."""

SELECTING = frozenset({
    "backend-label", "remove-unscheduled-backend", "default-weight", "weight", "backend-ip-version",
    "ignore-weight-update",
})  # fmt: skip
"""Options that choose the backends: with a bad value of one of these, the backends stay as they are."""


TCP, HTTPS = ("tcp",), ("https",)
LAYER_4, LAYER_7 = ("tcp", "udp"), ("http", "https")
ALL = (*LAYER_4, *LAYER_7)
HTTP_CHECKED = ("tcp", "http", "https")
"""The listener protocols that an option applies to."""


@dataclass(frozen=True, slots=True)
class Options:
    """What one Service asks for; None is "not given"."""

    address_type: str | None = option(
        "address-type", one_of("internet", "intranet"),
        "Where it is reachable from.",
        parameter="AddressType", unset="internet", scope="instance",
    )  # fmt: skip
    vswitch_id: str | None = option(
        "vswitch-id", text(),
        "The vSwitch of an intranet address.",
        parameter="VSwitchId", unset="the cluster's", scope="instance",
    )  # fmt: skip
    name: str | None = option(
        "name", text(80),
        "The balancer's name in the console.",
        parameter="LoadBalancerName", unset="made of the Service's UID", scope="instance",
    )  # fmt: skip
    delete_protection: str | None = option(
        "delete-protection", one_of("on", "off"),
        "Whether it can be deleted only after this is taken off.",
        parameter="DeleteProtection", unset="on", scope="instance",
    )  # fmt: skip
    modification_protection: str | None = option(
        "modification-protection", one_of("ConsoleProtection", "NonProtection"),
        "Whether it can be changed in the console only after this is taken off.",
        parameter="ModificationProtectionStatus", unset="ConsoleProtection", scope="instance",
    )  # fmt: skip
    charge_type: str | None = option(
        "charge-type", one_of("paybytraffic", "paybybandwidth"),
        "How the traffic of an internet balancer is paid for.",
        parameter="InternetChargeType", scope="instance", restores="paybytraffic",
    )  # fmt: skip
    bandwidth: str | None = option(
        "bandwidth", whole(1, 5000),
        "Mbit/s, with charge-type paybybandwidth.",
        parameter="Bandwidth", scope="instance",
    )  # fmt: skip
    instance_charge_type: str | None = option(
        "instance-charge-type", one_of("PayByCLCU", "PayBySpec", fold=True),
        "How the instance is paid for.",
        parameter="InstanceChargeType", unset="PayByCLCU", scope="instance",
    )  # fmt: skip
    spec: str | None = option(
        "spec", text(64),
        "The specification, such as slb.s1.small, with PayBySpec.",
        parameter="LoadBalancerSpec", scope="instance", restores="slb.s1.small",
    )  # fmt: skip
    master_zone: str | None = option(
        "master-zoneid", text(64),
        "The primary zone; read at creation.",
        parameter="MasterZoneId", scope="instance",
    )  # fmt: skip
    slave_zone: str | None = option(
        "slave-zoneid", text(64),
        "The standby zone; read at creation.",
        parameter="SlaveZoneId", scope="instance",
    )  # fmt: skip
    ip_version: str | None = option(
        "ip-version", one_of("ipv4", "ipv6"),
        "The address family.",
        parameter="AddressIPVersion", unset="ipv4", scope="instance",
    )  # fmt: skip
    ip: str | None = option(
        "ip", ip_address(),
        "The address that a new intranet balancer shall have.",
        parameter="Address", scope="instance",
    )  # fmt: skip
    resource_group_id: str | None = option(
        "resource-group-id", text(64),
        "The resource group.",
        parameter="ResourceGroupId", unset="the configuration's", scope="instance",
    )  # fmt: skip
    network_type: str | None = option(
        "network-type", one_of("classic", "vpc"),
        "The kind of network of an intranet balancer.",
        parameter="NetworkType", unset="vpc", scope="instance",
    )  # fmt: skip
    tags: tuple[tuple[str, str], ...] = option(
        "additional-resource-tags", tags((OWNER_TAG, CLUSTER_TAG)),
        "Further tags; tags that others set stay.",
        scope="instance", default=(),
    )  # fmt: skip
    external_ip_type: str | None = option(
        "external-ip-type", one_of("eip"),
        "eip: the elastic IP addresses that are bound to it are published in the place of its own.",
        scope="status",
    )  # fmt: skip
    id: str | None = option(
        "id", text(64),
        "A load balancer that was made by hand, to be used in the place of one of its own.",
        scope="reuse", vital=True,
    )  # fmt: skip
    force_override_listeners: str | None = option(
        "force-override-listeners", one_of("true", "false"),
        "true: make listeners on the borrowed balancer, too (with id).",
        scope="reuse", vital=True,
    )  # fmt: skip
    vgroup_port: tuple[tuple[str, int], ...] = option(
        "vgroup-port", group_ports(),
        "Server groups of the borrowed balancer that the backends of ports are added to (with id).",
        scope="reuse", vital=True, default=(),
    )  # fmt: skip
    weight: str | None = option(
        "weight", whole(0, 100),
        "The weight of this Service's backends in such a group, all together (with id and vgroup-port).",
        scope="reuse",
    )  # fmt: skip
    hostname: str | None = option(
        "hostname", text(253),
        "Published in the Service's status instead of the address.",
        scope="status",
    )  # fmt: skip
    preserve: str | None = option(
        "preserve-lb-on-delete", text(1 << 18),
        "Any value: the balancer stays, with all that is on it, when the Service goes.",
        scope="status",
    )  # fmt: skip
    protocol_port: tuple[tuple[str, int], ...] = option(
        "protocol-port", protocol_ports(), "The listener protocol of ports, such as https:443,http:80.",
        scope="ports", default=(),
    )  # fmt: skip
    forward_port: tuple[tuple[int, int], ...] = option(
        "forward-port",
        port_pairs(),
        "HTTP ports that redirect to HTTPS ports, such as 80:443.",
        scope="ports",
        default=(),
    )
    scheduler: str | None = option(
        "scheduler", one_of("rr", "wrr", "wlc"),
        "How connections are spread.",
        parameter="Scheduler", unset="rr", scope="listener", protocols=ALL,
    )  # fmt: skip
    cert_id: str | None = option(
        "cert-id", text(),
        "The server certificate; HTTPS needs one.",
        parameter="ServerCertificateId", scope="listener", protocols=HTTPS,
    )  # fmt: skip
    domain_extensions: tuple[tuple[str, str], ...] = option(
        "domain-extensions", domain_certificates(),
        "Certificates for further domains.",
        scope="listener", protocols=HTTPS, default=(),
    )  # fmt: skip
    tls_cipher_policy: str | None = option(
        "tls-cipher-policy", text(64),
        "Such as tls_cipher_policy_1_2.",
        parameter="TLSCipherPolicy", scope="listener", restores="tls_cipher_policy_1_0", protocols=HTTPS,
    )  # fmt: skip
    http2_enabled: str | None = option(
        "http2-enabled", one_of("on", "off"),
        "Whether HTTP/2 is offered.",
        parameter="EnableHttp2", scope="listener", restores="on", protocols=HTTPS,
    )  # fmt: skip
    persistence_timeout: str | None = option(
        "persistence-timeout", whole(0, 3600),
        "Seconds for which a client stays with its backend; 0 is off.",
        parameter="PersistenceTimeout", scope="listener", restores="0", protocols=TCP,
    )  # fmt: skip
    established_timeout: str | None = option(
        "established-timeout", whole(10, 900),
        "Seconds after which an idle connection ends.",
        parameter="EstablishedTimeout", scope="listener", restores="900", protocols=TCP,
    )  # fmt: skip
    idle_timeout: str | None = option(
        "idle-timeout", whole(1, 60),
        "Seconds for which an idle connection is kept.",
        parameter="IdleTimeout", scope="listener", restores="15", protocols=LAYER_7,
    )  # fmt: skip
    request_timeout: str | None = option(
        "request-timeout", whole(1, 180),
        "Seconds that a backend has for its answer.",
        parameter="RequestTimeout", scope="listener", restores="60", protocols=LAYER_7,
    )  # fmt: skip
    acl_status: str | None = option(
        "acl-status", one_of("on", "off"),
        "Whether the access control list counts.",
        parameter="AclStatus", scope="listener", restores="off", protocols=ALL,
    )  # fmt: skip
    acl_type: str | None = option(
        "acl-type", one_of("white", "black"),
        "Whether it lets in or keeps out; with acl-status on.",
        parameter="AclType", scope="listener", protocols=ALL,
    )  # fmt: skip
    acl_id: str | None = option(
        "acl-id", ids(),
        "Access control lists by id, separated by commas; with acl-status on.",
        parameter="AclId", scope="listener", protocols=ALL,
    )  # fmt: skip
    proxy_protocol: str | None = option(
        "proxy-protocol", switch(),
        "Send the PROXY protocol's version 2 header to backends.",
        parameter="ProxyProtocolV2Enabled", scope="listener", restores="false", protocols=LAYER_4,
    )  # fmt: skip
    connection_drain: str | None = option(
        "connection-drain", one_of("on", "off"),
        "End the connections of a removed backend after a while.",
        parameter="ConnectionDrain", scope="listener", restores="off", protocols=LAYER_4,
    )  # fmt: skip
    connection_drain_timeout: str | None = option(
        "connection-drain-timeout", whole(10, 900),
        "Seconds until then; with connection-drain on.",
        parameter="ConnectionDrainTimeout", scope="listener", protocols=LAYER_4,
    )  # fmt: skip
    sticky_session: str | None = option(
        "sticky-session", one_of("on", "off"),
        "Keep a client with its backend.",
        parameter="StickySession", unset="off", scope="listener", protocols=LAYER_7,
    )  # fmt: skip
    sticky_session_type: str | None = option(
        "sticky-session-type", one_of("insert", "server"),
        "Whose cookie says so: the balancer's or the server's.",
        parameter="StickySessionType", scope="listener", protocols=LAYER_7,
    )  # fmt: skip
    cookie: str | None = option(
        "cookie", text(200),
        "The name of the server's cookie.",
        parameter="Cookie", scope="listener", protocols=LAYER_7,
    )  # fmt: skip
    cookie_timeout: str | None = option(
        "cookie-timeout", whole(1, 86400),
        "Seconds that the balancer's cookie lives.",
        parameter="CookieTimeout", scope="listener", protocols=LAYER_7,
    )  # fmt: skip
    xforwardedfor_proto: str | None = option(
        "xforwardedfor-proto", one_of("on", "off"),
        "Tell backends the protocol.",
        parameter="XForwardedFor_proto", scope="listener", restores="off", protocols=LAYER_7,
    )  # fmt: skip
    xforwardedfor_slbport: str | None = option(
        "xforwardedfor-slbport", one_of("on", "off"),
        "Tell backends the listener's port.",
        parameter="XForwardedFor_SLBPORT", scope="listener", restores="off", protocols=LAYER_7,
    )  # fmt: skip
    xforwardedfor_clientsrcport: str | None = option(
        "xforwardedfor-clientsrcport", one_of("on", "off"),
        "Tell backends the client's port.",
        parameter="XForwardedFor_ClientSrcPort", scope="listener", restores="off", protocols=LAYER_7,
    )  # fmt: skip
    health_check_switch: str | None = option(
        "health-check-switch", one_of("on", "off"),
        "Whether backends are checked (TCP, UDP).",
        parameter="HealthCheckSwitch", scope="listener", restores="on", protocols=LAYER_4,
    )  # fmt: skip
    health_check_flag: str | None = option(
        "health-check-flag", one_of("on", "off"),
        "Whether backends are checked (HTTP, HTTPS).",
        parameter="HealthCheck", unset="off", scope="listener", protocols=LAYER_7,
    )  # fmt: skip
    health_check_type: str | None = option(
        "health-check-type", one_of("tcp", "http"),
        "How backends are checked.",
        parameter="HealthCheckType", scope="listener", restores="tcp", protocols=TCP,
    )  # fmt: skip
    health_check_uri: str | None = option(
        "health-check-uri", path(),
        "The path of an HTTP check.",
        parameter="HealthCheckURI", scope="listener", restores="/", protocols=HTTP_CHECKED,
    )  # fmt: skip
    health_check_domain: str | None = option(
        "health-check-domain", text(80),
        "The Host header of an HTTP check.",
        parameter="HealthCheckDomain", scope="listener", restores="$_ip", protocols=HTTP_CHECKED,
    )  # fmt: skip
    health_check_httpcode: str | None = option(
        "health-check-httpcode", http_codes(),
        "The answers that count as healthy, such as http_2xx,http_3xx.",
        parameter="HealthCheckHttpCode", scope="listener", restores="http_2xx", protocols=HTTP_CHECKED,
    )  # fmt: skip
    health_check_method: str | None = option(
        "health-check-method", one_of("head", "get"),
        "The method of an HTTP check.",
        parameter="HealthCheckMethod", scope="listener", restores="head", protocols=LAYER_7,
    )  # fmt: skip
    health_check_connect_port: str | None = option(
        "health-check-connect-port", whole(1, 65535),
        "The port that is checked.",
        parameter="HealthCheckConnectPort", unset="the backend's", scope="listener", restores="-520", protocols=ALL,
    )  # fmt: skip
    healthy_threshold: str | None = option(
        "healthy-threshold", whole(2, 10),
        "Checks in a row that make a backend healthy.",
        parameter="HealthyThreshold", scope="listener", restores="3", protocols=ALL,
    )  # fmt: skip
    unhealthy_threshold: str | None = option(
        "unhealthy-threshold", whole(2, 10),
        "Checks in a row that make a backend unhealthy.",
        parameter="UnhealthyThreshold", scope="listener", restores="3", protocols=ALL,
    )  # fmt: skip
    health_check_interval: str | None = option(
        "health-check-interval", whole(1, 50),
        "Seconds between checks.",
        parameter="HealthCheckInterval", unset="2 (udp: 5)", scope="listener", restores="2", protocols=ALL,
    )  # fmt: skip
    health_check_connect_timeout: str | None = option(
        "health-check-connect-timeout", whole(1, 300),
        "Seconds after which a check has failed (TCP, UDP).",
        parameter="HealthCheckConnectTimeout", unset="5 (udp: 10)", scope="listener", restores="5", protocols=LAYER_4,
    )  # fmt: skip
    health_check_timeout: str | None = option(
        "health-check-timeout", whole(1, 300),
        "Seconds after which a check has failed (HTTP, HTTPS).",
        parameter="HealthCheckTimeout", scope="listener", restores="5", protocols=LAYER_7,
    )  # fmt: skip
    default_weight: str | None = option(
        "default-weight", whole(0, 100),
        "The weight of each backend in Cluster mode.",
        unset="100", scope="backend",
    )  # fmt: skip
    backend_label: tuple[tuple[str, str], ...] = option(
        "backend-label", labels(), "Only nodes with all these labels take traffic.", scope="backend", default=()
    )
    remove_unscheduled_backend: str | None = option(
        "remove-unscheduled-backend", one_of("on", "off"),
        "on: cordoned nodes take no traffic.",
        scope="backend",
    )  # fmt: skip
    backend_ip_version: str | None = option(
        "backend-ip-version", one_of("ipv4", "ipv6", fold=True),
        "ipv6: pods are reached by their IPv6 addresses (with backend-type eni and ip-version ipv6).",
        scope="backend",
    )  # fmt: skip
    ignore_weight_update: str | None = option(
        "ignore-weight-update", one_of("on", "off", fold=True),
        "on: weights that somebody has changed stay.",
        scope="backend",
    )  # fmt: skip
    backend_type: str = ""
    """The annotation BACKEND_TYPE, which has no prefix: eni for pods by their network interfaces, else nodes."""


def options(annotations: Mapping[str, str]) -> Parsed[Options]:
    """Read a Service's annotations; every problem at once."""
    parsed = parse(Options(), annotations)
    return replace(parsed, options=replace(parsed.options, backend_type=annotations.get(BACKEND_TYPE, "")))


def keeps(options: Options) -> bool:
    """Whether the balancer is to stay when its Service goes."""
    return bool(options.preserve)


def borrowing(options: Options) -> tuple[str, tuple[str, ...]]:
    """The id of somebody else's balancer that is to be used, empty for none, and the groups there that are shared."""
    return options.id or "", tuple(dict.fromkeys(group for group, _ in options.vgroup_port))


def given(parsed: Parsed[Options]) -> tuple[str, ...]:
    """The suffixes of the annotations that are given and can be followed."""
    return tuple(option.suffix for name, option in declared(Options) if getattr(parsed.options, name))


def fields() -> tuple[str, ...]:
    """The API parameters that annotations set: what can be changed by hand and mended."""
    return tuple(dict.fromkeys(option.parameter for _, option in declared(Options) if option.parameter))
