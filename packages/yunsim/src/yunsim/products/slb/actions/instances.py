"""Balancers: create, list, describe, delete. What changes one is in modifications.py."""

from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

from yunsim.errors import ApiError
from yunsim.products import lists, tagging
from yunsim.products.slb import billing, rules
from yunsim.products.slb.answers import milliseconds, moment
from yunsim.products.slb.state import LoadBalancer
from yunsim.products.tagging import TagPair
from yunsim.world import World

INTERNET_IPV6 = ip_network("fd00:c1b::/64")
"""Where internet-facing IPv6 balancers get their addresses."""


def CreateLoadBalancer(
    world: World,
    *,
    RegionId: str,
    Address: str = "",
    AddressIPVersion: str = "ipv4",
    AddressType: str = "",
    AutoPay: bool = False,
    Bandwidth: int | None = None,
    ClientToken: str = "",
    DeleteProtection: str = "off",
    Duration: int | None = None,
    InstanceChargeType: str = "PayBySpec",
    InternetChargeType: str = "paybytraffic",
    LoadBalancerName: str = "",
    LoadBalancerSpec: str = "",
    MasterZoneId: str = "",
    ModificationProtectionReason: str = "",
    ModificationProtectionStatus: str = "NonProtection",
    PayType: str = "PayOnDemand",
    PricingCycle: str = "",
    ResourceGroupId: str = "",
    SlaveZoneId: str = "",
    Tag: Sequence[TagPair] = (),
    VSwitchId: str = "",
    VpcId: str = "",
) -> dict[str, Any]:
    """Make a balancer, once for each ClientToken. What only a subscription needs (AutoPay, Duration) has no effect."""
    request = {name: value for name, value in locals().items() if name not in ("world", "ClientToken")}
    earlier = _answered(world, ClientToken, request)
    if earlier is not None:
        return earlier
    address_type = AddressType or ("intranet" if VSwitchId else "internet")
    rules.tags(Tag)
    rules.room_for_balancer(world)
    made = LoadBalancer(
        id=world.new_id("lb-"),
        name=LoadBalancerName,
        address="",
        address_type=rules.one_of("AddressType", address_type, ("internet", "intranet")),
        created=world.clock.now(),
        address_ip_version=rules.one_of("AddressIPVersion", AddressIPVersion, ("ipv4", "ipv6")),
        resource_group_id=ResourceGroupId or rules.default_resource_group(world),
        delete_protection=rules.one_of("DeleteProtection", DeleteProtection, ("on", "off")),
        pay_type=rules.one_of("PayType", PayType, ("PayOnDemand", "PrePay")),
        tags={pair.Key: pair.Value for pair in Tag},
    )
    made.name = rules.name("LoadBalancerName", LoadBalancerName or made.id)
    rules.modification_protection(made, ModificationProtectionStatus, ModificationProtectionReason)
    billing.charge(made, InstanceChargeType, LoadBalancerSpec, InternetChargeType, Bandwidth)
    vswitch = rules.vswitch(world, made, VSwitchId, VpcId) if address_type == "intranet" else None
    _zones(world, made, MasterZoneId, SlaveZoneId, home=vswitch.zone_id if vswitch else "")
    made.address = _address(world, made, vswitch, Address)
    rules.state(world).load_balancers[made.id] = made
    rules.written(world, made)
    answer = _created(made)
    if ClientToken:
        rules.state(world).tokens[ClientToken] = (request, answer)
    return answer


def _answered(world: World, token: str, request: dict[str, Any]) -> dict[str, Any] | None:
    """Return the answer that the token got before.

    Raises ApiError (IdempotentParameterMismatch) when the parameters differ; the code is that of the ECS reference,
    "How to ensure idempotence", the SLB reference has none.
    """
    if token not in rules.state(world).tokens:
        return None
    before, answer = rules.state(world).tokens[token]
    if before != request:
        different = ", ".join(sorted(name for name in request if request[name] != before[name]))
        raise ApiError(
            400,
            "IdempotentParameterMismatch",
            "The request uses the same client token as a previous, but non-identical request."
            f" Do not reuse a client token with different requests (different: {different}).",
        )
    return answer


def _address(world: World, made: LoadBalancer, vswitch: Any, address: str) -> str:
    """Give the balancer an address of its vSwitch, or of the internet: the last step, after which nothing fails."""
    if vswitch is None:
        network = INTERNET_IPV6 if made.address_ip_version == "ipv6" else world.internet
        return rules.internet_address(world, made.id, network)
    made.vswitch_id, made.vpc_id = vswitch.id, vswitch.vpc_id
    return rules.private_address(vswitch, made.id, address)


def _zones(world: World, made: LoadBalancer, master: str, slave: str, *, home: str) -> None:
    known = rules.zones(world)
    for name, zone in (("MasterZoneId", master), ("SlaveZoneId", slave)):
        if zone:
            rules.one_of(name, zone, known)
    made.master_zone_id = master or home or known[0]
    others = [zone for zone in known if zone != made.master_zone_id]
    made.slave_zone_id = slave or (others[0] if others else made.master_zone_id)


def _created(made: LoadBalancer) -> dict[str, Any]:
    return {
        "LoadBalancerId": made.id,
        "LoadBalancerName": made.name,
        "Address": made.address,
        "AddressIPVersion": made.address_ip_version,
        "NetworkType": made.network_type,
        "VpcId": made.vpc_id,
        "VSwitchId": made.vswitch_id,
        "ResourceGroupId": made.resource_group_id,
    }


