"""What is refused of elastic IP addresses, and what state one is in.

Codes and messages are from the error tables of AllocateEipAddress, AssociateEipAddress, UnassociateEipAddress and
ReleaseEipAddress in the VPC 2016-04-28 API reference.
"""

from datetime import timedelta
from typing import Any

from yunsim.errors import ApiError
from yunsim.products.vpc.rules import state
from yunsim.products.vpc.state import ElasticIp
from yunsim.world import World

KINDS = {"EcsInstance": "instance", "SlbInstance": "load-balancer", "NetworkInterface": "network-interface"}
"""The values of InstanceType that exist here, and what each is."""


def elastic_ip(world: World, allocation_id: str) -> ElasticIp:
    """Return the address (InvalidAllocationId.NotFound)."""
    found = state(world).elastic_ips.get(allocation_id)
    if found is None:
        raise ApiError(404, "InvalidAllocationId.NotFound", f"Specified allocation ID is not found: {allocation_id}.")
    return current(world, found)


def current(world: World, found: ElasticIp) -> ElasticIp:
    """Return the address; its association has ended when what it was associated with is gone."""
    if found.instance_id and world.find(found.instance_id) is None:
        dissociate(world, found)
    return found


def associate(world: World, found: ElasticIp, instance_id: str, instance_type: str) -> None:
    """Give the address to an instance, whose traffic it takes from then on."""
    found.instance_id, found.instance_type = instance_id, instance_type
    world.elastic_addresses[instance_id] = found.ip_address


def dissociate(world: World, found: ElasticIp) -> None:
    """Take the address away from what has it."""
    world.elastic_addresses.pop(found.instance_id, None)
    found.instance_id = found.instance_type = found.private_ip = ""


def status(world: World, found: ElasticIp) -> str:
    """Return the Status that DescribeEipAddresses tells."""
    if world.clock.now() < found.busy_until:
        return "Associating" if found.instance_id else "Unassociating"
    return "InUse" if found.instance_id else "Available"


def written(world: World, found: ElasticIp, instance_id: str) -> None:
    """Note a change, which takes `busy_seconds` to be done, and which the instance's traffic may feel."""
    found.busy_until = world.clock.now() + timedelta(seconds=state(world).busy_seconds)
    world.changed(instance_id)


def in_status(world: World, found: ElasticIp, needed: str) -> None:
    """Refuse what the address's status does not allow (IncorrectEipStatus)."""
    if status(world, found) != needed:
        raise ApiError(
            400,
            "IncorrectEipStatus",
            "Current elastic IP status does not support this operation:"
            f" {found.id} is {status(world, found)}, not {needed}.",
        )


def bandwidth(text: str) -> None:
    """Refuse what is no number of Mbit/s (AllocateEipAddress: 1 to 1000; code not documented)."""
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise ApiError(400, "InvalidParameter", f"Specified Bandwidth is not valid: {text!r}; it must be 1 to 1000.")


def address(world: World, holder: str, wanted: str) -> str:
    """Take an address of the internet range for the holder (AllocateEipAddress; code not documented)."""
    taken = world.take_internet_address(holder, world.internet, wanted)
    if not taken:
        raise ApiError(400, "InsufficientEip", f"No elastic IP address is available: {wanted or world.internet}.")
    return taken


def associable(world: World, found: ElasticIp, instance_id: str, instance_type: str) -> None:
    """Refuse what cannot get the address (AssociateEipAddress).

    InvalidInstanceType.ValueNotSupported, IncorrectEipStatus, InvalidInstanceId.NotFound, OperationDenied for a
    balancer that is on the internet itself, InvalidAssociation.Duplicated for one that has an address.
    """
    in_status(world, found, "Available")
    kind = KINDS.get(instance_type)
    if kind is None:
        raise ApiError(
            400,
            "InvalidInstanceType.ValueNotSupported",
            f"The specified value of InstanceType is not supported: {instance_type}; here: {', '.join(KINDS)}.",
        )
    instance: Any = world.find(instance_id)
    if getattr(instance, "resource_type", "") != kind:
        raise ApiError(404, "InvalidInstanceId.NotFound", f"Specified instance does not exist: {instance_id}.")
    if not instance.vpc_id:
        raise ApiError(400, "OperationDenied", f"Specified instance is not in VPC: {instance_id}.")
    if any(current(world, each).instance_id == instance_id for each in state(world).elastic_ips.values()):
        raise ApiError(400, "InvalidAssociation.Duplicated", "Specified instance already is associated.")
