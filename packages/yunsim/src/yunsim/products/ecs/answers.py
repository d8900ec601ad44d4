"""How the ECS service writes an instance and a network interface, every field of the reference included.

What is not modelled has the value of an instance that does not use it: no GPU, no reservation.
"""

from datetime import datetime
from typing import Any

from yunsim.products import tagging
from yunsim.products.ecs.state import Instance, NetworkInterface
from yunsim.world import World


def moment(when: datetime) -> str:
    """Write a time as this service does: to the minute."""
    return when.strftime("%Y-%m-%dT%H:%MZ")


def instance(world: World, each: Instance) -> dict[str, Any]:
    """Write an instance as DescribeInstances does."""
    return {
        **instance_attributes(world, each),
        "IoOptimized": True,
        "InstanceTypeFamily": each.instance_type.rpartition(".")[0],
        "AutoReleaseTime": "",
        "StartTime": moment(each.created),
        "DeletionProtection": each.deletion_protection,
        "DeviceAvailable": True,
        "GPUAmount": 0,
        "GPUSpec": "",
        "ISP": "",
        "KeyPairName": "",
        "LocalStorageAmount": 0,
        "OSName": "Alibaba Cloud Linux 3 64-bit",
        "OSNameEn": "Alibaba Cloud Linux 3 64-bit",
        "OSType": "linux",
        "Recyclable": False,
        "ResourceGroupId": "",
        "SaleCycle": "",
        "SpotDuration": 0,
        "SpotPriceLimit": 0.0,
        "SpotStrategy": each.spot_strategy,
        "HpcClusterId": "",
        "DeploymentSetId": "",
        "DeploymentSetGroupNo": 0,
        "MetadataOptions": {"HttpEndpoint": "enabled", "HttpTokens": "optional", "HttpPutResponseHopLimit": 0},
        "CpuOptions": {"CoreCount": max(each.cpu // 2, 1), "ThreadsPerCore": min(each.cpu, 2), "Numa": "ON"},
        "DedicatedHostAttribute": {"DedicatedHostId": "", "DedicatedHostName": "", "DedicatedHostClusterId": ""},
        "DedicatedInstanceAttribute": {"Affinity": "", "Tenancy": ""},
        "EcsCapacityReservationAttr": {"CapacityReservationId": "", "CapacityReservationPreference": ""},
        "HibernationOptions": {"Configured": False},
        "ImageOptions": {"LoginAsNonRoot": False},
        "RdmaIpAddress": {"IpAddress": []},
        "OperationLocks": {"LockReason": [{"LockReason": one, "LockMsg": ""} for one in each.locks]},
        "NetworkInterfaces": {"NetworkInterface": [_interface_of_instance(one) for one in each.interfaces]},
        "Tags": tagging.answer(each.tags),
    }


def instance_attributes(world: World, each: Instance) -> dict[str, Any]:
    """Write what DescribeInstances and DescribeInstanceAttribute both tell of an instance."""
    primary = each.interfaces[0].private_ips if each.interfaces else []
    return {
        "InstanceId": each.id,
        "InstanceName": each.name,
        "HostName": each.host_name,
        "Description": each.description,
        "InstanceType": each.instance_type,
        "Cpu": each.cpu,
        "Memory": each.memory,
        "ImageId": each.image_id,
        "SerialNumber": each.serial_number,
        "Status": each.status,
        "StoppedMode": "KeepCharging" if each.status == "Stopped" else "Not-applicable",
        "RegionId": world.region,
        "ZoneId": each.zone_id,
        "ClusterId": "",
        "CreationTime": moment(each.created),
        "ExpiredTime": "2099-12-31T15:59Z",
        "InstanceChargeType": each.charge_type,
        "InternetChargeType": "PayByTraffic",
        "InternetMaxBandwidthIn": 100,
        "InternetMaxBandwidthOut": 100 if each.public_ip else 0,
        "CreditSpecification": "",
        "InstanceNetworkType": "vpc",
        "VlanId": "",
        "VpcAttributes": {
            "VpcId": each.vpc_id,
            "VSwitchId": each.vswitch_id,
            "NatIpAddress": "",
            "PrivateIpAddress": {"IpAddress": primary[:1]},
        },
        "PublicIpAddress": {"IpAddress": [each.public_ip] if each.public_ip else []},
        "EipAddress": _elastic_address(world, each),
        "InnerIpAddress": {"IpAddress": []},
        "SecurityGroupIds": {"SecurityGroupId": list(each.security_group_ids)},
        "DedicatedHostAttribute": {"DedicatedHostId": "", "DedicatedHostName": ""},
        "OperationLocks": {"LockReason": [{"LockReason": one} for one in each.locks]},
    }


def _elastic_address(world: World, each: Instance) -> dict[str, Any]:
    address = world.elastic_addresses.get(each.id, "")
    found: Any = world.find(world.internet_holders.get(address, "")) if address else None
    if found is None:
        return {"AllocationId": "", "IpAddress": "", "InternetChargeType": ""}
    return {
        "AllocationId": found.id,
        "IpAddress": found.ip_address,
        "InternetChargeType": found.internet_charge_type,
        "Bandwidth": int(found.bandwidth),
    }


def _interface_of_instance(each: NetworkInterface) -> dict[str, Any]:
    return {
        "NetworkInterfaceId": each.id,
        "Type": each.type,
        "MacAddress": each.mac_address,
        "PrimaryIpAddress": each.private_ips[0],
        "PrivateIpSets": {"PrivateIpSet": _private_ips(each)},
        "Ipv4PrefixSets": {"Ipv4PrefixSet": []},
        "Ipv6PrefixSets": {"Ipv6PrefixSet": []},
        "Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": address} for address in each.ipv6]},
    }


