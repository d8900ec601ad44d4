"""Which addresses a node has, in the order in which they are published.

An address that the kubelet was started with (--node-ip) is the only one of its type; other types stay, the host name
too (k8s.io/cloud-provider, node/helpers/address.go, does the same).
"""

from yunqiao.controllers.nodes.kinds import addresses
from yunqiao.model.cluster import Node, NodeAddress
from yunqiao.model.errors import Refused
from yunqiao.model.instance import Instance
from yunqiao.model.machine import PROVIDED_IP

HOST_NAME_LABEL = "kubernetes.io/hostname"
NOT_ITS_OWN = (
    'annotation {annotation} is "{ip}", which the ECS instance {id} does not have ({theirs}): start the kubelet with '
    "--node-ip set to one of these"
)


def wanted_addresses(node: Node, instance: Instance, *, ipv6: bool) -> tuple[NodeAddress, ...]:
    """Give the addresses of a node. Raises Refused when its kubelet was told one that the instance does not have."""
    external = [NodeAddress(type="ExternalIP", address=ip) for ip in instance.public_ips]
    private = (*instance.private_ips, *(instance.ipv6 if ipv6 else ()))
    internal = [NodeAddress(type="InternalIP", address=ip) for ip in private]
    names = addresses(node, "Hostname") or (node.metadata.labels.get(HOST_NAME_LABEL, node.metadata.name),)
    hosts = [NodeAddress(type="Hostname", address=name) for name in names]
    whole = tuple(dict.fromkeys((*external, *internal, *hosts)))
    return _preferred(node, instance, whole)


def _preferred(node: Node, instance: Instance, whole: tuple[NodeAddress, ...]) -> tuple[NodeAddress, ...]:
    told = node.metadata.annotations.get(PROVIDED_IP, "").replace(" ", "")
    if not told:
        return whole
    first = [one for ip in told.split(",") for one in _called(ip, instance, whole)]
    types = {one.type for one in first}
    return (*first, *(one for one in whole if one.type not in types))


def _called(ip: str, instance: Instance, whole: tuple[NodeAddress, ...]) -> list[NodeAddress]:
    """The published addresses that are this one; an address of a further interface is an internal one as well."""
    same = [one for one in whole if one.address == ip]
    if not same and ip not in instance.addresses:
        theirs = ", ".join(one.address for one in whole if one.type != "Hostname")
        raise Refused(NOT_ITS_OWN.format(annotation=PROVIDED_IP, ip=ip, id=instance.id, theirs=theirs))
    return same or [NodeAddress(type="InternalIP", address=ip)]
