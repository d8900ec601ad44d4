"""Lists of what nothing here makes: empty, of what exists."""

from typing import Any

import pytest


@pytest.fixture
def listener(slb: Any, balancer: str, group: str) -> dict[str, Any]:
    """An HTTP listener, as DescribeRules is asked for it."""
    of = {"LoadBalancerId": balancer, "ListenerPort": 80}
    more = {"Bandwidth": -1, "VServerGroupId": group, "StickySession": "off", "HealthCheck": "off"}
    slb("CreateLoadBalancerHTTPListener", **of, **more)
    return of


def test_a_listener_has_no_forwarding_rules(slb: Any, listener: dict[str, Any]) -> None:
    assert slb("DescribeRules", **listener, ListenerProtocol="http") == {"Rules": {"Rule": []}}


def test_rules_of_what_does_not_exist_or_cannot_have_any_are_refused(
    slb: Any, listener: dict[str, Any], refused: Any
) -> None:
    refused("ListenerNotFound", slb, "DescribeRules", **listener, ListenerProtocol="https")
    refused("ListenerNotFound", slb, "DescribeRules", **{**listener, "ListenerPort": 81}, ListenerProtocol="http")
    refused("InvalidParameter", slb, "DescribeRules", **listener, ListenerProtocol="tcp")
    nowhere = {**listener, "LoadBalancerId": "lb-none"}
    refused("InvalidLoadBalancerId.NotFound", slb, "DescribeRules", **nowhere, ListenerProtocol="http")
    refused("MissingParameter", slb, "DescribeRules", **listener)


def test_a_balancer_has_no_master_slave_groups(slb: Any, balancer: str, refused: Any) -> None:
    answer = slb("DescribeMasterSlaveServerGroups", LoadBalancerId=balancer, IncludeListener="true")
    assert answer == {"MasterSlaveServerGroups": {"MasterSlaveServerGroup": []}}
    refused("InvalidLoadBalancerId.NotFound", slb, "DescribeMasterSlaveServerGroups", LoadBalancerId="lb-none")
    refused("MissingParameter", slb, "DescribeMasterSlaveServerGroups")
