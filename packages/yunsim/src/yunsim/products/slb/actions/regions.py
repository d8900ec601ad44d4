"""The region, its zones, and what can be made in them."""

from typing import Any

from yunsim.products.slb import rules
from yunsim.world import World


def DescribeRegions(world: World, *, AcceptLanguage: str = "") -> dict[str, Any]:
    """List regions: the one that there is."""
    region = {
        "RegionId": world.region,
        "LocalName": world.region,
        "RegionEndpoint": f"slb.{world.region}.aliyuncs.com",
    }
    return {"Regions": {"Region": [region]}}


def DescribeZones(world: World, *, RegionId: str, AcceptLanguage: str = "") -> dict[str, Any]:
    """List primary zones, each with the secondary zones that it can have."""
    zones = [
        {
            "ZoneId": zone,
            "LocalName": zone,
            "SlaveZones": {"SlaveZone": [{"ZoneId": slave, "LocalName": slave} for slave in slaves]},
        }
        for zone, slaves in _pairs(world).items()
    ]
    return {"Zones": {"Zone": zones}}


def DescribeAvailableResource(
    world: World, *, RegionId: str, AddressIPVersion: str = "", AddressType: str = ""
) -> dict[str, Any]:
    """List the pairs of zones, each with the kinds of balancer that it can have."""
    kinds = [("internet", "ipv4"), ("internet", "ipv6"), ("intranet", "ipv4")]
    supported = [
        {"AddressType": kind, "AddressIPVersion": version}
        for kind, version in kinds
        if AddressType in ("", kind) and AddressIPVersion in ("", version)
    ]
    pairs = [
        {"MasterZoneId": zone, "SlaveZoneId": slave, "SupportResources": {"SupportResource": supported}}
        for zone, slaves in _pairs(world).items()
        for slave in slaves
    ]
    return {"AvailableResources": {"AvailableResource": pairs}}


def _pairs(world: World) -> dict[str, list[str]]:
    zones = rules.zones(world)
    return {zone: [each for each in zones if each != zone] for zone in zones}
