"""Elastic network interfaces: made, attached, detached, deleted. Each change is there at once."""

from collections.abc import Sequence
from typing import Any

from yunsim.products.ecs import answers, interface_rules, rules
from yunsim.products.ecs.actions import interface_addresses as addresses
from yunsim.products.ecs.actions.interfaces import ConnectionTracking, Enhanced, Traffic
from yunsim.products.ecs.state import attach
from yunsim.products.tagging import TagPair
from yunsim.world import World


def CreateNetworkInterface(
    world: World,
    *,
    RegionId: str,
    VSwitchId: str,
    BusinessType: str = "",
    ClientToken: str = "",
    ConnectionTrackingConfiguration: ConnectionTracking | None = None,
    DeleteOnRelease: bool = True,
    Description: str = "",
    EnablePrimaryIPv6: bool = False,
    EnhancedNetwork: Enhanced | None = None,
    InstanceType: str = "",
    Ipv4Prefix: Sequence[str] = (),
    Ipv4PrefixCount: int | None = None,
    Ipv6Address: Sequence[str] = (),
    Ipv6AddressCount: int | None = None,
    Ipv6Prefix: Sequence[str] = (),
    Ipv6PrefixCount: int | None = None,
    NetworkInterfaceName: str = "",
    NetworkInterfaceTrafficConfig: Traffic | None = None,
    NetworkInterfaceTrafficMode: str = "",
    PrimaryIpAddress: str = "",
    PrivateIpAddress: Sequence[str] = (),
    QueueNumber: int | None = None,
    QueuePairNumber: int | None = None,
    ResourceGroupId: str = "",
    RxQueueSize: int | None = None,
    SecondaryPrivateIpAddressCount: int | None = None,
    SecurityGroupId: str = "",
    SecurityGroupIds: Sequence[str] = (),
    SourceDestCheck: bool = True,
    Tag: Sequence[TagPair] = (),
    TxQueueSize: int | None = None,
    Visible: bool = True,
) -> dict[str, Any]:
    """Make an interface, Available, once for each ClientToken; addresses that are not named the vSwitch chooses.

    Address prefixes and what tunes the hardware have no effect.
    """

    def make() -> dict[str, Any]:
        rules.tags(Tag, {})
        vswitch = interface_rules.vswitch(world, VSwitchId)
        private = (PrimaryIpAddress, *addresses.further(PrivateIpAddress, SecondaryPrivateIpAddressCount))
        named = [address for address in private if address]
        interface_rules.room(vswitch, named, len(private) - len(named))
        made = rules.state(world).add_interface(
            world,
            VSwitchId,
            private_ips=private,
            ipv6=tuple(addresses.ipv6(world, vswitch, Ipv6Address, Ipv6AddressCount)),
            name=NetworkInterfaceName,
            description=Description,
            delete_on_release=DeleteOnRelease,
            source_dest_check=SourceDestCheck,
            security_group_ids=[SecurityGroupId] if SecurityGroupId else list(SecurityGroupIds),
            tags={pair.Key: pair.Value for pair in Tag},
        )
        return answers.new_interface(world, made)

    return addresses.once(world, ClientToken, make)


def DeleteNetworkInterface(world: World, *, RegionId: str, NetworkInterfaceId: str) -> dict[str, Any]:
    """Delete an interface that is not in use; its addresses become free."""
    found = rules.interface(world, NetworkInterfaceId)
    interface_rules.in_state(found, "Available")
    rules.state(world).remove_interface(world, found)
    world.changed()
    return {}


def AttachNetworkInterface(
    world: World,
    *,
    RegionId: str,
    InstanceId: str,
    NetworkInterfaceId: str,
    NetworkCardIndex: int | None = None,
    TrunkNetworkInstanceId: str = "",
    WaitForNetworkConfigurationReady: bool = False,
) -> dict[str, Any]:
    """Give an interface to an instance of its VPC and zone, at once; there are no trunk interfaces."""
    instance, found = rules.instance(world, InstanceId), rules.interface(world, NetworkInterfaceId)
    interface_rules.attachable(found, instance)
    attach(found, instance)
    world.changed(found.id)
    return {}


def DetachNetworkInterface(
    world: World, *, RegionId: str, InstanceId: str, NetworkInterfaceId: str, TrunkNetworkInstanceId: str = ""
) -> dict[str, Any]:
    """Take a secondary interface off its instance; it is Available then."""
    instance, found = rules.instance(world, InstanceId), rules.interface(world, NetworkInterfaceId)
    interface_rules.detachable(found, instance)
    instance.interfaces.remove(found)
    found.instance_id, found.status = "", "Available"
    world.changed(found.id)
    return {}
