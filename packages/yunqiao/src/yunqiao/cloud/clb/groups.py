"""Virtual server groups and the servers in them."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from yunqiao.cloud.clb import PRODUCT
from yunqiao.model.balancer import UNKNOWN, Backend, Group
from yunqiao.model.step import Call, Reply


def list_groups(balancer_id: str) -> Call:
    """All groups of an instance (not paged)."""
    return Call(PRODUCT, "DescribeVServerGroups", {"LoadBalancerId": balancer_id}, f"list the groups of {balancer_id}")


def read_groups(reply: Reply) -> list[Group]:
    """The groups, their backends not yet looked at."""
    items = reply.get("VServerGroups", {}).get("VServerGroup", [])
    return [Group(item.get("VServerGroupName", ""), UNKNOWN, item["VServerGroupId"]) for item in items]


def describe(group_id: str) -> Call:
    """One group with its backends."""
    return Call(PRODUCT, "DescribeVServerGroupAttribute", {"VServerGroupId": group_id}, f"look at group {group_id}")


def read_backends(reply: Reply) -> tuple[Backend, ...]:
    """The backends of one group."""
    return tuple(_backend(item) for item in reply.get("BackendServers", {}).get("BackendServer", []))


def create(balancer_id: str, name: str, backends: Iterable[Backend], why: str) -> Call:
    """A new group with its first backends."""
    params = {"LoadBalancerId": balancer_id, "VServerGroupName": name, "BackendServers": _text(backends)}
    return Call(PRODUCT, "CreateVServerGroup", params, why, lane=balancer_id, write=True)


def delete(balancer_id: str, group_id: str, why: str) -> Call:
    """Remove a group; refused while a listener uses it."""
    return Call(PRODUCT, "DeleteVServerGroup", {"VServerGroupId": group_id}, why, lane=balancer_id, write=True)


def add(balancer_id: str, group_id: str, backends: Iterable[Backend], why: str) -> Call:
    """Add backends."""
    return _backends_call("AddVServerGroupBackendServers", balancer_id, group_id, backends, why)


def remove(balancer_id: str, group_id: str, backends: Iterable[Backend], why: str) -> Call:
    """Take backends out."""
    return _backends_call("RemoveVServerGroupBackendServers", balancer_id, group_id, backends, why)


def change(balancer_id: str, group_id: str, backends: Iterable[Backend], why: str) -> Call:
    """Set weight and description of backends that are there."""
    return _backends_call("SetVServerGroupAttribute", balancer_id, group_id, backends, why)


def replace(balancer_id: str, group_id: str, old: Iterable[Backend], new: Iterable[Backend], why: str) -> Call:
    """Swap backends in one write: the old go, the new come, nothing in between."""
    params = {"VServerGroupId": group_id, "OldBackendServers": _text(old), "NewBackendServers": _text(new)}
    return Call(PRODUCT, "ModifyVServerGroupBackendServers", params, why, lane=balancer_id, write=True)


def _backends_call(action: str, balancer_id: str, group_id: str, backends: Iterable[Backend], why: str) -> Call:
    params = {"VServerGroupId": group_id, "BackendServers": _text(backends)}
    return Call(PRODUCT, action, params, why, lane=balancer_id, write=True)


def from_text(text: str) -> tuple[Backend, ...]:
    """The backends that a call carried: the inverse of what the builders above write."""
    return tuple(_backend(item) for item in json.loads(text))


def _backend(item: Mapping[str, Any]) -> Backend:
    return Backend(
        server_id=item["ServerId"],
        port=int(item["Port"]),
        weight=int(item.get("Weight", 100)),
        description=item.get("Description", ""),
        type=item.get("Type") or "ecs",
        server_ip=item.get("ServerIp", ""),
    )


def _text(backends: Iterable[Backend]) -> str:
    return json.dumps([_json(backend) for backend in backends], separators=(",", ":"))


def _json(backend: Backend) -> dict[str, Any]:
    item = {
        "ServerId": backend.server_id,
        "Port": str(backend.port),
        "Weight": str(backend.weight),
        "Type": backend.type,
        "Description": backend.description,
    }
    return item | ({"ServerIp": backend.server_ip} if backend.server_ip else {})


Build = Callable[[str, str, Iterable[Backend], str], Call]
"""A builder that takes balancer, group, backends and why."""
