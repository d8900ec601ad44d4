"""Which instance does a node claim to be? Whether it is that instance, model/machine.py says."""

from functools import lru_cache

from yunqiao.model.cluster import Node
from yunqiao.model.instance import InstanceId, read_provider_id
from yunqiao.model.machine import is_kept_out, is_virtual

NOT_FOUND = (
    "its providerID names the ECS instance {id}, which is not found in {region}: if it exists, check the region and "
    "the RAM permission ecs:DescribeInstances"
)


_read = lru_cache(maxsize=1 << 16)(read_provider_id)


def claim_of(node: Node, region: str) -> InstanceId | None:
    """The instance of our region that a node claims to be; None for every other node, which is left alone."""
    if node.metadata.labels and (is_kept_out(node) or is_virtual(node)):
        return None
    claim = _read(node.spec.provider_id)
    return claim if claim is not None and claim.region == region else None
