"""Listeners of the four protocols. Their settings are data (settings.py): an action names its protocol, no more."""
# ruff: noqa: ARG001 - an action declares all that the API takes; some of it changes nothing here

from collections.abc import Sequence
from typing import Any

from yunsim.products import lists, tagging
from yunsim.products.slb import listener_rules, rules
from yunsim.products.slb.settings import PROTOCOLS, effective, takes
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
    made = Listener(owner.id, protocol, port, given, tags={pair.Key: pair.Value for pair in tags})
    owner.listeners[protocol, port] = made
    rules.written(world, owner)
    return {}


def _given(settings: dict[str, Any]) -> dict[str, Value]:
    """Return what was really set: neither left out nor empty text, which the service takes for left out."""
    return {name: value for name, value in settings.items() if value is not None and value != ""}


def _checked(
    world: World, owner: LoadBalancer, protocol: str, given: dict[str, Value], whole: dict[str, Value]
) -> None:
    """Check the values given, and that the whole that they make with what was set before is sound."""
    listener_rules.values(protocol, given)
    listener_rules.complete(whole)
    listener_rules.target(world, owner, whole)


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
    whole = {**changed.settings, **given}
    if group == "off":
        whole.pop("VServerGroupId", None)
    _checked(world, owner, protocol, given, whole)
    listener_rules.not_dry(dry_run=dry_run)
    changed.settings = whole
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
    del owner.listeners[found.protocol, found.port]
    rules.written(world, owner)
    return {}


def DescribeLoadBalancerListeners(
    world: World,
    *,
    LoadBalancerId: Sequence[str] = (),
    Description: str = "",
    ListenerPort: int | None = None,
    ListenerProtocol: str = "",
    MaxResults: int = 20,
    NextToken: str = "",
    Tag: Sequence[TagPair] = (),
) -> Answer:
    """List the listeners of up to 10 balancers (or of all), 20 a page unless asked otherwise (at most 100)."""
    size = lists.limited("MaxResults", MaxResults, 100)
    found = [
        each
        for owner in _owners(world, LoadBalancerId)
        for each in owner.listeners.values()
        if ListenerPort in (None, each.port)
        and ListenerProtocol in ("", each.protocol)
        and Description in ("", each.settings.get("Description"))
        and tagging.matches(each.tags, Tag)
    ]
    page, following = lists.tokened(found, NextToken, size)
    return {
        "Listeners": [_listed(each) for each in page],
        "MaxResults": size,
        "NextToken": following,
        "TotalCount": len(found),
    }


def _owners(world: World, ids: Sequence[str]) -> list[LoadBalancer]:
    if len(ids) > 10:
        raise rules.invalid("LoadBalancerId", f"{len(ids)} ids", "at most 10")
    known = rules.state(world).load_balancers
    return [rules.load_balancer(world, each) for each in ids] or list(known.values())


def _listed(each: Listener) -> Answer:
    """Return a listener as the list gives it: what all protocols have, and one object for the protocol's own."""
    values = effective(each.protocol, each.settings)
    shared = [
        setting.answer_name
        for setting in PROTOCOLS[each.protocol].values()
        if setting.in_listener and setting.answer_name in values
    ]
    own = {name: str(value).lower() if isinstance(value, bool) else value for name, value in values.items()}
    return {
        "LoadBalancerId": each.load_balancer_id,
        "ListenerPort": each.port,
        "ListenerProtocol": each.protocol,
        "Status": each.status,
        **{name: values[name] for name in shared},
        "AclIds": _acl_ids(each),
        "Tags": tagging.answer(each.tags)["Tag"],
        f"{each.protocol.upper()}ListenerConfig": {name: own[name] for name in own if name not in shared},
    }


def _acl_ids(each: Listener) -> list[str]:
    return [acl_id for acl_id in str(each.settings.get("AclId", "")).split(",") if acl_id]


def DescribeLoadBalancerTCPListenerAttribute(world: World, *, LoadBalancerId: str, ListenerPort: int) -> Answer:
    """Tell everything of a TCP listener."""
    return _described(world, "tcp", LoadBalancerId, ListenerPort)


def DescribeLoadBalancerUDPListenerAttribute(world: World, *, LoadBalancerId: str, ListenerPort: int) -> Answer:
    """Tell everything of a UDP listener."""
    return _described(world, "udp", LoadBalancerId, ListenerPort)


def DescribeLoadBalancerHTTPListenerAttribute(world: World, *, LoadBalancerId: str, ListenerPort: int) -> Answer:
    """Tell everything of an HTTP listener; forwarding rules do not exist here."""
    return {**_described(world, "http", LoadBalancerId, ListenerPort), "Rules": {"Rule": []}}


def DescribeLoadBalancerHTTPSListenerAttribute(world: World, *, LoadBalancerId: str, ListenerPort: int) -> Answer:
    """Tell everything of an HTTPS listener; forwarding rules do not exist here."""
    answer = _described(world, "https", LoadBalancerId, ListenerPort)
    return {**answer, "Rules": {"Rule": []}, "DomainExtensions": {"DomainExtension": []}}


def _described(world: World, protocol: str, balancer_id: str, port: int) -> Answer:
    found = listener_rules.listener(rules.load_balancer(world, balancer_id), port, protocol)
    return {
        "LoadBalancerId": found.load_balancer_id,
        "ListenerPort": found.port,
        "Status": found.status,
        **effective(protocol, found.settings),
        "AclIds": {"AclId": _acl_ids(found)},
        "Tags": tagging.answer(found.tags),
    }
