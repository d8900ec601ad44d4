"""Listeners of four protocols: make, change, start, stop, delete. What can be set is data, see settings.py."""

from collections.abc import Sequence
from typing import Any

from yunsim.products.slb import listener_rules, rules
from yunsim.products.slb.settings import takes
from yunsim.products.slb.state import Listener, LoadBalancer, Value
from yunsim.products.tagging import TagPair
from yunsim.world import World

Answer = dict[str, Any]


@takes("tcp", "Bandwidth")
def CreateLoadBalancerTCPListener(
    world: World,
    *,
    LoadBalancerId: str,
    ListenerPort: int,
    Tag: Sequence[TagPair] = (),
    **settings: Any,
) -> Answer:
    """Make a TCP listener, stopped."""
    return _create(world, "tcp", LoadBalancerId, ListenerPort, Tag, settings)


@takes("udp", "Bandwidth")
def CreateLoadBalancerUDPListener(
    world: World,
    *,
    LoadBalancerId: str,
    ListenerPort: int,
    Tag: Sequence[TagPair] = (),
    **settings: Any,
) -> Answer:
    """Make a UDP listener, stopped."""
    return _create(world, "udp", LoadBalancerId, ListenerPort, Tag, settings)


@takes("http")
def CreateLoadBalancerHTTPListener(
    world: World,
    *,
    LoadBalancerId: str,
    ListenerPort: int,
    Tag: Sequence[TagPair] = (),
    **settings: Any,
) -> Answer:
    """Make an HTTP listener, stopped."""
    return _create(world, "http", LoadBalancerId, ListenerPort, Tag, settings)


@takes("https", "Bandwidth", "ServerCertificateId")
def CreateLoadBalancerHTTPSListener(
    world: World,
    *,
    LoadBalancerId: str,
    ListenerPort: int,
    Tag: Sequence[TagPair] = (),
    **settings: Any,
) -> Answer:
    """Make an HTTPS listener, stopped."""
    return _create(world, "https", LoadBalancerId, ListenerPort, Tag, settings)


def _create(
    world: World, protocol: str, balancer_id: str, port: int, tags: Sequence[TagPair], settings: dict[str, Any]
) -> Answer:
    owner = rules.writable(world, balancer_id)
    if not 1 <= port <= 65535:
        raise rules.invalid("ListenerPort", port, "1 to 65535")
    rules.tags(tags)
    given = _given(settings)
    _checked(world, owner, protocol, given, given)
    listener_rules.port_free(world, owner, protocol, port)
    kept = listener_rules.bound(given)
    made = Listener(owner.id, protocol, port, kept, tags={pair.Key: pair.Value for pair in tags})
    owner.listeners[protocol, port] = made
    rules.written(world, owner)
    return {}


def _given(settings: dict[str, Any]) -> dict[str, Value]:
    """Return what was really set: neither left out nor empty text, which the service takes for left out."""
    return {name: value for name, value in settings.items() if value is not None and value != ""}


def _checked(
    world: World,
    owner: LoadBalancer,
    protocol: str,
    given: dict[str, Value],
    whole: dict[str, Value],
    changed: Listener | None = None,
) -> None:
    """Check the values given, and that the whole that they make with what was set before is sound."""
    listener_rules.values(protocol, given)
    listener_rules.complete(whole)
    listener_rules.target(world, owner, changed, whole)


@takes("tcp")
def SetLoadBalancerTCPListenerAttribute(
    world: World,
    *,
    LoadBalancerId: str,
    ListenerPort: int,
    DryRun: bool = False,
    VServerGroup: str = "",
    MasterSlaveServerGroup: str = "",
    SynProxy: str = "",
    **settings: Any,
) -> Answer:
    """Change settings of a TCP listener; what is left out stays."""
    return _set(world, "tcp", LoadBalancerId, ListenerPort, settings, group=VServerGroup, dry_run=DryRun)


@takes("udp")
def SetLoadBalancerUDPListenerAttribute(
    world: World,
    *,
    LoadBalancerId: str,
    ListenerPort: int,
    DryRun: bool = False,
    VServerGroup: str = "",
    MasterSlaveServerGroup: str = "",
    **settings: Any,
) -> Answer:
    """Change settings of a UDP listener; what is left out stays."""
    return _set(world, "udp", LoadBalancerId, ListenerPort, settings, group=VServerGroup, dry_run=DryRun)


@takes("http", without=("ListenerForward", "ForwardPort"))
def SetLoadBalancerHTTPListenerAttribute(
    world: World,
    *,
    LoadBalancerId: str,
    ListenerPort: int,
    DryRun: bool = False,
    VServerGroup: str = "",
    **settings: Any,
) -> Answer:
    """Change settings of an HTTP listener; what is left out stays, and forwarding cannot change."""
    return _set(world, "http", LoadBalancerId, ListenerPort, settings, group=VServerGroup, dry_run=DryRun)


@takes("https")
def SetLoadBalancerHTTPSListenerAttribute(
    world: World,
    *,
    LoadBalancerId: str,
    ListenerPort: int,
    DryRun: bool = False,
    VServerGroup: str = "",
    **settings: Any,
) -> Answer:
    """Change settings of an HTTPS listener; what is left out stays."""
    return _set(world, "https", LoadBalancerId, ListenerPort, settings, group=VServerGroup, dry_run=DryRun)


def _set(
    world: World, protocol: str, balancer_id: str, port: int, settings: dict[str, Any], *, group: str, dry_run: bool
) -> Answer:
    owner = rules.writable(world, balancer_id)
    changed = listener_rules.listener(owner, port, protocol)
    given = _given(settings)
    listener_rules.group_switch(group, given)
    listener_rules.scheduler_change(changed, given)
    whole = {**changed.settings, **given}
    if group == "off":
        whole.pop("VServerGroupId", None)
    _checked(world, owner, protocol, given, whole, changed)
    listener_rules.not_dry(dry_run=dry_run)
    changed.settings = listener_rules.bound(whole)
    rules.written(world, owner)
    return {}


def StartLoadBalancerListener(
    world: World, *, LoadBalancerId: str, ListenerPort: int, ListenerProtocol: str = ""
) -> Answer:
    """Let a listener take traffic; one that runs goes on."""
    return _status(world, LoadBalancerId, ListenerPort, ListenerProtocol, "running")


def StopLoadBalancerListener(
    world: World, *, LoadBalancerId: str, ListenerPort: int, ListenerProtocol: str = ""
) -> Answer:
    """Let a listener take no traffic; one that is stopped stays so."""
    return _status(world, LoadBalancerId, ListenerPort, ListenerProtocol, "stopped")


def _status(world: World, balancer_id: str, port: int, protocol: str, status: str) -> Answer:
    owner = rules.writable(world, balancer_id)
    listener_rules.listener(owner, port, protocol).status = status
    rules.written(world, owner)
    return {}


def DeleteLoadBalancerListener(
    world: World, *, LoadBalancerId: str, ListenerPort: int, ListenerProtocol: str = ""
) -> Answer:
    """Delete a listener; its server group stays."""
    owner = rules.writable(world, LoadBalancerId)
    found = listener_rules.listener(owner, ListenerPort, ListenerProtocol)
    listener_rules.not_forwarded_to(owner, found)
    del owner.listeners[found.protocol, found.port]
    rules.written(world, owner)
    return {}
