"""Is a node the ECS instance that it says it is? What its kubelet reports of the machine, against what ECS knows of it.

A kubelet may register its node with any providerID; routes and load balancers that believed it would lead traffic to
the instance it names. So nothing is routed or attached to an instance that is not shown to be the kubelet's machine.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from uuid import UUID

from yunqiao.model.cluster import Node
from yunqiao.model.instance import Instance

PROVIDED_IP = "alpha.kubernetes.io/provided-node-ip"
"""The annotation in which a kubelet repeats its --node-ip."""
KEPT_OUT = ("service.beta.kubernetes.io/exclude-node", "service.alibabacloud.com/exclude-node")
"""Labels (of any value) by which a node's owner keeps it out of all that we do."""
VIRTUAL = (("type", "virtual-kubelet"), ("alibabacloud.com/virtual-node", "true"))
"""Labels of a node that is no machine at all: a virtual kubelet."""

WRONG_NUMBER = (
    'its systemUUID is "{number}", but the ECS instance {id} has the SerialNumber "{serial}": it is not taken for that '
    "instance; register the node anew with the right providerID"
)
WRONG_ADDRESS = (
    "the ECS instance {id} ({theirs}) has none of its addresses ({ips}): it is not taken for that instance; register "
    "the node anew with the right providerID"
)


@dataclass(frozen=True, slots=True)
class Machine:
    """What a kubelet reports: the machine's number (systemUUID, may be empty) and the addresses it can be known by."""

    number: str = ""
    ips: tuple[str, ...] = ()

    def doubt(self, instance: Instance) -> str:
        """Say why it is not that instance, empty when nothing speaks against it: the number decides, else addresses."""
        if self.number and instance.serial_number:
            same = same_machine(self.number, instance.serial_number)
            told = {"number": self.number, "id": instance.id, "serial": instance.serial_number}
            return "" if same else WRONG_NUMBER.format(**told)
        if self.is_at(instance) is False:
            theirs = ", ".join(sorted(instance.addresses)) or "no address"
            return WRONG_ADDRESS.format(id=instance.id, theirs=theirs, ips=", ".join(self.ips))
        return ""

    def is_at(self, instance: Instance) -> bool | None:
        """Whether the instance has an address of the machine; None when the machine has none yet."""
        return not set(self.ips).isdisjoint(map(plain, instance.addresses)) if self.ips else None


def machine_of(node: Node) -> Machine:
    """What the node's kubelet reports."""
    return Machine(node.status.node_info.system_uuid, own_ips(node))


def is_virtual(node: Node) -> bool:
    """Whether the node is a virtual kubelet, whose pods are reached by their own network interfaces."""
    return any(node.metadata.labels.get(key) == value for key, value in VIRTUAL)


def is_kept_out(node: Node) -> bool:
    """Whether its owner keeps the node out."""
    return not node.metadata.labels.keys().isdisjoint(KEPT_OUT)


def own_ips(node: Node) -> tuple[str, ...]:
    """The addresses by which a node can be known: its InternalIPs, and what its kubelet was told with --node-ip."""
    told = node.metadata.annotations.get(PROVIDED_IP, "").replace(" ", "").split(",")
    internal = (one.address for one in node.status.addresses if one.type == "InternalIP")
    return tuple(dict.fromkeys(map(plain, (*internal, *filter(None, told)))))


def plain(address: str) -> str:
    """An address in its one short spelling; what is no address stays as it is."""
    try:
        return str(ip_address(address))
    except ValueError:
        return address


def same_machine(system_uuid: str, serial_number: str) -> bool:
    """Whether what the kubelet read from the firmware is the instance's SerialNumber.

    Letter case means nothing, and firmware tables up to SMBIOS 2.5 and from 2.6 on differ in the byte order of the
    first three groups (https://www.dmtf.org/dsp/DSP0134, "System - UUID"), so either order will do.
    """
    try:
        read, number = UUID(system_uuid.strip()), UUID(serial_number.strip())
    except ValueError:
        return system_uuid.strip().lower() == serial_number.strip().lower() != ""
    return read.bytes in (number.bytes, number.bytes_le)
