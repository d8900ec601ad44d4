"""How a balancer is paid for, and what that rules out.

Sources: CreateLoadBalancer (InstanceChargeType, LoadBalancerSpec, InternetChargeType, Bandwidth and its error
table), ModifyLoadBalancerInstanceChargeType, ModifyLoadBalancerInternetSpec, ModifyLoadBalancerPayType.
"""

from dataclasses import replace

from yunsim.errors import ApiError
from yunsim.products.slb import rules
from yunsim.products.slb.state import LoadBalancer

SPECIFICATIONS = tuple(
    f"slb.{each}" for each in ("s1.small", "s2.small", "s2.medium", "s3.small", "s3.medium", "s3.large")
)
ELASTIC = "slb.lcu.elastic"
"""The specification that is answered for a balancer paid by what it uses."""
UNLIMITED = 5120
"""The bandwidth, in Mbit/s, that is answered for a balancer paid by traffic."""


def charge(
    balancer: LoadBalancer, instance_charge: str, spec: str, internet_charge: str, bandwidth: int | None
) -> None:
    """Set how the balancer is paid for: by specification or by use, by traffic or by bandwidth; all or nothing."""
    trial = replace(balancer)
    by_instance(trial, instance_charge, spec)
    by_traffic(trial, internet_charge, bandwidth)
    for name in ("instance_charge_type", "spec", "internet_charge_type", "bandwidth"):
        setattr(balancer, name, getattr(trial, name))


def by_instance(balancer: LoadBalancer, instance_charge: str, spec: str) -> None:
    """Set the specification, which PayBySpec demands and PayByCLCU ignores."""
    if instance_charge not in ("PayBySpec", "PayByCLCU"):
        raise ApiError(400, "IllegalParam.InstanceChargeType", "The parameter InstanceChargeType is illegal.")
    if instance_charge == "PayBySpec" and not spec:
        raise ApiError(400, "MissingParam.LoadBalancerSpec", "The param LoadBalancerSpec is required.")
    if spec:
        rules.one_of("LoadBalancerSpec", spec, (*SPECIFICATIONS, ELASTIC))
    balancer.instance_charge_type = instance_charge
    balancer.spec = spec if instance_charge == "PayBySpec" else ELASTIC


def by_traffic(balancer: LoadBalancer, internet_charge: str, bandwidth: int | None) -> None:
    """Set the bandwidth, which counts for paybybandwidth alone and is then 1 to 5120 Mbit/s."""
    charge_type = rules.one_of("InternetChargeType", internet_charge.lower(), ("paybytraffic", "paybybandwidth"))
    if charge_type == "paybytraffic":
        balancer.internet_charge_type, balancer.bandwidth = charge_type, UNLIMITED
        return
    if balancer.instance_charge_type == "PayByCLCU":
        raise ApiError(
            400,
            "Instance.InternetChargeTypeNotAllowed",
            "Illegal parameter. The specified InternetChargeType not allowed.",
        )
    if bandwidth is None or not 1 <= bandwidth <= UNLIMITED:
        raise ApiError(400, "InvalidParameter.Bandwidth", "The param Bandwidth is invalid.")
    balancer.internet_charge_type, balancer.bandwidth = charge_type, bandwidth


CYCLES = {"month": range(1, 10), "year": range(1, 4)}
"""PricingCycle and what Duration may be with it."""


def subscribe(balancer: LoadBalancer, pay_type: str, cycle: str, duration: int | None) -> None:
    """Make a balancer that is paid as it goes a subscription (ModifyLoadBalancerPayType; its codes: common ones)."""
    rules.one_of("PayType", pay_type, ("PayOnDemand", "PrePay"))
    if (balancer.pay_type, pay_type) == ("PrePay", "PayOnDemand"):
        raise ApiError(400, "InvalidChargeType", "The prepay loadBalancer does not support this action.")
    if pay_type == "PrePay":
        rules.one_of("PricingCycle", cycle, tuple(CYCLES))
        if duration not in CYCLES[cycle]:
            raise rules.invalid("Duration", duration, f"1 to {CYCLES[cycle].stop - 1} with PricingCycle {cycle}")
    balancer.pay_type = pay_type
