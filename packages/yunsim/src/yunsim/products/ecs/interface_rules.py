"""What the ECS service refuses of network interfaces and their addresses, and where that is documented.

Codes are from the error tables of CreateNetworkInterface, AttachNetworkInterface, DetachNetworkInterface,
DeleteNetworkInterface, AssignPrivateIpAddresses, AssignIpv6Addresses and their counterparts in the ECS 2014-05-26 API
reference, which leaves the messages open (%s).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from ipaddress import IPv6Network, ip_address
from typing import Any

from yunsim.errors import ApiError
from yunsim.products.ecs.rules import invalid, state
from yunsim.products.ecs.state import Instance, NetworkInterface
from yunsim.world import World

SECONDARY_ADDRESSES_PER_CALL = 32
"""AssignPrivateIpAddresses: 1 to 32 for an interface that is Available. Here one in use may have as many: how many an
instance type allows is not modelled."""


def vswitch(world: World, vswitch_id: str) -> Any:
    """Return the vSwitch (InvalidVSwitchId.NotFound)."""
    found: Any = world.find(vswitch_id)
    if getattr(found, "resource_type", "") != "vswitch":
        raise ApiError(404, "InvalidVSwitchId.NotFound", f"The specified VSwitchId does not exist: {vswitch_id!r}.")
    return found


def room(vswitch: Any, addresses: Sequence[str], count: int = 0) -> None:
    """Refuse addresses that a vSwitch cannot give: these, and so many more of its own choice.

    InvalidIp.IpRepeated, InvalidVSwitchId.IpInvalid, InvalidIp.IpAssigned, InvalidVSwitchId.IpNotEnough.
    """
    _once(addresses)
    for address in addresses:
        if not vswitch.contains(address):
            raise _refused(
                "InvalidVSwitchId.IpInvalid",
                f"{address} is not an address of {vswitch.id} ({vswitch.cidr_block}) that may be given.",
            )
        if address in vswitch.taken:
            raise _assigned(address, vswitch.taken[address])
    if len(addresses) + count > vswitch.available():
        raise _refused("InvalidVSwitchId.IpNotEnough", f"{vswitch.id} has {vswitch.available()} free addresses.")


def ipv6_room(world: World, vswitch: Any, addresses: Sequence[str]) -> None:
    """Refuse IPv6 addresses that may not be assigned (InvalidVSwitch.Ipv6NotTurnOn, InvalidIp.Address ...)."""
    if not vswitch.ipv6_cidr_block:
        raise _refused("InvalidVSwitch.Ipv6NotTurnOn", f"{vswitch.id} has no IPv6 CIDR block.")
    _once(addresses)
    block = IPv6Network(vswitch.ipv6_cidr_block)
    for address in addresses:
        if not _inside(address, block):
            raise _refused("InvalidIp.Address", f"{address} is not an address of {vswitch.id} ({block}).")
        holder = next((each.id for each in state(world).interfaces.values() if address in each.ipv6), "")
        if holder:
            raise _assigned(address, holder)


def _inside(address: str, block: IPv6Network) -> bool:
    try:
        return ip_address(address) in block
    except ValueError:
        return False


def _once(addresses: Iterable[str]) -> None:
    for address, times in Counter(addresses).items():
        if times > 1:
            raise _refused("InvalidIp.IpRepeated", f"{address} is listed {times} times.")


def either(one: str, addresses: Sequence[str], other: str, count: int | None) -> None:
    """Refuse addresses together with a number of them, and neither (the parameters' descriptions; code not named)."""
    if bool(addresses) == (count is not None):
        raise invalid(one, list(addresses), f"given, or {other} instead")
    if len(addresses) + (count or 0) > SECONDARY_ADDRESSES_PER_CALL or (count is not None and count < 1):
        raise invalid(one, len(addresses) + (count or 0), f"1 to {SECONDARY_ADDRESSES_PER_CALL} addresses")


def assigned(held: Sequence[str], addresses: Sequence[str]) -> None:
    """Refuse to take addresses away that are not there (UnassignPrivateIpAddresses: InvalidIp.IpUnassigned)."""
    _once(addresses)
    for address in addresses:
        if address not in held:
            raise _refused("InvalidIp.IpUnassigned", f"The interface has no such address to give up: {address}.")


def attachable(interface: NetworkInterface, instance: Instance) -> None:
    """Refuse to attach what is in use, or elsewhere (AttachNetworkInterface)."""
    in_state(interface, "Available")
    if interface.vpc_id != instance.vpc_id:
        raise _refused("InvalidOperation.VpcMismatch", f"{interface.id} and {instance.id} are in different VPCs.")
    if interface.zone_id != instance.zone_id:
        raise _refused(
            "InvalidOperation.AvailabilityZoneMismatch",
            f"{interface.id} is in {interface.zone_id}, {instance.id} in {instance.zone_id}.",
        )


def detachable(interface: NetworkInterface, instance: Instance) -> None:
    """Refuse to detach what is the instance's primary interface, or none of its own (DetachNetworkInterface)."""
    if interface.type == "Primary":
        raise ApiError(
            400,
            "InvalidOperation.DetachPrimaryEniNotAllowed",
            f"The primary interface stays with its instance: {interface.id}.",
        )
    if interface.instance_id != instance.id:
        in_state(interface, f"InUse by {instance.id}")


def in_state(interface: NetworkInterface, needed: str) -> None:
    """Refuse what the interface's state does not allow (InvalidOperation.InvalidEniState)."""
    if interface.status != needed:
        raise ApiError(
            400, "InvalidOperation.InvalidEniState", f"{interface.id} is {interface.status}, it must be {needed}."
        )


def _assigned(address: str, holder: str) -> ApiError:
    return _refused("InvalidIp.IpAssigned", f"{address} is an address of {holder}.")


def _refused(code: str, message: str) -> ApiError:
    return ApiError(403, code, message)
