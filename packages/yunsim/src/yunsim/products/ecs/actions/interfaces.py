"""Elastic network interfaces: list, describe, change."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from yunsim.products import tagging
from yunsim.products.ecs import answers, rules
from yunsim.products.ecs.paging import page
from yunsim.products.tagging import TagPair
from yunsim.world import World


@dataclass(frozen=True, slots=True)
class ConnectionTracking:
    """`ConnectionTrackingConfiguration`: timeouts in seconds; taken, and of no effect here."""

    TcpClosedAndTimeWaitTimeout: int = 3
    TcpEstablishedTimeout: int = 910
    UdpTimeout: int = 30


@dataclass(frozen=True, slots=True)
class Enhanced:
    """`EnhancedNetwork`: taken, and of no effect here."""

    EnableExpress: bool = False
    EnableRss: bool = False
    EnableSriov: bool = False
    VirtualFunctionQuantity: int = 0
    VirtualFunctionTotalQueueNumber: int = 0


@dataclass(frozen=True, slots=True)
class Traffic:
    """`NetworkInterfaceTrafficConfig`: taken, and of no effect here."""

    NetworkInterfaceTrafficMode: str = "Standard"
    QueueNumber: int = 2
    QueuePairNumber: int = 0
    RxQueueSize: int = 0
    TxQueueSize: int = 0


def DescribeNetworkInterfaces(
    world: World,
    *,
    RegionId: str,
    InstanceId: str = "",
    Ipv6Address: Sequence[str] = (),
    MaxResults: int | None = None,
    NetworkInterfaceId: Sequence[str] = (),
    NetworkInterfaceName: str = "",
    NextToken: str = "",
    PageNumber: int | None = None,
    PageSize: int | None = None,
    PrimaryIpAddress: str = "",
    PrivateIpAddress: Sequence[str] = (),
    ResourceGroupId: str = "",
    SecurityGroupId: str = "",
    ServiceManaged: bool | None = None,
    Status: str = "",
    Tag: Sequence[TagPair] = (),
    Type: str = "",
    VSwitchId: str = "",
    VpcId: str = "",
) -> dict[str, Any]:
    """List interfaces that match everything asked for; an address list finds an interface by any of its addresses."""
    ids = rules.at_most("NetworkInterfaceId", NetworkInterfaceId)
    private = set(rules.at_most("PrivateIpAddress", PrivateIpAddress))
    ipv6 = set(rules.at_most("Ipv6Address", Ipv6Address))
    found = [
        each
        for each in rules.state(world).interfaces.values()
        if (not ids or each.id in ids)
        and (not private or not private.isdisjoint(each.private_ips))
        and (not ipv6 or not ipv6.isdisjoint(each.ipv6))
        and InstanceId in ("", each.instance_id)
        and NetworkInterfaceName in ("", each.name)
        and PrimaryIpAddress in ("", each.private_ips[0])
        and (not SecurityGroupId or SecurityGroupId in each.security_group_ids)
        and not ServiceManaged
        and Status in ("", each.status)
        and tagging.matches(each.tags, Tag)
        and Type in ("", each.type)
        and VSwitchId in ("", each.vswitch_id)
        and VpcId in ("", each.vpc_id)
    ]
    shown, described = page(
        found, token=NextToken, most_results=MaxResults, number=PageNumber, size=PageSize, largest=500
    )
    sets = [answers.interface(world, each) for each in shown]
    return {"NetworkInterfaceSets": {"NetworkInterfaceSet": sets}, **described}


def DescribeNetworkInterfaceAttribute(
    world: World, *, RegionId: str, NetworkInterfaceId: str, Attribute: str = "", Tag: Sequence[TagPair] = ()
) -> dict[str, Any]:
    """Tell everything of one interface."""
    return {
        **answers.interface(world, rules.interface(world, NetworkInterfaceId)),
        "BondInterfaceSpecification": {},
        "SlaveInterfaceSpecification": {},
        "ConnectionTrackingConfiguration": {
            "TcpEstablishedTimeout": 910,
            "TcpClosedAndTimeWaitTimeout": 3,
            "UdpTimeout": 30,
        },
        "EnhancedNetwork": {},
        "NetworkInterfaceTrafficConfig": {"NetworkInterfaceTrafficMode": "Standard", "QueueNumber": 2},
        "TcpOptionAddressEnabled": "false",
    }


def ModifyNetworkInterfaceAttribute(
    world: World,
    *,
    RegionId: str,
    NetworkInterfaceId: str,
    ConnectionTrackingConfiguration: ConnectionTracking | None = None,
    DeleteOnRelease: bool | None = None,
    Description: str | None = None,
    EnablePrimaryIPv6: bool | None = None,
    EnhancedNetwork: Enhanced | None = None,
    NetworkInterfaceName: str | None = None,
    NetworkInterfaceTrafficConfig: Traffic | None = None,
    QueueNumber: int | None = None,
    RxQueueSize: int | None = None,
    SecurityGroupId: Sequence[str] = (),
    SourceDestCheck: bool | None = None,
    TxQueueSize: int | None = None,
) -> dict[str, Any]:
    """Change an interface; what is left out stays."""
    found = rules.interface(world, NetworkInterfaceId)
    given = {
        "delete_on_release": DeleteOnRelease,
        "description": Description,
        "name": NetworkInterfaceName,
        "source_dest_check": SourceDestCheck,
        "security_group_ids": list(SecurityGroupId) or None,
    }
    for field, value in given.items():
        if value is not None:
            setattr(found, field, value)
    world.changed(found.id)
    return {}
