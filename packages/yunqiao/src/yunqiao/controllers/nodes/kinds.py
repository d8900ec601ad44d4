"""What kind of machine a node is on, by what the node itself says; and the taints and labels that mean something here.

The incumbent takes any providerID with a dot for an instance of ours; here each node is exactly one kind, and only the
first two are ever initialised as ECS instances, tainted, or deleted.
"""

from collections.abc import Iterable
from enum import Enum

from yunqiao.model.candidate import HYBRID
from yunqiao.model.cluster import Node, Taint
from yunqiao.model.instance import read_provider_id
from yunqiao.model.machine import is_virtual

UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"
SHUTDOWN = "node.cloudprovider.kubernetes.io/shutdown"
"""https://kubernetes.io/docs/reference/labels-annotations-taints/#node-cloudprovider-kubernetes-io-shutdown"""

LINGJUN = "alibabacloud.com/lingjun-worker"
LINGJUN_ELSEWHERE = "alibabacloud.com/lingjun-tianwen-environment"


class Kind(Enum):
    """What a node is."""

    INSTANCE = "ecs"
    """It says which ECS instance of our region it is."""
    UNNAMED = "unnamed"
    """It does not say; an ECS instance may have its address."""
    ELSEWHERE = "other-region"
    """It says that it is an ECS instance of another region, whose API is not asked."""
    LINGJUN = "lingjun"
    """A Lingjun machine: no ECS instance."""
    HYBRID = "hybrid"
    """A machine in a data centre."""
    VIRTUAL = "virtual"
    """No machine at all: a virtual kubelet."""
    FOREIGN = "foreign"
    """Somebody else's machine: another cloud's, or one that its providerID does not tell."""


def kind_of(node: Node, region: str) -> Kind:
    """Give the kind of a node."""
    labels, text = node.metadata.labels, node.spec.provider_id
    if is_virtual(node):
        return Kind.VIRTUAL
    if text.startswith(HYBRID):
        return Kind.HYBRID
    claim = read_provider_id(text)
    if claim is not None:
        return Kind.INSTANCE if claim.region == region else Kind.ELSEWHERE
    if labels.get(LINGJUN) == "true":
        return Kind.FOREIGN if LINGJUN_ELSEWHERE in labels else Kind.LINGJUN
    return Kind.FOREIGN if text else Kind.UNNAMED


def is_uninitialized(node: Node) -> bool:
    """Whether the node waits for us before anything may run there."""
    return has_taint(node.spec.taints, UNINITIALIZED)


def has_taint(taints: Iterable[Taint], key: str) -> bool:
    """Whether there is a taint of that key, whatever its value and effect."""
    return any(taint.key == key for taint in taints)


def readiness(node: Node) -> str:
    """Status of its Ready condition: True, False, Unknown (nothing is heard of the kubelet), or empty."""
    return condition(node, "Ready")


def condition(node: Node, kind: str) -> str:
    """Status of a condition, empty when there is none."""
    return next((one.status for one in node.status.conditions if one.type == kind), "")


def addresses(node: Node, kind: str) -> tuple[str, ...]:
    """The node's addresses of one type."""
    return tuple(one.address for one in node.status.addresses if one.type == kind)
