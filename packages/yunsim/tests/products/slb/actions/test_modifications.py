"""What changes a balancer itself."""

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("SetLoadBalancerName", {"LoadBalancerName": "renamed"}),
        ("SetLoadBalancerStatus", {"LoadBalancerStatus": "inactive"}),
        ("SetLoadBalancerDeleteProtection", {"DeleteProtection": "on"}),
        (
            "SetLoadBalancerModificationProtection",
            {"ModificationProtectionStatus": "ConsoleProtection", "ModificationProtectionReason": "mine"},
        ),
        (
            "ModifyLoadBalancerInstanceChargeType",
            {"InstanceChargeType": "PayBySpec", "LoadBalancerSpec": "slb.s1.small"},
        ),
    ],
)
def test_what_is_set_is_what_is_told(slb: Any, balancer: str, action: str, given: dict[str, str]) -> None:
    slb(action, LoadBalancerId=balancer, **given)
    seen = slb("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
    assert {name: seen[name] for name in given} == given


def test_the_reason_goes_with_the_protection(slb: Any, balancer: str) -> None:
    set_to = "SetLoadBalancerModificationProtection"
    slb(
        set_to,
        LoadBalancerId=balancer,
        ModificationProtectionStatus="ConsoleProtection",
        ModificationProtectionReason="mine",
    )
    slb(set_to, LoadBalancerId=balancer, ModificationProtectionStatus="NonProtection")
    seen = slb("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
    assert (seen["ModificationProtectionStatus"], seen["ModificationProtectionReason"]) == ("NonProtection", "")


def test_an_internet_balancer_paid_by_bandwidth_has_the_bandwidth_asked_for(slb: Any) -> None:
    made = slb("CreateLoadBalancer", LoadBalancerSpec="slb.s1.small", InternetChargeType="paybybandwidth", Bandwidth=10)
    slb("ModifyLoadBalancerInternetSpec", LoadBalancerId=made["LoadBalancerId"], Bandwidth=20)
    seen = slb("DescribeLoadBalancerAttribute", LoadBalancerId=made["LoadBalancerId"])
    assert (seen["InternetChargeType"], seen["Bandwidth"]) == ("paybybandwidth", 20)
    slb("ModifyLoadBalancerInternetSpec", LoadBalancerId=made["LoadBalancerId"], InternetChargeType="paybytraffic")
    seen = slb("DescribeLoadBalancerAttribute", LoadBalancerId=made["LoadBalancerId"])
    assert seen["InternetChargeType"] == "paybytraffic"


def test_a_change_to_payment_by_use_drops_the_specification(slb: Any) -> None:
    made = slb("CreateLoadBalancer", LoadBalancerSpec="slb.s1.small")["LoadBalancerId"]
    slb("ModifyLoadBalancerInstanceSpec", LoadBalancerId=made, LoadBalancerSpec="slb.s3.large")
    assert slb("DescribeLoadBalancerAttribute", LoadBalancerId=made)["LoadBalancerSpec"] == "slb.s3.large"
    slb("ModifyLoadBalancerInstanceChargeType", LoadBalancerId=made, InstanceChargeType="PayByCLCU")
    assert slb("DescribeLoadBalancerAttribute", LoadBalancerId=made)["LoadBalancerSpec"] == "slb.lcu.elastic"


@pytest.mark.parametrize(
    ("code", "action", "given"),
    [
        ("UnsupportedOperation", "ModifyLoadBalancerInternetSpec", {"Bandwidth": 5}),
        ("UnsupportedOperation", "ModifyLoadBalancerInstanceSpec", {"LoadBalancerSpec": "slb.s1.small"}),
        ("MissingParam.LoadBalancerSpec", "ModifyLoadBalancerInstanceChargeType", {"InstanceChargeType": "PayBySpec"}),
        ("InvalidParameter", "SetLoadBalancerDeleteProtection", {"DeleteProtection": "yes"}),
        ("InvalidParameter", "SetLoadBalancerStatus", {"LoadBalancerStatus": "locked"}),
        ("MissingParameter", "SetLoadBalancerName", {}),
    ],
)
def test_what_does_not_fit_is_refused(
    slb: Any, balancer: str, refused: Any, code: str, action: str, given: dict[str, Any]
) -> None:
    refused(code, slb, action, LoadBalancerId=balancer, **given)


def test_a_change_of_payment_that_is_refused_changes_nothing(slb: Any, refused: Any) -> None:
    made = slb("CreateLoadBalancer", LoadBalancerSpec="slb.s1.small")["LoadBalancerId"]
    before = slb("DescribeLoadBalancerAttribute", LoadBalancerId=made)
    refused(
        "Instance.InternetChargeTypeNotAllowed",
        slb,
        "ModifyLoadBalancerInstanceChargeType",
        LoadBalancerId=made,
        InstanceChargeType="PayByCLCU",
        InternetChargeType="paybybandwidth",
        Bandwidth=5,
    )
    assert slb("DescribeLoadBalancerAttribute", LoadBalancerId=made) == before


def test_a_balancer_becomes_a_subscription_and_is_not_deleted_then(slb: Any, balancer: str, refused: Any) -> None:
    which = {"LoadBalancerId": balancer, "PayType": "PrePay"}
    refused("InvalidParameter", slb, "ModifyLoadBalancerPayType", **which, PricingCycle="week", Duration=1)
    refused("InvalidParameter", slb, "ModifyLoadBalancerPayType", **which, PricingCycle="year", Duration=4)
    slb("ModifyLoadBalancerPayType", **which, PricingCycle="month", Duration=9)
    assert slb("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)["PayType"] == "PrePay"
    assert slb("DescribeLoadBalancers", PayType="PayOnDemand")["TotalCount"] == 0
    refused("InvalidChargeType", slb, "DeleteLoadBalancer", LoadBalancerId=balancer)
    refused("InvalidChargeType", slb, "ModifyLoadBalancerPayType", LoadBalancerId=balancer)
