"""What the cloud's API and Kubernetes tell of everything there is, with names in the place of ids.

Two equal pictures are the same to every user, whichever ids and addresses the cloud happened to give.
"""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from yunqiao.model.cluster import Service
from yunsim.dispatch import perform
from yunsim.world import World


def picture(world: World, services: Mapping[str, Service | None], called: Mapping[str, str] | None = None) -> Any:
    """Everything: balancers with all their parts, and each Service with finalizers, labels, annotations and status.

    `called` gives further texts that differ by nature (UIDs) the names by which pictures are compared.
    """
    balancers = [_balancer(world, one) for one in _listed(world)]
    text = json.dumps([balancers, {key: _service(one) for key, one in services.items()}])
    for found, name in (*_names(world), *(called or {}).items()):
        text = text.replace(found, name)
    return _ordered(json.loads(text))


def difference(found: Any, expected: Any) -> str:
    """Which lines one picture has and the other has not."""
    have, wish = (json.dumps(one, indent=1).splitlines() for one in (found, expected))
    more, less = [one.strip() for one in have if one not in wish], [one.strip() for one in wish if one not in have]
    return f"{len(have)} lines where {len(wish)} should be; too much: {more[:8]}; missing: {less[:8]}"


def _listed(world: World) -> list[Any]:
    answer = _ask(world, "DescribeLoadBalancers", PageSize="100")
    return list(answer["LoadBalancers"]["LoadBalancer"])


def _balancer(world: World, listed: dict[str, Any]) -> Any:
    on = {"LoadBalancerId": listed["LoadBalancerId"]}
    whole = _ask(world, "DescribeLoadBalancerAttribute", **on)
    ports = whole["ListenerPorts"]["ListenerPort"]
    listeners = [_ask(world, "DescribeLoadBalancerTCPListenerAttribute", ListenerPort=str(one), **on) for one in ports]
    groups = _ask(world, "DescribeVServerGroups", **on)["VServerGroups"]["VServerGroup"]
    parts = [_ask(world, "DescribeVServerGroupAttribute", VServerGroupId=one["VServerGroupId"]) for one in groups]
    return [listed, whole, listeners, groups, parts]


def _service(service: Any) -> Any:
    if service is None:
        return None
    meta, status = service.metadata, service.status.load_balancer.ingress
    notes = {name: _unpacked(text) for name, text in meta.annotations.items()}
    ingress = [{"ip": one.ip, "hostname": one.hostname} for one in status]
    return {"uid": meta.uid, "finalizers": meta.finalizers, "labels": meta.labels, "notes": notes, "ingress": ingress,
            "going": meta.deletion_timestamp}  # fmt: skip


def _unpacked(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _names(world: World) -> list[tuple[str, str]]:
    """Each id and address with a name of its own; a second thing of one name is told apart."""
    found: list[tuple[str, str]] = []
    seen: Counter[str] = Counter()
    for one in sorted(world.states["slb"].load_balancers.values(), key=_rank):
        alike = f"{one.name} {sorted(one.tags.items())[:1]}".replace('"', "'")
        seen[alike] += 1
        name = f"<{alike} {seen[alike]}>"
        found += [(one.id, name), (f'"{one.address}"', f'"address of {name}"')]
        found += [(group.id, f"<{group.name} {place} of {name}>") for place, group in enumerate(_groups(one))]
    return found


def _rank(balancer: Any) -> Any:
    return (balancer.name, sorted(balancer.tags.items()), balancer.id)


def _groups(balancer: Any) -> list[Any]:
    return sorted(balancer.groups.values(), key=lambda one: (one.name, one.id))


def _ordered(thing: Any) -> Any:
    """Lists by their contents: what order things were made in says nothing."""
    if isinstance(thing, dict):
        return {key: _ordered(thing[key]) for key in sorted(thing)}
    if isinstance(thing, list):
        return sorted(map(_ordered, thing), key=repr)
    return thing


def _ask(world: World, action: str, **params: str) -> dict[str, Any]:
    return perform(world, "slb", action, {"RegionId": world.region, **params})
