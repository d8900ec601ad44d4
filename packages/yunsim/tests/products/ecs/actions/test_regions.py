"""Regions and zones."""

from typing import Any


def test_the_region_and_its_zones_are_listed(ecs: Any, site: Any) -> None:
    (region,) = ecs("DescribeRegions")["Regions"]["Region"]
    first, second = ecs("DescribeZones")["Zones"]["Zone"]
    assert region["RegionId"] == "cn-hangzhou"
    assert (first["ZoneId"], second["ZoneId"]) == ("cn-hangzhou-h", "cn-hangzhou-i")
    assert first["AvailableInstanceTypes"] == {"InstanceTypes": ["ecs.g7.large"]}
