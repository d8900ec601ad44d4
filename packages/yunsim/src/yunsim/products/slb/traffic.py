"""What the data plane should carry: the running listeners of active balancers, as the engine's values."""

from collections.abc import Iterable
from typing import Any, Literal, cast

from yunsim.dataplane.engine import Backend as Server
from yunsim.dataplane.engine import HealthCheck
from yunsim.dataplane.engine import Listener as Wanted
from yunsim.products.slb import rules
from yunsim.products.slb.settings import effective
from yunsim.products.slb.state import Backend, Listener, LoadBalancer
from yunsim.world import World

_SCHEDULERS = {"rr": "rr", "wrr": "wrr", "wlc": "wlc"}
"""Consistent hashing (sch, tch, qch) is spread as wrr: each connection still reaches one of the servers."""


def wanted(world: World, load_balancer_ids: Iterable[str] | None = None) -> list[Wanted]:
    """Return the listeners that should carry traffic now, of all balancers or of those (an unknown id has none).

    An HTTP listener that only redirects is not among them.
    """
    on_wire, balancers = _Addresses(world), rules.state(world).load_balancers
    ids = balancers if load_balancer_ids is None else load_balancer_ids
    return [
        _listener(on_wire, owner, each)
        for owner in (balancers[one] for one in ids if one in balancers)
        if owner.status == "active"
        for each in owner.listeners.values()
        if each.status == "running" and each.settings.get("ListenerForward") != "on"
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


def backend_key(backend: Backend) -> str:
    """Name a backend within its listener, for health."""
    return f"{backend.server_id}|{backend.server_ip}|{backend.port}"


def _listener(on_wire: _Addresses, owner: LoadBalancer, each: Listener) -> Wanted:
    values = effective(each.protocol, each.settings)
    group = owner.groups.get(str(each.settings.get("VServerGroupId")))
    backends = group.backends.values() if group else ()
    return Wanted(
        load_balancer_id=owner.id,
        address=on_wire.mapped(owner.address),
        port=each.port,
        protocol=cast("Literal['tcp', 'udp', 'http', 'https']", each.protocol),
        scheduler=cast("Literal['rr', 'wrr', 'wlc']", _SCHEDULERS.get(str(values["Scheduler"]), "wrr")),
        backends=tuple(
            Server(backend_key(backend), address, backend.port, backend.weight)
            for backend in backends
            if (address := on_wire.of(backend))
        ),
        health_check=_health_check(each.protocol, values),
        established_timeout=float(values.get("EstablishedTimeout", 900)),
    )


def private_address(world: World, backend: Backend) -> str:
    """Return a backend's address inside the VPC, or "" when what had it is gone."""
    found = world.find(backend.server_id)
    if found is None:
        return ""
    first: str = found.addresses()[0]
    return backend.server_ip or first


def _health_check(protocol: str, values: dict[str, Any]) -> HealthCheck:
    """Translate the settings; an instance's own port is probed unless another is set."""
    timeout = values.get("HealthCheckConnectTimeout", values.get("HealthCheckTimeout", 5))
    return HealthCheck(
        kind=_kind(protocol, values),
        port=values.get("HealthCheckConnectPort", 0),
        interval=float(values["HealthCheckInterval"]),
        timeout=float(timeout),
        healthy_threshold=values["HealthyThreshold"],
        unhealthy_threshold=values["UnhealthyThreshold"],
        uri=values.get("HealthCheckURI", "/"),
        domain="" if values.get("HealthCheckDomain") == "$_ip" else values.get("HealthCheckDomain", ""),
        method=str(values.get("HealthCheckMethod", "head")).upper(),
        codes=tuple(str(values.get("HealthCheckHttpCode", "http_2xx")).split(",")),
    )


def _kind(protocol: str, values: dict[str, Any]) -> Literal["off", "tcp", "http", "udp"]:
    if values["HealthCheck"] == "off":
        return "off"
    if protocol == "udp":
        return "udp"
    return "http" if protocol != "tcp" or values["HealthCheckType"] == "http" else "tcp"
