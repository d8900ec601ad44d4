"""VServer groups and the backend servers in them."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from yunsim.parameters import JSON
from yunsim.products import tagging
from yunsim.products.slb import backend_rules, rules
from yunsim.products.slb.answers import moment
from yunsim.products.slb.backend_rules import BackendServer
from yunsim.products.slb.state import Backend, LoadBalancer, ServerGroup
from yunsim.products.tagging import TagPair
from yunsim.world import World

Key = tuple[str, str, int]


def CreateVServerGroup(
    world: World,
    *,
    RegionId: str,
    LoadBalancerId: str,
    VServerGroupName: str = "",
    BackendServers: Annotated[Sequence[BackendServer], JSON] = (),
    Tag: Sequence[TagPair] = (),
) -> dict[str, Any]:
    """Make a group with its first backends."""
    owner = rules.writable(world, LoadBalancerId)
    rules.tags(Tag)
    made = ServerGroup(
        id=world.new_id("rsp-"),
        load_balancer_id=owner.id,
        name=rules.group_name(VServerGroupName) if VServerGroupName else "",
        created=world.clock.now(),
        tags={pair.Key: pair.Value for pair in Tag},
    )
    made.name = made.name or made.id
    first = {backend.key: backend for backend in backend_rules.read(world, BackendServers)}
    _fits(world, owner, made, first.values(), first)
    made.backends = first
    rules.state(world).add_group(made)
    rules.written(world, owner)
    return {"VServerGroupId": made.id, "BackendServers": _answer(made.backends.values(), "Description")}


def _fits(
    world: World, owner: LoadBalancer, group: ServerGroup, added: Iterable[Backend], new: dict[Key, Backend]
) -> None:
    """Refuse backends of which some may not be attached, or that are too many."""
    backend_rules.attachable(world, owner, added)
    backend_rules.room(world, owner, group, new)


def _replace(
    world: World, owner: LoadBalancer, group: ServerGroup, added: Iterable[Backend], new: dict[Key, Backend]
) -> None:
    """Give the group these backends, if they fit; else nothing changes."""
    _fits(world, owner, group, added, new)
    rules.state(world).set_backends(group, new)


def _answer(backends: Iterable[Backend], *also: str) -> dict[str, Any]:
    """Return backends with the fields that the action answers: four, and those named."""
    return {"BackendServer": [_fields(backend, also) for backend in backends]}


def _fields(backend: Backend, also: Iterable[str]) -> dict[str, Any]:
    more = {"Description": backend.description, "ServerIp": backend.server_ip}
    return {
        "ServerId": backend.server_id,
        "Port": backend.port,
        "Weight": backend.weight,
        "Type": backend.type,
        **{name: more[name] for name in also},
    }


def DescribeVServerGroups(
    world: World,
    *,
    RegionId: str,
    LoadBalancerId: str,
    Description: str = "",
    IncludeListener: bool = False,
    IncludeRule: bool = False,
    Tag: Sequence[TagPair] = (),
) -> dict[str, Any]:
    """List the groups of a balancer, all at once; with the listeners that use them if asked."""
    owner = rules.load_balancer(world, LoadBalancerId)
    found = [
        {
            "VServerGroupId": group.id,
            "VServerGroupName": group.name,
            "ServerCount": len(group.backends),
            "CreateTime": moment(group.created),
            "Tags": tagging.answer(group.tags),
            **_associated(owner, group, listeners=IncludeListener, rules=IncludeRule),
        }
        for group in owner.groups.values()
        if tagging.matches(group.tags, Tag) and Description in ("", group.name)
    ]
    return {"VServerGroups": {"VServerGroup": found}}


def _associated(owner: LoadBalancer, group: ServerGroup, *, listeners: bool, rules: bool) -> dict[str, Any]:
    if not (listeners or rules):
        return {}
    users = [
        {"Protocol": each.protocol, "Port": each.port}
        for each in owner.listeners.values()
        if listeners and each.settings.get("VServerGroupId") == group.id
    ]
    return {"AssociatedObjects": {"Listeners": {"Listener": users}, "Rules": {"Rule": []}}}


def DescribeVServerGroupAttribute(world: World, *, RegionId: str, VServerGroupId: str) -> dict[str, Any]:
    """Tell a group's backends."""
    found = rules.group(world, VServerGroupId)
    return {
        "VServerGroupId": found.id,
        "VServerGroupName": found.name,
        "LoadBalancerId": found.load_balancer_id,
        "CreateTime": moment(found.created),
        "BackendServers": _answer(found.backends.values(), "Description", "ServerIp"),
        "Tags": tagging.answer(found.tags),
    }


