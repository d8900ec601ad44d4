"""What health checks say of each backend."""

from collections.abc import Mapping
from typing import Any

from yunsim.products.slb import listener_rules, rules
from yunsim.products.slb.state import Backend, Listener
from yunsim.products.slb.traffic import backend_key, private_address
from yunsim.world import World


def DescribeHealthStatus(
    world: World, *, LoadBalancerId: str, ListenerPort: int | None = None, ListenerProtocol: str = ""
) -> dict[str, Any]:
    """Tell the health of the backends of all listeners or one: normal, abnormal, or unavailable (not checked)."""
    owner = rules.load_balancer(world, LoadBalancerId)
    if ListenerPort is not None:
        listener_rules.listener_on(owner, ListenerPort, ListenerProtocol)
    health: Mapping[Any, Mapping[str, str]] = world.health() if world.health else {}
    found = [
        _answer(world, listener, backend, health.get((owner.id, listener.protocol, listener.port), {}))
        for listener in owner.listeners.values()
        if ListenerPort in (None, listener.port) and ListenerProtocol in ("", listener.protocol)
        for group in [owner.groups.get(str(listener.settings.get("VServerGroupId")))]
        for backend in (group.backends.values() if group else ())
    ]
    return {"BackendServers": {"BackendServer": found}}


def _answer(world: World, listener: Listener, backend: Backend, health: Mapping[str, str]) -> dict[str, Any]:
    return {
        "ListenerPort": listener.port,
        "Protocol": listener.protocol,
        "ServerId": backend.server_id,
        "ServerIp": private_address(world, backend),
        "Port": backend.port,
        "ServerHealthStatus": health.get(backend_key(backend), "unavailable"),
    }
