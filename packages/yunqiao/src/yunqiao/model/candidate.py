"""A node as far as load balancers are concerned: which instance it is, and whether it may take traffic.

A node that is neither an ECS instance nor a virtual node is never a candidate, whatever its providerID looks like.
Candidates are made once for each change of a node, not once for each Service that looks at it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from yunqiao.model.cluster import Node
from yunqiao.model.instance import read_provider_id
from yunqiao.model.machine import KEPT_OUT, Machine, is_virtual, machine_of

CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
EXCLUDED = (
    "node.kubernetes.io/exclude-from-external-load-balancers",
    "alpha.service-controller.kubernetes.io/exclude-balancer",
    *KEPT_OUT,
)
UNREPORTED = Machine()
LEAVING = "ToBeDeletedByClusterAutoscaler"
HYBRID = "ack-hybrid://"
"""Begins the providerID of a machine outside the cloud."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that may take traffic, cut down to what decides it: equal candidates need no new look.

    `leaving` is one that is to take no more: excluded by a label, or about to be deleted by the autoscaler. `virtual`
    is one without a machine (no `instance`): its pods are reached by their own network interfaces. `machine` is what
    its kubelet reports, and `confirmed` says that ECS bears that out: until then the instance is not attached anywhere.
    """

    name: str
    instance: str
    ready: bool
    unschedulable: bool
    labels: Mapping[str, str]
    leaving: bool = False
    virtual: bool = False
    region: str = ""
    machine: Machine = UNREPORTED
    confirmed: bool = True


def candidate(node: Node) -> Candidate | None:
    """The node as a candidate, or None when it can never be one."""
    labels = node.metadata.labels
    virtual = is_virtual(node)
    instance = None if virtual else read_provider_id(node.spec.provider_id)
    if (instance is None and not virtual) or any(label in labels for label in CONTROL_PLANE):
        return None
    ready = any(one.type == "Ready" and one.status == "True" for one in node.status.conditions)
    leaving = any(label in labels for label in EXCLUDED) or any(one.key == LEAVING for one in node.spec.taints)
    name, unschedulable = node.metadata.name, node.spec.unschedulable
    if instance is None:
        return Candidate(name, "", ready, unschedulable, labels, leaving, virtual)
    return Candidate(
        name, instance.id, ready, unschedulable, labels, leaving, virtual, instance.region, machine_of(node)
    )  # fmt: skip


def unreadable(node: Node) -> str:
    """Why a node that should be a candidate cannot be one, in words for its owner; empty when there is nothing to say.

    Nodes that are excluded, that have no providerID yet, or that say that they are elsewhere, are as they should be.
    """
    text, labels = node.spec.provider_id, node.metadata.labels
    expected = text and not text.startswith(HYBRID) and not any(one in labels for one in (*CONTROL_PLANE, *EXCLUDED))
    if not expected or is_virtual(node) or read_provider_id(text) is not None:
        return ""
    return (
        f'providerID "{text}" names no ECS instance (<region>.<instance id>, alicloud://<region>.<instance id>): '
        "no load balancer sends traffic to this node; a providerID cannot change, so register the node anew"
    )