def AddVServerGroupBackendServers(
    world: World, *, RegionId: str, VServerGroupId: str, BackendServers: Annotated[Sequence[BackendServer], JSON]
) -> dict[str, Any]:
    """Add backends; one that is there already stays as it is."""
    owner, group = rules.writable_group(world, VServerGroupId)
    added = backend_rules.read(world, BackendServers)
    new = {backend.key: backend for backend in added if backend.key not in group.backends}
    _replace(world, owner, group, new.values(), group.backends | new)
    rules.written(world, owner)
    return {"VServerGroupId": group.id, "BackendServers": _answer(group.backends.values(), "Description")}


def RemoveVServerGroupBackendServers(
    world: World, *, RegionId: str, VServerGroupId: str, BackendServers: Annotated[Sequence[BackendServer], JSON]
) -> dict[str, Any]:
    """Remove backends; one that is not there is no error."""
    owner, group = rules.writable_group(world, VServerGroupId)
    removed = {backend.key for backend in backend_rules.read(world, BackendServers)}
    kept = {key: backend for key, backend in group.backends.items() if key not in removed}
    rules.state(world).set_backends(group, kept)
    rules.written(world, owner)
    return {"VServerGroupId": group.id, "BackendServers": _answer(group.backends.values())}


def ModifyVServerGroupBackendServers(
    world: World,
    *,
    RegionId: str,
    VServerGroupId: str,
    OldBackendServers: Annotated[Sequence[BackendServer], JSON] = (),
    NewBackendServers: Annotated[Sequence[BackendServer], JSON] = (),
) -> dict[str, Any]:
    """Replace old backends, which must be there, with new ones in one change."""
    owner, group = rules.writable_group(world, VServerGroupId)
    old = {backend.key for backend in backend_rules.read(world, OldBackendServers)}
    new = {backend.key: backend for backend in backend_rules.read(world, NewBackendServers)}
    _present(group, old)
    kept = {key: backend for key, backend in group.backends.items() if key not in old}
    _replace(world, owner, group, (new[key] for key in new if key not in group.backends), kept | new)
    rules.written(world, owner)
    return {"VServerGroupId": group.id, "BackendServers": _answer(group.backends.values(), "Description")}


def SetVServerGroupAttribute(
    world: World,
    *,
    RegionId: str,
    VServerGroupId: str,
    VServerGroupName: str = "",
    BackendServers: Annotated[Sequence[BackendServer], JSON] = (),
) -> dict[str, Any]:
    """Rename the group, and set the weight and description of backends that it has."""
    owner, group = rules.writable_group(world, VServerGroupId)
    changed = backend_rules.read(world, BackendServers)
    _present(group, {backend.key for backend in changed})
    group.name = rules.group_name(VServerGroupName) if VServerGroupName else group.name
    for backend, server in zip(changed, BackendServers, strict=True):
        held = group.backends[backend.key]
        held.weight = held.weight if server.Weight is None else server.Weight
        held.description = server.Description or held.description
    rules.written(world, owner)
    return {
        "VServerGroupId": group.id,
        "VServerGroupName": group.name,
        "BackendServers": _answer(group.backends.values(), "Description"),
    }


def _present(group: ServerGroup, keys: Iterable[Key]) -> None:
    """Refuse to change servers that the group does not have (not documented)."""
    for key in keys:
        if key not in group.backends:
            raise backend_rules.malformed(f"{group.id} has no server {key[0]} {key[1]} with port {key[2]}")


def DeleteVServerGroup(world: World, *, RegionId: str, VServerGroupId: str) -> dict[str, Any]:
    """Delete a group that no listener uses."""
    owner, group = rules.writable_group(world, VServerGroupId)
    rules.unused(owner, group)
    rules.state(world).remove_group(group)
    rules.written(world, owner)
    return {}
