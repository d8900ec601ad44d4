"""The addresses of network interfaces: assigned, taken away, chosen. Each change is there at once."""

from collections.abc import Callable, Sequence
from ipaddress import IPv6Network
from typing import Any

from yunsim.products.ecs import interface_rules, rules
from yunsim.world import World


def AssignPrivateIpAddresses(
    world: World,
    *,
    RegionId: str,
    NetworkInterfaceId: str,
    ClientToken: str = "",
    Ipv4Prefix: Sequence[str] = (),
    Ipv4PrefixCount: int | None = None,
    PrivateIpAddress: Sequence[str] = (),
    SecondaryPrivateIpAddressCount: int | None = None,
) -> dict[str, Any]:
    """Give an interface these further addresses, or so many, once for each ClientToken; answer the new ones."""

    def assign() -> dict[str, Any]:
        found = rules.interface(world, NetworkInterfaceId)
        asked = further(PrivateIpAddress, SecondaryPrivateIpAddressCount)
        named = [address for address in asked if address]
        interface_rules.room(interface_rules.vswitch(world, found.vswitch_id), named, len(asked) - len(named))
        new = rules.state(world).assign(world, found, asked)
        world.changed(found.id)
        return {
            "AssignedPrivateIpAddressesSet": {
                "NetworkInterfaceId": found.id,
                "PrivateIpSet": {"PrivateIpAddress": new},
                "Ipv4PrefixSet": {"Ipv4Prefixes": []},
            }
        }

    return once(world, ClientToken, assign)


def UnassignPrivateIpAddresses(
    world: World,
    *,
    RegionId: str,
    NetworkInterfaceId: str,
    Ipv4Prefix: Sequence[str] = (),
    PrivateIpAddress: Sequence[str] = (),
) -> dict[str, Any]:
    """Take further addresses away from an interface; the primary one stays with it."""
    found = rules.interface(world, NetworkInterfaceId)
    interface_rules.assigned(found.private_ips[1:], PrivateIpAddress)
    rules.state(world).unassign(world, found, PrivateIpAddress)
    world.changed(found.id)
    return {}


def AssignIpv6Addresses(
    world: World,
    *,
    RegionId: str,
    NetworkInterfaceId: str,
    ClientToken: str = "",
    Ipv6Address: Sequence[str] = (),
    Ipv6AddressCount: int | None = None,
    Ipv6Prefix: Sequence[str] = (),
    Ipv6PrefixCount: int | None = None,
) -> dict[str, Any]:
    """Give an interface these IPv6 addresses, or so many, once for each ClientToken."""

    def assign() -> dict[str, Any]:
        found = rules.interface(world, NetworkInterfaceId)
        vswitch = interface_rules.vswitch(world, found.vswitch_id)
        new = ipv6(world, vswitch, Ipv6Address, Ipv6AddressCount)
        found.ipv6.extend(new)
        world.changed(found.id)
        return {
            "NetworkInterfaceId": found.id,
            "Ipv6Sets": {"Ipv6Address": new},
            "Ipv6PrefixSets": {"Ipv6Prefix": []},
        }

    return once(world, ClientToken, assign)


def UnassignIpv6Addresses(
    world: World,
    *,
    RegionId: str,
    NetworkInterfaceId: str,
    Ipv6Address: Sequence[str] = (),
    Ipv6Prefix: Sequence[str] = (),
) -> dict[str, Any]:
    """Take IPv6 addresses away from an interface."""
    found = rules.interface(world, NetworkInterfaceId)
    interface_rules.assigned(found.ipv6, Ipv6Address)
    found.ipv6 = [address for address in found.ipv6 if address not in Ipv6Address]
    world.changed(found.id)
    return {}


def further(addresses: Sequence[str], count: int | None) -> list[str]:
    """Return the further addresses asked for: these, or so many of the vSwitch's choice ("")."""
    if not addresses and count is None:
        return []
    interface_rules.either("PrivateIpAddress", addresses, "SecondaryPrivateIpAddressCount", count)
    return list(addresses) or [""] * (count or 0)


def ipv6(world: World, vswitch: Any, addresses: Sequence[str], count: int | None) -> list[str]:
    """Return the IPv6 addresses asked for: these, or so many that are free."""
    if not addresses and count is None:
        return []
    interface_rules.either("Ipv6Address", addresses, "Ipv6AddressCount", count)
    interface_rules.ipv6_room(world, vswitch, addresses)
    return list(addresses) or _free_ipv6(world, vswitch, count or 0)


def _free_ipv6(world: World, vswitch: Any, count: int) -> list[str]:
    taken = {address for each in rules.state(world).interfaces.values() for address in each.ipv6}
    hosts = (str(host) for host in IPv6Network(vswitch.ipv6_cidr_block).hosts())
    free = (host for host in hosts if host not in taken)
    return [next(free) for _ in range(count)]


def once(world: World, token: str, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Act, or give the answer that this ClientToken got before ("How to ensure idempotence")."""
    known = rules.state(world).tokens
    if token and token in known:
        return known[token]
    answer = act()
    if token:
        known[token] = answer
    return answer
