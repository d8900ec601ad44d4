"""Elastic IP addresses: found, allocated, associated with instances and balancers, released.

An association takes effect `busy.vpc` seconds after the call; until then the address is Associating or Unassociating.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from yunsim.products import lists, tagging
from yunsim.products.tagging import TagPair
from yunsim.products.vpc import answers, elastic_ip_rules, rules
from yunsim.products.vpc.state import ElasticIp
from yunsim.world import World


@dataclass(frozen=True, slots=True)
class Filter:
    """`Filter.N`: a creation time to compare with; taken, and of no effect here."""

    Key: str = ""
    Value: str = ""


def DescribeEipAddresses(
    world: World,
    *,
    RegionId: str,
    AllocationId: str = "",
    AssociatedInstanceId: str = "",
    AssociatedInstanceType: str = "",
    ChargeType: str = "",
    DryRun: bool = False,
    EipAddress: str = "",
    EipName: str = "",
    Filter: Sequence[Filter] = (),
    ISP: str = "",
    IncludeReservationData: bool = False,
    LockReason: str = "",
    PageNumber: int = 1,
    PageSize: int = 10,
    PublicIpAddressPoolId: str = "",
    ResourceGroupId: str = "",
    SecurityProtectionEnabled: bool | None = None,
    SegmentInstanceId: str = "",
    ServiceManaged: bool | None = None,
    Status: str = "",
    Tag: Sequence[TagPair] = (),
) -> dict[str, Any]:
    """List addresses, by what they are associated with among others; 10 a page (at most 100)."""
    rules.not_dry(dry_run=DryRun)
    found = [
        each
        for each in map(partial(elastic_ip_rules.current, world), rules.state(world).elastic_ips.values())
        if not (LockReason or PublicIpAddressPoolId or SegmentInstanceId or ServiceManaged)
        and AllocationId in ("", each.id)
        and EipAddress in ("", each.ip_address)
        and EipName in ("", each.name)
        and AssociatedInstanceId in ("", each.instance_id)
        and AssociatedInstanceType in ("", each.instance_type)
        and Status in ("", elastic_ip_rules.status(world, each))
        and tagging.matches(each.tags, Tag)
    ]
    page = lists.numbered(found, PageNumber, PageSize, 100)
    return {
        "EipAddresses": {"EipAddress": [_answer(world, each) for each in page]},
        "PageNumber": PageNumber,
        "PageSize": PageSize,
        "TotalCount": len(found),
    }


def _answer(world: World, each: ElasticIp) -> dict[str, Any]:
    return {
        "AllocationId": each.id,
        "AllocationTime": answers.moment(each.created),
        "IpAddress": each.ip_address,
        "Name": each.name,
        "InstanceId": each.instance_id,
        "InstanceType": each.instance_type,
        "InstanceRegionId": world.region if each.instance_id else "",
        "Status": elastic_ip_rules.status(world, each),
        "RegionId": world.region,
        "Description": each.description,
        "PrivateIpAddress": each.private_ip,
        "Bandwidth": each.bandwidth,
        "EipBandwidth": each.bandwidth,
        "BusinessStatus": "Normal",
        "ChargeType": each.charge_type,
        "InternetChargeType": each.internet_charge_type,
        "ISP": "BGP",
        "Netmode": "public",
        "OperationLocks": {"LockReason": []},
        "ResourceGroupId": answers.owned(world)["ResourceGroupId"],
        "SecurityProtectionTypes": {"SecurityProtectionType": []},
        "Tags": answers.tags(each.tags),
    }


def AllocateEipAddress(
    world: World,
    *,
    RegionId: str,
    ActivityId: int | None = None,
    AutoPay: bool = False,
    Bandwidth: str = "5",
    ClientToken: str = "",
    Description: str = "",
    ISP: str = "",
    InstanceChargeType: str = "PostPaid",
    InstanceId: str = "",
    InternetChargeType: str = "PayByTraffic",
    IpAddress: str = "",
    Name: str = "",
    Netmode: str = "",
    Period: int | None = None,
    PricingCycle: str = "",
    PublicIpAddressPoolId: str = "",
    ResourceGroupId: str = "",
    SecurityProtectionTypes: Sequence[str] = (),
    Tag: Sequence[TagPair] = (),
    Zone: str = "",
) -> dict[str, Any]:
    """Get an address of the world's internet range, once for each ClientToken."""
    known = rules.state(world).tokens
    request = {name: value for name, value in locals().items() if name not in ("world", "ClientToken", "known")}
    if ClientToken in known and known[ClientToken][0] == request:
        return known[ClientToken][1]
    elastic_ip_rules.bandwidth(Bandwidth)
    allocation = world.new_id("eip-")
    made = rules.state(world).add_elastic_ip(
        world,
        elastic_ip_rules.address(world, allocation, IpAddress),
        own_id=allocation,
        name=Name,
        description=Description,
        bandwidth=Bandwidth,
        charge_type=InstanceChargeType,
        internet_charge_type=InternetChargeType,
        tags={pair.Key: pair.Value for pair in Tag},
    )
    group = ResourceGroupId or str(answers.owned(world)["ResourceGroupId"])
    answer = {"AllocationId": made.id, "EipAddress": made.ip_address, "ResourceGroupId": group}
    if ClientToken:
        known[ClientToken] = (request, answer)
    return answer


def AssociateEipAddress(
    world: World,
    *,
    AllocationId: str,
    InstanceId: str,
    ClientToken: str = "",
    InstanceRegionId: str = "",
    InstanceType: str = "EcsInstance",
    Mode: str = "",
    PrivateIpAddress: str = "",
    VpcId: str = "",
) -> dict[str, Any]:
    """Give an instance, an intranet balancer or a network interface a public address."""
    found = elastic_ip_rules.elastic_ip(world, AllocationId)
    elastic_ip_rules.associable(world, found, InstanceId, InstanceType)
    elastic_ip_rules.associate(world, found, InstanceId, InstanceType)
    found.private_ip = PrivateIpAddress
    elastic_ip_rules.written(world, found, InstanceId)
    return {}


def UnassociateEipAddress(
    world: World,
    *,
    AllocationId: str,
    ClientToken: str = "",
    Force: bool = False,
    InstanceId: str = "",
    InstanceType: str = "",
    PrivateIpAddress: str = "",
) -> dict[str, Any]:
    """Take a public address away from what has it."""
    found = elastic_ip_rules.elastic_ip(world, AllocationId)
    elastic_ip_rules.in_status(world, found, "InUse")
    instance_id = found.instance_id
    elastic_ip_rules.dissociate(world, found)
    elastic_ip_rules.written(world, found, instance_id)
    return {}


def ReleaseEipAddress(world: World, *, AllocationId: str) -> dict[str, Any]:
    """Give an address that nothing has back."""
    found = elastic_ip_rules.elastic_ip(world, AllocationId)
    elastic_ip_rules.in_status(world, found, "Available")
    del rules.state(world).elastic_ips[found.id]
    world.release_internet_address(found.ip_address)
    return {}
