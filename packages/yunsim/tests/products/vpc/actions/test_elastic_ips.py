"""Elastic IP addresses."""

from typing import Any

from yunsim.products.vpc import rules


def test_addresses_are_found_by_what_they_are_associated_with(vpc: Any, world: Any) -> None:
    state = rules.state(world)
    state.add_elastic_ip(world, "47.0.0.1", instance_id="lb-1", instance_type="SlbInstance")
    state.add_elastic_ip(world, "47.0.0.2")
    seen = vpc("DescribeEipAddresses", AssociatedInstanceType="SlbInstance", AssociatedInstanceId="lb-1")
    assert [each["IpAddress"] for each in seen["EipAddresses"]["EipAddress"]] == ["47.0.0.1"]
    assert vpc("DescribeEipAddresses", Status="Available")["TotalCount"] == 1
    second = vpc("DescribeEipAddresses", PageNumber=2, PageSize=1)
    assert [each["IpAddress"] for each in second["EipAddresses"]["EipAddress"]] == ["47.0.0.2"]
