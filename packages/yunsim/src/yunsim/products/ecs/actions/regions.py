"""The region and its zones."""

from typing import Any

from yunsim.products.ecs import rules
from yunsim.world import World


def DescribeRegions(
    world: World, *, AcceptLanguage: str = "", InstanceChargeType: str = "", ResourceType: str = ""
) -> dict[str, Any]:
    """List regions: the one that there is."""
    region = {
        "RegionId": world.region,
        "LocalName": world.region,
        "RegionEndpoint": f"ecs.{world.region}.aliyuncs.com",
        "Status": "available",
    }
    return {"Regions": {"Region": [region]}}


def DescribeZones(
    world: World,
    *,
    RegionId: str,
    AcceptLanguage: str = "",
    InstanceChargeType: str = "",
    SpotStrategy: str = "",
    Verbose: bool = True,
) -> dict[str, Any]:
    """List the zones; the instance types are those of the instances that there are."""
    return {"Zones": {"Zone": [_zone(world, each, verbose=Verbose) for each in rules.zones(world)]}}


def _zone(world: World, zone: str, *, verbose: bool) -> dict[str, Any]:
    types = sorted({each.instance_type for each in rules.state(world).instances.values() if each.zone_id == zone})
    details = {
        "AvailableInstanceTypes": {"InstanceTypes": types},
        "AvailableResourceCreation": {"ResourceTypes": ["VSwitch", "Instance", "Disk"]},
        "AvailableDiskCategories": {"DiskCategories": ["cloud_essd"]},
        "AvailableVolumeCategories": {"VolumeCategories": []},
        "AvailableDedicatedHostTypes": {"DedicatedHostType": []},
        "DedicatedHostGenerations": {"DedicatedHostGeneration": []},
        "AvailableResources": {"ResourcesInfo": []},
    }
    return {"ZoneId": zone, "LocalName": zone, "ZoneType": "AvailabilityZone", **(details if verbose else {})}
