"""What a balancer can have on the cloud and never has here: forwarding rules, master-slave server groups.

Nothing makes them, so that the lists of them are empty; what a list is asked of must exist all the same.
"""

from collections.abc import Sequence
from typing import Any

from yunsim.products.slb import listener_rules, rules
from yunsim.products.tagging import TagPair
from yunsim.world import World

_WITH_RULES = ("http", "https")


def DescribeRules(
    world: World, *, RegionId: str, LoadBalancerId: str, ListenerPort: int, ListenerProtocol: str
) -> dict[str, Any]:
    """List the forwarding rules of an HTTP or HTTPS listener: none."""
    rules.one_of("ListenerProtocol", ListenerProtocol, _WITH_RULES)
    listener_rules.listener(rules.load_balancer(world, LoadBalancerId), ListenerPort, ListenerProtocol)
    return {"Rules": {"Rule": []}}


def DescribeMasterSlaveServerGroups(
    world: World,
    *,
    RegionId: str,
    LoadBalancerId: str,
    Description: str = "",
    IncludeListener: bool = False,
    Tag: Sequence[TagPair] = (),
) -> dict[str, Any]:
    """List the master-slave server groups of a balancer: none."""
    rules.load_balancer(world, LoadBalancerId)
    return {"MasterSlaveServerGroups": {"MasterSlaveServerGroup": []}}
