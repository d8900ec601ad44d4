"""Instances: lists, attributes, start, stop and release."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from yunsim.products import lists, tagging
from yunsim.products.ecs import answers, rules
from yunsim.products.ecs.paging import page
from yunsim.products.ecs.state import Instance
from yunsim.products.tagging import TagPair
from yunsim.world import World


@dataclass(frozen=True, slots=True)
class Filter:
    """`Filter.N`: a creation or expiry time to compare with; taken, and of no effect here."""

    Key: str = ""
    Value: str = ""


def DescribeInstances(
    world: World,
    *,
    RegionId: str,
    AdditionalAttributes: Sequence[str] = (),
    DeviceAvailable: bool | None = None,
    DryRun: bool = False,
    EipAddresses: str = "",
    Filter: Sequence[Filter] = (),
    HpcClusterId: str = "",
    HttpEndpoint: str = "",
    HttpPutResponseHopLimit: int | None = None,
    HttpTokens: str = "",
    ImageId: str = "",
    InnerIpAddresses: str = "",
    InstanceChargeType: str = "",
    InstanceIds: str = "",
    InstanceName: str = "",
    InstanceNetworkType: str = "",
    InstanceType: str = "",
    InstanceTypeFamily: str = "",
    InternetChargeType: str = "",
    IoOptimized: bool | None = None,
    Ipv6Address: Sequence[str] = (),
    KeyPairName: str = "",
    LockReason: str = "",
    MaxResults: int | None = None,
    NeedSaleCycle: bool = False,
    NextToken: str = "",
    PageNumber: int | None = None,
    PageSize: int | None = None,
    PrivateIpAddresses: str = "",
    PublicIpAddresses: str = "",
    RdmaIpAddresses: str = "",
    ResourceGroupId: str = "",
    SecurityGroupId: str = "",
    Status: str = "",
    Tag: Sequence[TagPair] = (),
    VSwitchId: str = "",
    VpcId: str = "",
    ZoneId: str = "",
) -> dict[str, Any]:
    """List instances that match everything asked for; the id and address lists are JSON.

    No instance here has a key pair, an HPC cluster, or an RDMA or classic address.
    """
    not_had = (HpcClusterId, InnerIpAddresses, KeyPairName, RdmaIpAddresses)
    locked = rules.lock_reason(LockReason) if LockReason else ""
    ids = rules.json_list("InstanceIds", InstanceIds)
    private = rules.json_list("PrivateIpAddresses", PrivateIpAddresses)
    public = rules.json_list("PublicIpAddresses", PublicIpAddresses)
    elastic = rules.json_list("EipAddresses", EipAddresses)
    wanted_ipv6 = rules.at_most("Ipv6Address", Ipv6Address)
    rules.not_dry(dry_run=DryRun)
    found = [
        each
        for each in rules.state(world).instances.values()
        if not any(not_had)
        and (not ids or each.id in ids)
        and _has(each, private)
        and _has(each, wanted_ipv6)
        and (not public or each.public_ip in public)
        and (not elastic or world.elastic_addresses.get(each.id) in elastic)
        and ImageId in ("", each.image_id)
        and InstanceChargeType in ("", each.charge_type)
        and (not InstanceName or fnmatchcase(each.name, InstanceName))
        and InstanceNetworkType in ("", "vpc")
        and InstanceType in ("", each.instance_type)
        and InstanceTypeFamily in ("", each.instance_type.rpartition(".")[0])
        and (not locked or locked in each.locks)
        and (not SecurityGroupId or SecurityGroupId in each.security_group_ids)
        and Status in ("", each.status)
        and tagging.matches(each.tags, Tag)
        and VSwitchId in ("", each.vswitch_id)
        and VpcId in ("", each.vpc_id)
        and ZoneId in ("", each.zone_id)
    ]
    shown, described = page(
        found, token=NextToken, most_results=MaxResults, number=PageNumber, size=PageSize, largest=100
    )
    return {"Instances": {"Instance": [answers.instance(world, each) for each in shown]}, **described}


def _has(each: Instance, addresses: Sequence[str]) -> bool:
    return not addresses or not set(addresses).isdisjoint(each.addresses())


def DescribeInstanceStatus(
    world: World,
    *,
    RegionId: str,
    InstanceId: Sequence[str] = (),
    PageNumber: int = 1,
    PageSize: int = 10,
    ZoneId: str = "",
    ClusterId: str = "",
) -> dict[str, Any]:
    """List instances and their status alone, 10 a page unless asked otherwise (at most 50)."""
    asked = rules.at_most("InstanceId", InstanceId)
    found = [
        {"InstanceId": each.id, "Status": each.status}
        for each in rules.state(world).instances.values()
        if (not asked or each.id in asked) and ZoneId in ("", each.zone_id)
    ]
    return {
        "InstanceStatuses": {"InstanceStatus": lists.numbered(found, PageNumber, PageSize, 50)},
        "PageNumber": PageNumber,
        "PageSize": PageSize,
        "TotalCount": len(found),
    }


def DescribeInstanceAttribute(world: World, *, InstanceId: str) -> dict[str, Any]:
    """Tell everything of one instance but its network interfaces and tags."""
    return {**answers.instance_attributes(world, rules.instance(world, InstanceId)), "IoOptimized": "optimized"}


def StartInstance(
    world: World, *, InstanceId: str, DryRun: bool = False, InitLocalDisk: bool = True, SourceRegionId: str = ""
) -> dict[str, Any]:
    """Start a stopped instance that is not locked: it is Starting, then it runs."""
    found = rules.instance(world, InstanceId)
    rules.startable(found)
    rules.in_status(found, "Stopped")
    rules.not_dry(dry_run=DryRun)
    rules.turned(world, found, "Starting")
    return {}


def StopInstance(
    world: World,
    *,
    InstanceId: str,
    ConfirmStop: bool = False,
    DryRun: bool = False,
    ForceStop: bool = False,
    Hibernate: bool = False,
    StoppedMode: str = "",
) -> dict[str, Any]:
    """Stop a running instance that is not locked for security: it is Stopping, then it stands still."""
    found = rules.instance(world, InstanceId)
    rules.stoppable(found)
    rules.in_status(found, "Running")
    rules.not_dry(dry_run=DryRun)
    rules.turned(world, found, "Stopping")
    return {}


def DeleteInstance(
    world: World,
    *,
    InstanceId: str,
    DryRun: bool = False,
    Force: bool = False,
    ForceStop: bool = False,
    TerminateSubscription: bool = False,
) -> dict[str, Any]:
    """Release a stopped instance (or, with Force, any), locked or not, and the network interfaces that go with it."""
    found = rules.instance(world, InstanceId)
    rules.deletable(found, force=Force)
    rules.not_dry(dry_run=DryRun)
    state = rules.state(world)
    del state.instances[found.id]
    for interface in found.interfaces:
        if interface.type == "Primary" or interface.delete_on_release:
            state.remove_interface(world, interface)
        else:
            interface.instance_id, interface.status = "", "Available"
    world.changed()
    return {}
