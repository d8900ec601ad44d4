"""Which change of a node concerns its routes: a pure look at what bears on them, so that heartbeats cost nothing."""

from yunqiao.model.cluster import Node
from yunqiao.model.machine import KEPT_OUT, VIRTUAL


def concerns(node: Node | None) -> tuple[object, ...]:
    """Everything about a node that routes depend on; its ranges, its instance, and whether it is to have any."""
    if node is None:
        return ()
    meta, spec = node.metadata, node.spec
    return (
        meta.uid,
        meta.deletion_timestamp,
        spec.provider_id,
        spec.pod_cidr,
        tuple(spec.pod_cidrs),
        node.status.node_info.system_uuid,
        tuple(one.address for one in node.status.addresses if one.type == "InternalIP"),
        tuple(meta.labels.get(label) for label in (*KEPT_OUT, *(key for key, _ in VIRTUAL))),
    )
