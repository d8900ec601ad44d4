"""Which instance does a node claim to be, and does the cloud agree? No packet is sent on a kubelet's word alone.

A kubelet may register its node with any providerID; a route to the instance it names would lead the pods' traffic
there. So the instance must exist, and be the machine (its number, else an address) that the kubelet reports.
"""

from functools import lru_cache

from yunqiao.cloud.ecs import Instance
from yunqiao.model.cluster import Node
from yunqiao.model.instance import InstanceId, read_provider_id, same_machine

EXCLUDED = ("service.beta.kubernetes.io/exclude-node", "service.alibabacloud.com/exclude-node")
VIRTUAL = (("type", "virtual-kubelet"), ("alibabacloud.com/virtual-node", "true"))

NOT_FOUND = (
    "its providerID names the ECS instance {id}, which is not found in {region}: if it exists, check the region and "
    "the RAM permission ecs:DescribeInstances"
)
OTHER_NUMBER = (
    'its systemUUID is "{uuid}", but the ECS instance {id} has the SerialNumber "{serial}": nothing is routed there; '
    "register the node anew with the right providerID"
)
OTHER_ADDRESS = (
    "the ECS instance {id} ({theirs}) has none of its addresses ({ips}): nothing is routed there; register the node "
    "anew with the right providerID"
)


_read = lru_cache(maxsize=1 << 16)(read_provider_id)


def claim_of(node: Node, region: str) -> InstanceId | None:
    """The instance of our region that a node claims to be; None for every other node, which is left alone."""
    labels = node.metadata.labels
    if labels and (not labels.keys().isdisjoint(EXCLUDED) or any(labels.get(key) == value for key, value in VIRTUAL)):
        return None
    claim = _read(node.spec.provider_id)
    return claim if claim is not None and claim.region == region else None


def doubt(node: Node, instance: Instance) -> str:
    """Say why the node is not that instance, "" when nothing speaks against it."""
    number = node.status.node_info.system_uuid
    if number and instance.serial_number:
        if same_machine(number, instance.serial_number):
            return ""
        return OTHER_NUMBER.format(uuid=number, id=instance.id, serial=instance.serial_number)
    ips = [one.address for one in node.status.addresses if one.type == "InternalIP"]
    if not ips or not instance.addresses or any(ip in instance.addresses for ip in ips):
        return ""
    theirs = ", ".join(sorted(instance.addresses))
    return OTHER_ADDRESS.format(id=instance.id, theirs=theirs, ips=", ".join(ips))
