"""Elastic IP addresses."""

from typing import Any

from yunsim.products.vpc import rules


def told(vpc: Any, **wanted: Any) -> list[tuple[str, str, str]]:
    found = vpc("DescribeEipAddresses", **wanted)["EipAddresses"]["EipAddress"]
    return [(each["IpAddress"], each["Status"], each["InstanceId"]) for each in found]


def test_addresses_are_found_by_what_they_are_associated_with(vpc: Any, world: Any, balancer: str) -> None:
    state = rules.state(world)
    state.add_elastic_ip(world, "47.0.0.1", instance_id=balancer, instance_type="SlbInstance")
    state.add_elastic_ip(world, "47.0.0.2")
    asked = {"AssociatedInstanceType": "SlbInstance", "AssociatedInstanceId": balancer}
    assert told(vpc, **asked) == [("47.0.0.1", "InUse", balancer)]
    assert vpc("DescribeEipAddresses", Status="Available")["TotalCount"] == 1
    assert told(vpc, PageNumber=2, PageSize=1) == [("47.0.0.2", "Available", "")]


def test_an_address_is_allocated_associated_taken_away_and_released(vpc: Any, balancer: str, refused: Any) -> None:
    made = vpc("AllocateEipAddress", Bandwidth="10")
    which = {"AllocationId": made["AllocationId"]}
    vpc("AssociateEipAddress", **which, InstanceId=balancer, InstanceType="SlbInstance")
    assert told(vpc) == [(made["EipAddress"], "InUse", balancer)]
    refused("IncorrectEipStatus", vpc, "ReleaseEipAddress", **which)
    vpc("UnassociateEipAddress", **which)
    refused("IncorrectEipStatus", vpc, "UnassociateEipAddress", **which)
    vpc("ReleaseEipAddress", **which)
    assert told(vpc) == []
    refused("InvalidAllocationId.NotFound", vpc, "ReleaseEipAddress", **which)


def test_an_association_takes_its_time(vpc: Any, world: Any, balancer: str, later: Any, refused: Any) -> None:
    rules.state(world).busy_seconds = 2
    made = vpc("AllocateEipAddress")
    which = {"AllocationId": made["AllocationId"]}
    vpc("AssociateEipAddress", **which, InstanceId=balancer, InstanceType="SlbInstance")
    assert told(vpc) == [(made["EipAddress"], "Associating", balancer)]
    refused("IncorrectEipStatus", vpc, "UnassociateEipAddress", **which)
    later(2)
    vpc("UnassociateEipAddress", **which)
    assert told(vpc) == [(made["EipAddress"], "Unassociating", "")]
    later(2)
    assert told(vpc) == [(made["EipAddress"], "Available", "")]


def test_what_cannot_have_an_address_is_refused(vpc: Any, slb: Any, site: Any, balancer: str, refused: Any) -> None:
    one, other = (vpc("AllocateEipAddress")["AllocationId"] for _ in range(2))
    public = slb("CreateLoadBalancer", AddressType="internet", InstanceChargeType="PayByCLCU")["LoadBalancerId"]
    vpc("AssociateEipAddress", AllocationId=one, InstanceId=site.nodes[0].id)
    for code, more in [
        ("InvalidAssociation.Duplicated", {"InstanceId": site.nodes[0].id}),
        ("InvalidInstanceId.NotFound", {"InstanceId": balancer}),
        ("InvalidInstanceId.NotFound", {"InstanceId": "lb-none", "InstanceType": "SlbInstance"}),
        ("OperationDenied", {"InstanceId": public, "InstanceType": "SlbInstance"}),
        ("InvalidInstanceType.ValueNotSupported", {"InstanceId": balancer, "InstanceType": "Nat"}),
    ]:
        refused(code, vpc, "AssociateEipAddress", AllocationId=other, **more)


def test_no_two_public_addresses_are_the_same(vpc: Any, slb: Any, refused: Any) -> None:
    seen = [vpc("AllocateEipAddress")["EipAddress"] for _ in range(2)]
    for _ in range(2):
        seen.append(slb("CreateLoadBalancer", AddressType="internet", InstanceChargeType="PayByCLCU")["Address"])
    assert len(set(seen)) == 4
    refused("InsufficientEip", vpc, "AllocateEipAddress", IpAddress=seen[3])


def test_one_token_allocates_once(vpc: Any) -> None:
    assert vpc("AllocateEipAddress", ClientToken="t") == vpc("AllocateEipAddress", ClientToken="t")
    assert len(told(vpc)) == 1


def test_an_association_ends_with_the_balancer(vpc: Any, slb: Any, balancer: str) -> None:
    made = vpc("AllocateEipAddress")
    which = {"AllocationId": made["AllocationId"], "InstanceId": balancer, "InstanceType": "SlbInstance"}
    vpc("AssociateEipAddress", **which)
    slb("DeleteLoadBalancer", LoadBalancerId=balancer)
    assert told(vpc) == [(made["EipAddress"], "Available", "")]