def _private_ips(each: NetworkInterface) -> list[dict[str, Any]]:
    return [{"PrivateIpAddress": address, "Primary": not number} for number, address in enumerate(each.private_ips)]


def interface(world: World, each: NetworkInterface) -> dict[str, Any]:
    """Write a network interface as DescribeNetworkInterfaces and DescribeNetworkInterfaceAttribute do."""
    attachment = {"InstanceId": each.instance_id, "DeviceIndex": 0, "TrunkNetworkInterfaceId": ""}
    return {
        "NetworkInterfaceId": each.id,
        "NetworkInterfaceName": each.name,
        "Description": each.description,
        "Type": each.type,
        "Status": each.status,
        "InstanceId": each.instance_id,
        "Attachment": attachment if each.instance_id else {},
        "MacAddress": each.mac_address,
        "PrivateIpAddress": each.private_ips[0],
        "PrivateIpSets": {"PrivateIpSet": _private_ips(each)},
        "Ipv4PrefixSets": {"Ipv4PrefixSet": []},
        "Ipv6PrefixSets": {"Ipv6PrefixSet": []},
        "Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": address} for address in each.ipv6]},
        "AssociatedPublicIp": {},
        "SourceDestCheck": each.source_dest_check,
        "DeleteOnRelease": each.delete_on_release,
        "NetworkInterfaceTrafficMode": "Standard",
        "QueueNumber": 2,
        "SecurityGroupIds": {"SecurityGroupId": list(each.security_group_ids)},
        "ServiceID": 0,
        "ServiceManaged": False,
        "OwnerId": world.account,
        "ResourceGroupId": "",
        "VpcId": each.vpc_id,
        "VSwitchId": each.vswitch_id,
        "ZoneId": each.zone_id,
        "CreationTime": each.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Tags": tagging.answer(each.tags),
    }


def new_interface(world: World, each: NetworkInterface) -> dict[str, Any]:
    """Write a network interface as CreateNetworkInterface does, which says less of it."""
    whole = interface(world, each)
    left_out = (
        *("Attachment", "AssociatedPublicIp", "CreationTime", "DeleteOnRelease", "InstanceId"),
        *("NetworkInterfaceTrafficMode", "QueueNumber"),
    )
    return {name: value for name, value in whole.items() if name not in left_out}
