"""The part of the ECS API (2014-05-26) that a cluster's nodes need: per action one builder and one reader, both pure.

Fields: https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describeinstances (and so on).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yunqiao.cloud.paging import Page, listed, numbered
from yunqiao.model.instance import Instance
from yunqiao.model.step import Call, Reply

PRODUCT = "ecs"
PER_CALL = 100
"""Documented limit of ids or addresses per call, and of items per page."""


@dataclass(frozen=True, slots=True)
class Interface:
    """An elastic network interface; `source_dest_check` is None where the answer does not say."""

    id: str
    instance_id: str = ""
    status: str = ""
    type: str = ""
    vpc_id: str = ""
    vswitch_id: str = ""
    mac: str = ""
    private_ips: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    source_dest_check: bool | None = None


def describe_instances(region: str, ids: Sequence[str], next_token: str = "") -> Call:
    """Instances by id, at most 100; ids that do not exist are left out of the answer."""
    params = {
        "RegionId": region,
        "InstanceIds": json.dumps(list(ids)),
        "MaxResults": str(PER_CALL),
        "AdditionalAttributes.1": "NETWORK_PRIMARY_ENI_IP",
    }
    return Call(PRODUCT, "DescribeInstances", _next(params, next_token), f"look up {len(ids)} instances")


def describe_vpc_instances(region: str, vpc_id: str, next_token: str = "") -> Call:
    """All instances of a VPC, 100 a page."""
    params = {
        "RegionId": region,
        "VpcId": vpc_id,
        "MaxResults": str(PER_CALL),
        "AdditionalAttributes.1": "NETWORK_PRIMARY_ENI_IP",
    }
    return Call(PRODUCT, "DescribeInstances", _next(params, next_token), f"list the instances of {vpc_id}")


def read_instances(reply: Reply) -> Page[Instance]:
    """One page of instances."""
    return [_instance(item) for item in listed(reply, "Instances", "Instance")], _token(reply)


def describe_interfaces_by_ip(
    region: str, vpc_id: str, addresses: Sequence[str], ipv6: bool = False, next_token: str = ""
) -> Call:
    """Network interfaces in use that have one of `addresses` (at most 100, all of one family).

    Without a `vpc_id` those of every VPC, where the same address may be found several times.
    """
    name = "Ipv6Address" if ipv6 else "PrivateIpAddress"
    params = {
        "RegionId": region,
        **({"VpcId": vpc_id} if vpc_id else {}),
        "Status": "InUse",
        "MaxResults": str(PER_CALL),
        **numbered(name, addresses),
    }
    why = f"find the network interfaces of {len(addresses)} addresses"
    return Call(PRODUCT, "DescribeNetworkInterfaces", _next(params, next_token), why)


def describe_interfaces(region: str, ids: Sequence[str], next_token: str = "") -> Call:
    """Network interfaces by id, at most 100."""
    params = {"RegionId": region, "MaxResults": str(PER_CALL), **numbered("NetworkInterfaceId", ids)}
    return Call(
        PRODUCT, "DescribeNetworkInterfaces", _next(params, next_token), f"look at {len(ids)} network interfaces"
    )


def read_interfaces(reply: Reply) -> Page[Interface]:
    """One page of network interfaces."""
    return [_interface(item) for item in listed(reply, "NetworkInterfaceSets", "NetworkInterfaceSet")], _token(reply)


def modify_source_dest_check(region: str, interface_id: str, checked: bool, why: str) -> Call:
    """Let an interface forward (unchecked) or not forward traffic of other addresses."""
    params = {
        "RegionId": region,
        "NetworkInterfaceId": interface_id,
        "SourceDestCheck": str(checked).lower(),
    }
    return Call(PRODUCT, "ModifyNetworkInterfaceAttribute", params, why, lane=interface_id, write=True)


def _next(params: dict[str, str], token: str) -> dict[str, str]:
    return params | {"NextToken": token} if token else params


def _token(reply: Reply) -> str:
    return str(reply.get("NextToken") or "")


def _instance(item: Mapping[str, Any]) -> Instance:
    network = item.get("VpcAttributes") or {}
    interfaces = listed(item, "NetworkInterfaces", "NetworkInterface")
    primary = next((each for each in interfaces if each.get("Type") == "Primary"), interfaces[0] if interfaces else {})
    own = (*listed(item, "InnerIpAddress", "IpAddress"), *listed(network, "PrivateIpAddress", "IpAddress"))
    elastic = (item.get("EipAddress") or {}).get("IpAddress")
    return Instance(
        id=item["InstanceId"],
        region=item.get("RegionId", ""),
        zone=item.get("ZoneId", ""),
        type=item.get("InstanceType", ""),
        status=item.get("Status", ""),
        host_name=item.get("HostName", ""),
        charge_type=item.get("InstanceChargeType", ""),
        spot_strategy=item.get("SpotStrategy", ""),
        vpc_id=network.get("VpcId", ""),
        vswitch_id=network.get("VSwitchId", ""),
        private_ips=own,
        public_ips=tuple(listed(item, "PublicIpAddress", "IpAddress")) + ((elastic,) if elastic else ()),
        ipv6=tuple(each["Ipv6Address"] for each in listed(primary, "Ipv6Sets", "Ipv6Set")),
        addresses=frozenset(own).union(*map(_addresses, interfaces)),
        macs=tuple(each["MacAddress"] for each in interfaces if each.get("MacAddress")),
        serial_number=item.get("SerialNumber", ""),
        interface_id=primary.get("NetworkInterfaceId", ""),
        tags={tag["TagKey"]: tag.get("TagValue", "") for tag in listed(item, "Tags", "Tag")},
    )


def _addresses(interface: Mapping[str, Any]) -> set[str]:
    """All private addresses of an interface, as DescribeInstances lists it."""
    first = {interface["PrimaryIpAddress"]} if interface.get("PrimaryIpAddress") else set()
    private = {each["PrivateIpAddress"] for each in listed(interface, "PrivateIpSets", "PrivateIpSet")}
    return first | private | {each["Ipv6Address"] for each in listed(interface, "Ipv6Sets", "Ipv6Set")}


def _interface(item: Mapping[str, Any]) -> Interface:
    addresses = [each["PrivateIpAddress"] for each in listed(item, "PrivateIpSets", "PrivateIpSet")]
    first = item.get("PrivateIpAddress")
    return Interface(
        id=item["NetworkInterfaceId"],
        instance_id=item.get("InstanceId", ""),
        status=item.get("Status", ""),
        type=item.get("Type", ""),
        vpc_id=item.get("VpcId", ""),
        vswitch_id=item.get("VSwitchId", ""),
        mac=item.get("MacAddress", ""),
        private_ips=tuple(dict.fromkeys(([first] if first else []) + addresses)),
        ipv6=tuple(each["Ipv6Address"] for each in listed(item, "Ipv6Sets", "Ipv6Set")),
        source_dest_check=item.get("SourceDestCheck"),
    )
