"""Which change of a node concerns us: a pure look at what bears on it, so that heartbeats and images cost nothing."""

from yunqiao.controllers.nodes.kinds import SHUTDOWN, addresses, has_taint, is_uninitialized, readiness
from yunqiao.controllers.nodes.want import labels
from yunqiao.model.cluster import Node
from yunqiao.model.instance import Instance
from yunqiao.model.machine import PROVIDED_IP, is_kept_out

OURS = tuple(labels(Instance("")))
"""The labels that we write."""


def concerns(node: Node) -> tuple[object, ...]:
    """Everything about a node that we read or write; two nodes that are alike in this need the same done to them."""
    meta = node.metadata
    return (
        meta.uid,
        node.spec.provider_id,
        addresses(node, "InternalIP"),
        meta.annotations.get(PROVIDED_IP),
        node.status.node_info.system_uuid,
        tuple(meta.labels.get(label) for label in OURS),
        is_kept_out(node),
        is_uninitialized(node),
        has_taint(node.spec.taints, SHUTDOWN),
        readiness(node),
        meta.deletion_timestamp,
    )
