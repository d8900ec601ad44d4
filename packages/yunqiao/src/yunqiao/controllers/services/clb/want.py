"""What a Service wants of the cloud: a pure function of what Kubernetes says and what the annotations ask."""

from collections import Counter
from collections.abc import Iterator, Mapping

from yunqiao.controllers.services.candidates import choose
from yunqiao.controllers.services.clb.options import LAYER_4, SELECTING, Options
from yunqiao.controllers.services.identity import Identity
from yunqiao.controllers.services.rules import Rules
from yunqiao.model.balancer import UNMANAGED, Backend, Balancer, Group, Listener, Unmanaged
from yunqiao.model.candidate import Candidate
from yunqiao.model.cluster import ServicePort
from yunqiao.model.errors import Refused
from yunqiao.model.snapshot import Snapshot
from yunqiao.options.declare import Parsed, declared

DEFAULT_WEIGHT = 100
NO_PUBLIC = (
    "load balancers with a public address are switched off in this cluster (disablePublicSLB in the cloud-config); set "
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type: intranet"
)
NO_VSWITCH = (
    "an intranet load balancer needs a vSwitch and none is known: set the annotation vswitch-id, or vswitchid in the "
    "cloud-config, or let the controller reach instance metadata"
)
LISTENER_BIRTH = {
    "tcp": {"Scheduler": "rr", "Bandwidth": "-1"},
    "udp": {"Scheduler": "rr", "Bandwidth": "-1"},
    "http": {"Scheduler": "rr", "HealthCheck": "off", "StickySession": "off"},
    "https": {"Scheduler": "rr", "Bandwidth": "-1", "HealthCheck": "off", "StickySession": "off"},
}
"""What a new listener gets where nothing is asked for."""
NEEDS = {
    "AclType": ("AclStatus", "on"),
    "AclId": ("AclStatus", "on"),
    "ConnectionDrainTimeout": ("ConnectionDrain", "on"),
}
"""Settings that count with another one only."""


def want(snapshot: Snapshot, parsed: Parsed[Options], who: Identity, rules: Rules) -> Balancer:
    """The balancer this Service asks for. Raises Refused where that cannot be said."""
    options, ports = parsed.options, snapshot.service.spec.ports
    return Balancer(
        attributes=_instance(options),
        tags=who.tags,
        groups=_groups(snapshot, parsed, who),
        listeners=tuple(_listener(port, options, who) for port in ports),
        birth=_birth(options, who, rules),
        barred=_barred(parsed, rules),
        hostname=options.hostname or "",
    )


def _parameters(options: Options, scope: str, protocol: str = "") -> Iterator[tuple[str, str]]:
    """The API parameters that options of a scope set, where they are given."""
    for name, option in declared(Options):
        value = getattr(options, name)
        fits = option.scope == scope and (not protocol or protocol in option.protocols)
        if fits and option.parameter and value is not None:
            yield option.parameter, value


def _birth(options: Options, who: Identity, rules: Rules) -> dict[str, str]:
    """What a new balancer gets where nothing is asked for; never applied to one that exists."""
    birth = {
        "AddressType": "internet",
        "LoadBalancerName": who.name,
        "InstanceChargeType": "PayByCLCU",
        "DeleteProtection": "on",
        "ModificationProtectionStatus": "ConsoleProtection",
        "ModificationProtectionReason": "managed.by.ack",
    }
    if rules.resource_group_id:
        birth["ResourceGroupId"] = rules.resource_group_id
    if options.address_type == "intranet":
        network = {"VpcId": rules.vpc_id, "VSwitchId": options.vswitch_id or rules.vswitch_id}
        birth |= {name: value for name, value in network.items() if value}
    if options.ip:
        birth["Address"] = options.ip
    return birth


def _barred(parsed: Parsed[Options], rules: Rules) -> str:
    """Why no balancer may be created now."""
    options = parsed.options
    if any(problem.blocks != "nothing" for problem in parsed.problems):
        return "no load balancer is created until the annotations are mended"
    if options.address_type == "intranet":
        return "" if options.vswitch_id or rules.vswitch_id else NO_VSWITCH
    return NO_PUBLIC if rules.disable_public else ""


