"""Which nodes may take a Service's traffic, the same for every kind of load balancer.

A node that is not an ECS instance is never one of them, whatever its providerID looks like. When not one node is
Ready, all of them stay in (fail open): a hiccup of the control plane must not take every balancer down at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from yunqiao.model.cluster import Node
from yunqiao.model.instance import read_provider_id

CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
EXCLUDED = (
    "node.kubernetes.io/exclude-from-external-load-balancers",
    "alpha.service-controller.kubernetes.io/exclude-balancer",
    "service.beta.kubernetes.io/exclude-node",
    "service.alibabacloud.com/exclude-node",
)
LEAVING = "ToBeDeletedByClusterAutoscaler"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that may take traffic, cut down to what decides it: equal candidates need no new look."""

    name: str
    instance: str
    ready: bool
    unschedulable: bool
    labels: Mapping[str, str]


def candidate(node: Node) -> Candidate | None:
    """The node as a candidate, or None when it can never be one."""
    labels = node.metadata.labels
    instance = read_provider_id(node.spec.provider_id)
    barred = any(label in labels for label in CONTROL_PLANE + EXCLUDED) or labels.get("type") == "virtual-kubelet"
    if instance is None or barred or any(taint.key == LEAVING for taint in node.spec.taints):
        return None
    ready = any(one.type == "Ready" and one.status == "True" for one in node.status.conditions)
    return Candidate(node.metadata.name, instance.id, ready, node.spec.unschedulable, labels)


def choose(
    nodes: Iterable[Node], required: tuple[tuple[str, str], ...] = (), *, schedulable_only: bool = False
) -> dict[str, Candidate]:
    """The candidates by node name: all with the required labels that are Ready, or all of those if none is Ready."""
    found = [one for node in nodes if (one := candidate(node)) is not None]
    fitting = [
        one
        for one in found
        if all(one.labels.get(key) == value for key, value in required) and not (schedulable_only and one.unschedulable)
    ]
    chosen = [one for one in fitting if one.ready] or fitting
    return {one.name: one for one in chosen}