def DescribeLoadBalancers(
    world: World,
    *,
    RegionId: str,
    Address: str = "",
    AddressIPVersion: str = "",
    AddressType: str = "",
    InternetChargeType: str = "",
    LoadBalancerId: str = "",
    LoadBalancerName: str = "",
    LoadBalancerStatus: str = "",
    MasterZoneId: str = "",
    NetworkType: str = "",
    PageNumber: int = 1,
    PageSize: int = 10,
    PayType: str = "",
    ResourceGroupId: str = "",
    ServerId: str = "",
    ServerIntranetAddress: str = "",
    SlaveZoneId: str = "",
    Tag: Sequence[TagPair] = (),
    Tags: str = "",
    VSwitchId: str = "",
    VpcId: str = "",
) -> dict[str, Any]:
    """List the balancers that match everything asked for, 10 a page unless asked otherwise (at most 100)."""
    wanted = {
        "Address": [Address],
        "AddressIPVersion": [AddressIPVersion],
        "AddressType": [AddressType],
        "InternetChargeType": [InternetChargeType],
        "LoadBalancerId": rules.at_most_ten("LoadBalancerId", LoadBalancerId),
        "LoadBalancerName": rules.at_most_ten("LoadBalancerName", LoadBalancerName),
        "LoadBalancerStatus": [LoadBalancerStatus],
        "MasterZoneId": [MasterZoneId],
        "NetworkType": [NetworkType.lower()],
        "PayType": [PayType],
        "ResourceGroupId": [ResourceGroupId],
        "SlaveZoneId": [SlaveZoneId],
        "VSwitchId": [VSwitchId],
        "VpcId": [VpcId],
    }
    asked = {name: values for name, values in wanted.items() if any(values)}
    pairs = [*Tag, *rules.tags_text(Tags)]
    found = [
        each
        for each in rules.state(world).load_balancers.values()
        if tagging.matches(each.tags, pairs)
        and _serves(world, each, ServerId, ServerIntranetAddress)
        and (not asked or _is(world, each, asked))
    ]
    page = lists.numbered(found, PageNumber, PageSize, 100)
    return {
        "LoadBalancers": {"LoadBalancer": [_summary(world, each) for each in page]},
        "PageNumber": PageNumber,
        "PageSize": PageSize,
        "TotalCount": len(found),
    }


def _is(world: World, each: LoadBalancer, asked: dict[str, list[str]]) -> bool:
    """Tell whether what the list would say of the balancer has one of the values asked for in every field."""
    summary = _summary(world, each)
    return all(summary[name] in values for name, values in asked.items())


def _serves(world: World, each: LoadBalancer, server_id: str, addresses: str) -> bool:
    """Tell whether the balancer has that server, and one with one of those addresses, as far as asked."""
    asked = {address.strip() for address in addresses.split(",") if address.strip()}
    if not server_id and not asked:
        return True
    servers = {backend.server_id for group in each.groups.values() for backend in group.backends.values()}
    if server_id and server_id not in servers:
        return False
    found = [thing for server in servers if (thing := world.find(server)) is not None]
    return not asked or any(asked.intersection(thing.addresses()) for thing in found)


def _summary(world: World, each: LoadBalancer) -> dict[str, Any]:
    """Return what both the list and the attribute action tell of a balancer."""
    return {
        **_created(each),
        "AddressType": each.address_type,
        "Bandwidth": each.bandwidth,
        "CreateTime": moment(each.created),
        "CreateTimeStamp": milliseconds(each.created),
        "DeleteProtection": each.delete_protection,
        "InstanceChargeType": each.instance_charge_type,
        "InternetChargeType": each.internet_charge_type,
        "InternetChargeTypeAlias": each.internet_charge_type,
        "LoadBalancerSpec": each.spec,
        "LoadBalancerStatus": each.status,
        "MasterZoneId": each.master_zone_id,
        "ModificationProtectionReason": each.modification_protection_reason,
        "ModificationProtectionStatus": each.modification_protection_status,
        "PayType": each.pay_type,
        "RegionId": world.region,
        "RegionIdAlias": world.region,
        "SlaveZoneId": each.slave_zone_id,
        "Tags": tagging.answer(each.tags),
    }


def DescribeLoadBalancerAttribute(world: World, *, LoadBalancerId: str) -> dict[str, Any]:
    """Tell everything of one balancer; its default server group (`BackendServers`) is always empty here."""
    found = rules.load_balancer(world, LoadBalancerId)
    summary = _summary(world, found)
    del summary["InternetChargeTypeAlias"]
    listeners = list(found.listeners.values())
    return {
        **summary,
        "BackendServers": {"BackendServer": []},
        "ListenerPorts": {"ListenerPort": [each.port for each in listeners]},
        "ListenerPortsAndProtocal": {
            "ListenerPortAndProtocal": [
                {"ListenerPort": each.port, "ListenerProtocal": each.protocol} for each in listeners
            ]
        },
        "ListenerPortsAndProtocol": {
            "ListenerPortAndProtocol": [
                {
                    "ListenerPort": each.port,
                    "ListenerProtocol": each.protocol,
                    "Description": each.settings.get("Description", ""),
                    "ListenerForward": each.settings.get("ListenerForward", "off"),
                    **({"ForwardPort": port} if (port := each.settings.get("ForwardPort")) else {}),
                }
                for each in listeners
            ]
        },
    }


def DeleteLoadBalancer(world: World, *, LoadBalancerId: str) -> dict[str, Any]:
    """Delete a balancer that is not protected, with its listeners and groups; its address becomes free."""
    found = rules.writable(world, LoadBalancerId)
    rules.deletable(found)
    rules.state(world).remove_load_balancer(found)
    vswitch = world.find(found.vswitch_id) if found.vswitch_id else None
    if vswitch is not None:
        vswitch.release(found.address)
    world.release_internet_address(found.address)
    world.changed(found.id)
    return {}
