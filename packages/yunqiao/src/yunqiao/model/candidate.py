"""A node as far as load balancers are concerned: which instance it is, and whether it may take traffic.

A node that is not an ECS instance is never a candidate, whatever its providerID looks like. Candidates are made once
for each change of a node, not once for each Service that looks at it.
"""

from collections.abc import Mapping
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