def _instance(options: Options) -> dict[str, str]:
    attributes = dict(_parameters(options, "instance"))
    if options.bandwidth and options.charge_type == "paybybandwidth":
        attributes["Bandwidth"] = options.bandwidth
    return attributes | ({"LoadBalancerSpec": options.spec} if options.spec else {})


def _listener(port: ServicePort, options: Options, who: Identity) -> Listener:
    protocol = _protocol(port, options)
    return Listener(
        port=port.port,
        protocol=protocol,
        description=who.owner.key(port.port),
        group=who.owner.key(port.node_port),
        attributes=_settings(port, protocol, options),
        birth=LISTENER_BIRTH[protocol],
    )


def _protocol(port: ServicePort, options: Options) -> str:
    """The listener's protocol: as asked for this port, else the port's own. Raises Refused where these clash."""
    own = port.protocol.lower()
    asked = next((protocol for protocol, number in options.protocol_port if number == port.port), own)
    if own not in LAYER_4 or (own == "udp") != (asked == "udp"):
        raise Refused(f"port {port.port}/{port.protocol}: a listener of protocol {asked} cannot serve it")
    return asked


def _settings(port: ServicePort, protocol: str, options: Options) -> dict[str, str]:
    """What is asked of a listener, without settings whose condition is not met."""
    asked = dict(_parameters(options, "listener", protocol))
    settings = {name: value for name, value in asked.items() if _counts(name, asked)}
    if protocol == "https" and "ServerCertificateId" not in settings:
        raise Refused(f"port {port.port} is https, which needs a certificate: set the annotation cert-id")
    return settings | (_forward(port, options) if protocol == "http" else {})


def _counts(name: str, asked: Mapping[str, str]) -> bool:
    other, value = NEEDS.get(name, ("", ""))
    return not other or asked.get(other) == value


def _forward(port: ServicePort, options: Options) -> dict[str, str]:
    target = dict(options.forward_port).get(port.port)
    return {"ListenerForward": "off"} if target is None else {"ListenerForward": "on", "ForwardPort": str(target)}


def _groups(snapshot: Snapshot, parsed: Parsed[Options], who: Identity) -> tuple[Group, ...]:
    """One group for each node port; two Service ports on one node port share it."""
    unclear = any(problem.suffix in SELECTING for problem in parsed.problems)
    nodes = _nodes(snapshot, parsed.options)
    node_ports = dict.fromkeys(port.node_port for port in snapshot.service.spec.ports)
    return tuple(
        Group(name, UNMANAGED if unclear else _backends(snapshot, parsed.options, nodes, node_port, name))
        for node_port in node_ports
        if (name := who.owner.key(node_port))
    )


def _nodes(snapshot: Snapshot, options: Options) -> dict[str, Candidate]:
    unscheduled = options.remove_unscheduled_backend == "on"
    return choose(snapshot.candidates, options.backend_label, schedulable_only=unscheduled)


def _backends(
    snapshot: Snapshot, options: Options, nodes: Mapping[str, Candidate], node_port: int, name: str
) -> tuple[Backend, ...] | Unmanaged:
    """Cluster mode: every candidate node. Local mode: those with ready endpoints, by their number."""
    if snapshot.service.spec.external_traffic_policy == "Local":
        weights = {node: min(count, 100) for node, count in _ready_endpoints(snapshot).items() if node in nodes}
    else:
        weights = dict.fromkeys(nodes, int(options.default_weight or DEFAULT_WEIGHT))
    return tuple(Backend(nodes[node].instance, node_port, weight, name) for node, weight in sorted(weights.items()))


def _ready_endpoints(snapshot: Snapshot) -> Counter[str]:
    """How many distinct ready endpoints each node has; an unknown readiness counts as ready, as the API says."""
    places = {
        (address, endpoint.node_name)
        for one in snapshot.slices
        for endpoint in one.endpoints
        if endpoint.conditions.ready is not False and not endpoint.conditions.terminating and endpoint.node_name
        for address in endpoint.addresses
    }
    return Counter(node for _, node in places)
