"""What the data plane should carry: the running listeners of active balancers, as the engine's values."""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Literal, cast

from yunsim.dataplane.engine import AccessControl, Bandwidth, HealthCheck, Scheduler
from yunsim.dataplane.engine import Backend as Server
from yunsim.dataplane.engine import Listener as Wanted
from yunsim.products.slb import rules
from yunsim.products.slb import traffic_layer_7 as layer_7
from yunsim.products.slb.settings import OWN_PORT, effective
from yunsim.products.slb.state import Backend, Listener, LoadBalancer
from yunsim.world import World

Network = IPv4Network | IPv6Network


def wanted(world: World, load_balancer_ids: Iterable[str] | None = None) -> list[Wanted]:
    """Return the listeners that should carry traffic now, of all balancers or of those (an unknown id has none)."""
    on_wire, balancers = _Addresses(world), rules.state(world).load_balancers
    ids = balancers if load_balancer_ids is None else load_balancer_ids
    return [
        _listener(world, on_wire, owner, each)
        for owner in (balancers[one] for one in ids if one in balancers)
        if owner.status == "active"
        for each in owner.listeners.values()
        if each.status == "running"
    ]


class _Addresses:
    """Where servers answer, each looked up once: one server is a backend of many groups."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[tuple[str, str], str] = {}

    def of(self, backend: Backend) -> str:
        """Return the address on the wire, or "" when what had it is gone."""
        key = (backend.server_id, backend.server_ip)
        if key not in self._known:
            address = private_address(self._world, backend)
            self._known[key] = self.mapped(address) if address else ""
        return self._known[key]

    def mapped(self, address: str) -> str:
        """Return where an address of the API answers."""
        return self._world.wire_address(address)

    def blocks(self, block: Network) -> Iterator[Network]:
        """Give a block of API addresses with what of it answers elsewhere, for what clients are compared with."""
        yield block
        for announced in self._world.wire:
            if isinstance(block, IPv4Network) and isinstance(announced, IPv4Network) and block.overlaps(announced):
                inner = block if block.subnet_of(announced) else announced
                yield IPv4Network((self.mapped(str(inner.network_address)), inner.prefixlen))


def backend_key(backend: Backend) -> str:
    """Name a backend within its listener, for health."""
    return f"{backend.server_id}|{backend.server_ip}|{backend.port}"


def _listener(world: World, on_wire: _Addresses, owner: LoadBalancer, each: Listener) -> Wanted:
    values = effective(each.protocol, each.settings)
    return Wanted(
        load_balancer_id=owner.id,
        address=on_wire.mapped(owner.address),
        also_at=tuple(on_wire.mapped(each) for each in [world.elastic_addresses.get(owner.id)] if each),
        port=each.port,
        protocol=cast("Literal['tcp', 'udp', 'http', 'https']", each.protocol),
        scheduler=cast("Scheduler", values["Scheduler"]),
        backends=_backends(on_wire, owner, each),
        health_check=_health_check(each.protocol, values),
        access=_access(world, on_wire, each),
        bandwidth=_bandwidth(owner, each),
        **(_layer_4(values) if each.protocol in ("tcp", "udp") else layer_7.settings(world, owner, each, values)),
    )


def _bandwidth(owner: LoadBalancer, each: Listener) -> Bandwidth | None:
    """Say what may pass: its own, else what the others' own leave of the balancer's, where that is paid for.

    A balancer paid by traffic has a limit that is "used only for reference"
    (https://www.alibabacloud.com/help/doc-detail/58760.htm): none here.
    """
    told = {key: int(one.settings.get("Bandwidth", -1)) for key, one in owner.listeners.items()}
    own = {key: mbits for key, mbits in told.items() if mbits > 0}
    if (each.protocol, each.port) in own:
        return Bandwidth(own[each.protocol, each.port])
    if owner.internet_charge_type != "paybybandwidth":
        return None
    return Bandwidth(max(0, owner.bandwidth - sum(own.values())), shared=True)


def _backends(on_wire: _Addresses, owner: LoadBalancer, each: Listener) -> tuple[Server, ...]:
    group = owner.groups.get(str(each.settings.get("VServerGroupId")))
    return tuple(
        Server(backend_key(backend), address, backend.port, backend.weight)
        for backend in (group.backends.values() if group else ())
        if (address := on_wire.of(backend))
    )


def _layer_4(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "established_timeout": float(values.get("EstablishedTimeout", 900)),
        "persistence_timeout": float(values.get("PersistenceTimeout", 0)),
        "drain_timeout": float(values["ConnectionDrainTimeout"]) if values["ConnectionDrain"] == "on" else None,
        "proxy_protocol": bool(values["ProxyProtocolV2Enabled"]),
    }


def _access(world: World, on_wire: _Addresses, each: Listener) -> AccessControl:
    if each.settings.get("AclStatus") != "on":
        return AccessControl()
    lists = rules.state(world).access_control_lists
    named = str(each.settings.get("AclId", "")).split(",")
    entries = [entry for acl_id in named if acl_id in lists for entry in lists[acl_id].entries]
    blocks = tuple(block for entry in entries for block in on_wire.blocks(ip_network(entry)))
    return AccessControl(cast("Literal['white', 'black']", each.settings["AclType"]), blocks)


def private_address(world: World, backend: Backend) -> str:
    """Return a backend's address inside the VPC, or "" when what had it is gone."""
    found = world.find(backend.server_id)
    if found is None:
        return ""
    first: str = found.addresses()[0]
    return backend.server_ip or first


def _health_check(protocol: str, values: dict[str, Any]) -> HealthCheck:
    """Translate the settings; an instance's own port is probed unless another is set.

    A timeout counts as it is set: of one on the other side of the interval the reference says that it is ignored, but
    for a shorter one on some pages (UDP) and for a longer one on others (HTTP).
    """
    timeout = values.get("HealthCheckConnectTimeout", values.get("HealthCheckTimeout", 5))
    return HealthCheck(
        kind=_kind(protocol, values),
        port=max(values.get("HealthCheckConnectPort", OWN_PORT), 0),
        interval=float(values["HealthCheckInterval"]),
        timeout=float(timeout),
        healthy_threshold=values["HealthyThreshold"],
        unhealthy_threshold=values["UnhealthyThreshold"],
        uri=values.get("HealthCheckURI", "/"),
        domain="" if values.get("HealthCheckDomain") == "$_ip" else values.get("HealthCheckDomain", ""),
        method=str(values.get("HealthCheckMethod", "head")).upper(),
        codes=tuple(str(values.get("HealthCheckHttpCode", "http_2xx")).split(",")),
        request=str(values.get("HealthCheckReq", "")),
        expected=str(values.get("HealthCheckExp", "")),
    )


def _kind(protocol: str, values: dict[str, Any]) -> Literal["off", "tcp", "http", "udp"]:
    if values["HealthCheck"] == "off":
        return "off"
    if protocol == "udp":
        return "udp"
    return "http" if protocol != "tcp" or values["HealthCheckType"] == "http" else "tcp"
