"""Elastic IP addresses, as the world file made them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from yunsim.products import lists, tagging
from yunsim.products.tagging import TagPair
from yunsim.products.vpc import answers, rules
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
        for each in rules.state(world).elastic_ips.values()
        if not (LockReason or PublicIpAddressPoolId or SegmentInstanceId or ServiceManaged)
        and AllocationId in ("", each.id)
        and EipAddress in ("", each.ip_address)
        and EipName in ("", each.name)
        and AssociatedInstanceId in ("", each.instance_id)
        and AssociatedInstanceType in ("", each.instance_type)
        and Status in ("", _status(each))
        and tagging.matches(each.tags, Tag)
    ]
    page = lists.numbered(found, PageNumber, PageSize, 100)
    return {
        "EipAddresses": {"EipAddress": [_answer(world, each) for each in page]},
        "PageNumber": PageNumber,
        "PageSize": PageSize,
        "TotalCount": len(found),
    }


def _status(each: ElasticIp) -> str:
    return "InUse" if each.instance_id else "Available"


def _answer(world: World, each: ElasticIp) -> dict[str, Any]:
    return {
        "AllocationId": each.id,
        "AllocationTime": answers.moment(each.created),
        "IpAddress": each.ip_address,
        "Name": each.name,
        "InstanceId": each.instance_id,
        "InstanceType": each.instance_type,
        "InstanceRegionId": world.region if each.instance_id else "",
        "Status": _status(each),
        "RegionId": world.region,
        "Bandwidth": "5",
        "EipBandwidth": "5",
        "BusinessStatus": "Normal",
        "ChargeType": "PostPaid",
        "InternetChargeType": "PayByTraffic",
        "ISP": "BGP",
        "Netmode": "public",
        "OperationLocks": {"LockReason": []},
        "ResourceGroupId": answers.owned(world)["ResourceGroupId"],
        "SecurityProtectionTypes": {"SecurityProtectionType": []},
        "Tags": answers.tags(each.tags),
    }
