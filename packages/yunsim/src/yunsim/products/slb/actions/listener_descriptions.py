"""What listeners are told as: in the list of many balancers' listeners, and one by one."""

from collections.abc import Sequence
from typing import Any

from yunsim.products import lists, tagging
from yunsim.products.slb import listener_rules, rules
from yunsim.products.slb.actions import domain_extensions
from yunsim.products.slb.settings import PROTOCOLS, effective
from yunsim.products.slb.state import Listener, LoadBalancer
from yunsim.products.tagging import TagPair
from yunsim.world import World

Answer = dict[str, Any]


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
    listener = listener_rules.listener(rules.load_balancer(world, LoadBalancerId), ListenerPort, "https")
    answer = _described(world, "https", LoadBalancerId, ListenerPort)
    return {**answer, "Rules": {"Rule": []}, **domain_extensions.answer(listener)}


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
