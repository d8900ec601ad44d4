"""What is to be done to a node, in rounds: whatever must be true before the node is used comes before its taint goes.

First the interface's check and the status (addresses, NetworkUnavailable), then, when these are done, all the rest in
one patch. Every patch names the UID of the object it means; one that replaces the list of taints names the version it
was made from as well, so that a taint that somebody adds meanwhile is not lost. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yunqiao.cloud import ecs
from yunqiao.controllers.nodes.kinds import SHUTDOWN, UNINITIALIZED, condition, has_taint
from yunqiao.controllers.nodes.want import Wanted
from yunqiao.model.cluster import Node, NodeAddress, Taint, as_builtins
from yunqiao.model.step import Call, Deletion, Patch

UNROUTED = {
    "type": "NetworkUnavailable",
    "status": "True",
    "reason": "NoRouteCreated",
    "message": "Node created without a route",
}


@dataclass(frozen=True, slots=True)
class Check:
    """The source/destination check of a node's interface: `on` while it drops what is not its own.

    `stays` says that it could not be switched off, so that the node may not be used yet.
    """

    on: bool
    stays: bool = False


def plan(node: Node, wanted: Wanted, check: Check, region: str, now: datetime) -> tuple[Call | Patch, ...]:
    """Give the steps of one round, none when all is done that can be."""
    steps: list[Call | Patch] = []
    if check.on and not check.stays and wanted.unchecked:
        why = f"let packets of pods pass at node {node.metadata.name}"
        steps.append(ecs.modify_source_dest_check(region, wanted.unchecked, checked=False, why=why))
    status = _status(node, wanted, now)
    if status:
        steps.append(_patch(node, {"status": status}, "its addresses and what is not there yet", "status"))
    return tuple(steps) or named(node, wanted, drop="" if check.stays else UNINITIALIZED)


def admit(node: Node) -> tuple[Patch, ...]:
    """Take the taint away from a node that is no instance but waits for us all the same (Lingjun)."""
    spec = _taints(node, tuple(one for one in node.spec.taints if one.key != UNINITIALIZED))
    return (_patch(node, {"spec": spec}, "it may be used"),) if spec else ()


def delete(node: Node, instance_id: str) -> Deletion:
    """Delete the node that was looked at: no other of its name, and not if anything about it has changed since."""
    meta = node.metadata
    why = f"the ECS instance {instance_id} is gone"
    return Deletion("Node", "", meta.name, why, uid=meta.uid, resource_version=meta.resource_version)


def _status(node: Node, wanted: Wanted, now: datetime) -> dict[str, Any]:
    status: dict[str, Any] = {}
    if tuple(node.status.addresses) != wanted.addresses:
        status["addresses"] = _replaced(wanted.addresses)
    if wanted.unrouted and condition(node, "NetworkUnavailable") != "True":
        moment = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        status["conditions"] = [UNROUTED | {"lastTransitionTime": moment, "lastHeartbeatTime": moment}]
    return status


def _replaced(addresses: tuple[NodeAddress, ...]) -> list[Any]:
    """The whole list: merged by its key (the type), two addresses of one type would become one."""
    return [{"$patch": "replace"}, *as_builtins(addresses)]


def named(node: Node, wanted: Wanted, drop: str = "") -> tuple[Patch, ...]:
    """Say on the node which instance it is: labels, providerID and taints, without the taint `drop`, in one patch."""
    missing = {key: value for key, value in wanted.labels.items() if node.metadata.labels.get(key) != value}
    spec = _taints(node, _wanted_taints(node, wanted, drop))
    if not node.spec.provider_id:
        spec["providerID"] = wanted.provider_id
    body = ({"metadata": {"labels": missing}} if missing else {}) | ({"spec": spec} if spec else {})
    return (_patch(node, body, f"it is the instance {wanted.provider_id}"),) if body else ()


def _wanted_taints(node: Node, wanted: Wanted, drop: str) -> tuple[Taint, ...]:
    kept = tuple(one for one in node.spec.taints if one.key != drop and (wanted.shut_down or one.key != SHUTDOWN))
    if wanted.shut_down and not has_taint(kept, SHUTDOWN):
        return (*kept, Taint(key=SHUTDOWN, effect="NoSchedule"))
    return kept


def _taints(node: Node, taints: tuple[Taint, ...]) -> dict[str, Any]:
    return {} if taints == tuple(node.spec.taints) else {"taints": as_builtins(list(taints)) or None}


def _patch(node: Node, body: Mapping[str, Any], why: str, subresource: str = "") -> Patch:
    """A patch of this very object; of its spec and conditions only in the version that it was made from.

    The API server replaces a list of taints as a whole, a providerID cannot be changed once it is there, and that the
    node has a route may have been said meanwhile.
    """
    metadata = {**body.get("metadata", {}), "uid": node.metadata.uid}
    if "spec" in body or "conditions" in body.get("status", {}):
        metadata["resourceVersion"] = node.metadata.resource_version
    return Patch("Node", "", node.metadata.name, {**body, "metadata": metadata}, why, subresource, strategic=True)
