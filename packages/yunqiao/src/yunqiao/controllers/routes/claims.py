"""Which instance does a node claim to be? Whether it is that instance, model/machine.py says."""

from functools import lru_cache

from yunqiao.model.cluster import Node
from yunqiao.model.instance import InstanceId, read_provider_id

EXCLUDED = ("service.beta.kubernetes.io/exclude-node", "service.alibabacloud.com/exclude-node")
VIRTUAL = (("type", "virtual-kubelet"), ("alibabacloud.com/virtual-node", "true"))

NOT_FOUND = (
    "its providerID names the ECS instance {id}, which is not found in {region}: if it exists, check the region and "
    "the RAM permission ecs:DescribeInstances"
)


_read = lru_cache(maxsize=1 << 16)(read_provider_id)


def claim_of(node: Node, region: str) -> InstanceId | None:
    """The instance of our region that a node claims to be; None for every other node, which is left alone."""
    labels = node.metadata.labels
    if labels and (not labels.keys().isdisjoint(EXCLUDED) or any(labels.get(key) == value for key, value in VIRTUAL)):
        return None
    claim = _read(node.spec.provider_id)
    return claim if claim is not None and claim.region == region else None
