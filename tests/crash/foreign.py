"""Things of others in the same cloud, some of them on our own balancers: nothing may ever happen to these."""

import json
from collections.abc import Iterator

from tests.crash.stage import NGINX, UIDS

from yunqiao.model.keys import balancer_name
from yunsim.dispatch import perform
from yunsim.showing import shown
from yunsim.world import World

OUR_NAME = balancer_name(UIDS[NGINX])
OWNER_TAG = "kubernetes.do.not.delete"
PORT = 8443
"""Where somebody else listens on our balancers."""
OUTSIDE = "outside-the-cluster"
"""The description of somebody else's backend in our groups."""
NAMESAKE = "k8s/30080/nginx/default/otherclusr"
"""The mark of a Service of the same name in another cluster."""


def settle_in(world: World) -> None:
    """A balancer that somebody made by hand, one of a namesake in another cluster, one with our name but their tag."""
    _furnish(world, _make(world, "by-hand", {"team": "shop"}), "by-hand", 80)
    _furnish(world, _make(world, "namesake", {OWNER_TAG: "another", "ack.aliyun.com": "otherclusr"}), NAMESAKE, 80)
    _make(world, OUR_NAME, {OWNER_TAG: "another"})


def intrude(world: World) -> None:
    """A listener with its group, and a tag, on each balancer of ours, and a backend in each of our groups."""
    for balancer in _ours(world):
        for group_id in list(balancer.groups):
            servers = _servers("i-w3", 8080, OUTSIDE)
            _ask(world, "AddVServerGroupBackendServers", VServerGroupId=group_id, BackendServers=servers)
        _furnish(world, balancer.id, "by-hand", PORT)
        tag = {"ResourceId.1": balancer.id, "Tag.1.Key": "team", "Tag.1.Value": "shop"}
        _ask(world, "TagResources", ResourceType="instance", **tag)


def theirs(world: World) -> dict[str, str]:
    """All that is not ours, byte for byte, by where it is."""
    return {place: json.dumps(shown(thing)) for place, thing in _theirs(world)}


def _theirs(world: World) -> Iterator[tuple[str, object]]:
    for balancer in world.states["slb"].load_balancers.values():
        if balancer not in _ours(world):
            yield balancer.id, balancer
            continue
        yield from ((f"{balancer.id} tag {key}", text) for key, text in balancer.tags.items() if key == "team")
        yield from ((one.id, one) for one in balancer.listeners.values() if one.settings["Description"] == "by-hand")
        for group in balancer.groups.values():
            if group.name == "by-hand":
                yield group.id, group
            yield from ((f"{group.id} {one.key}", one) for one in group.backends.values() if one.server_id == "i-w3"
                        and one.description == OUTSIDE)  # fmt: skip


def _ours(world: World) -> list:
    balancers = world.states["slb"].load_balancers.values()
    return [one for one in balancers if one.tags.get(OWNER_TAG, "another") != "another"]


def _make(world: World, name: str, tags: dict[str, str]) -> str:
    pairs = enumerate(tags.items(), 1)
    marks = {f"Tag.{n}.{part}": text for n, pair in pairs for part, text in zip(("Key", "Value"), pair, strict=True)}
    where = {"AddressType": "intranet", "VSwitchId": "vsw-test", "InstanceChargeType": "PayByCLCU"}
    return str(_ask(world, "CreateLoadBalancer", LoadBalancerName=name, **where, **marks)["LoadBalancerId"])


def _furnish(world: World, balancer_id: str, mark: str, port: int) -> None:
    on = {"LoadBalancerId": balancer_id}
    servers = _servers("i-w2", 9090, mark)
    group = _ask(world, "CreateVServerGroup", VServerGroupName=mark, BackendServers=servers, **on)["VServerGroupId"]
    slot = {**on, "ListenerPort": str(port)}
    _ask(world, "CreateLoadBalancerTCPListener", VServerGroupId=group, Bandwidth="-1", Description=mark, **slot)
    _ask(world, "StartLoadBalancerListener", ListenerProtocol="tcp", **slot)


def _servers(server_id: str, port: int, mark: str) -> str:
    return json.dumps([{"ServerId": server_id, "Port": port, "Weight": 10, "Type": "ecs", "Description": mark}])


def _ask(world: World, action: str, **params: str) -> dict:
    return perform(world, "slb", action, {"RegionId": world.region, **params})
