"""Regions and zones."""

from typing import Any


def test_the_region_and_its_pairs_of_zones_are_listed(slb: Any) -> None:
    (region,) = slb("DescribeRegions")["Regions"]["Region"]
    zones = slb("DescribeZones")["Zones"]["Zone"]
    assert region["RegionId"] == "cn-hangzhou"
    assert [(each["ZoneId"], each["SlaveZones"]["SlaveZone"][0]["ZoneId"]) for each in zones] == [
        ("cn-hangzhou-h", "cn-hangzhou-i"),
        ("cn-hangzhou-i", "cn-hangzhou-h"),
    ]


def test_what_can_be_made_is_listed_by_kind(slb: Any) -> None:
    (first, _) = slb("DescribeAvailableResource", AddressType="intranet")["AvailableResources"]["AvailableResource"]
    assert first["SupportResources"] == {"SupportResource": [{"AddressType": "intranet", "AddressIPVersion": "ipv4"}]}
