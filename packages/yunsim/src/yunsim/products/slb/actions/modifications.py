"""What changes a balancer itself: protections, name, status and how it is paid for."""

from typing import Any

from yunsim.errors import ApiError
from yunsim.products.slb import billing, rules
from yunsim.world import World


def SetLoadBalancerDeleteProtection(world: World, *, LoadBalancerId: str, DeleteProtection: str) -> dict[str, Any]:
    """Switch the protection against deletion on or off."""
    found = rules.writable(world, LoadBalancerId)
    found.delete_protection = rules.one_of("DeleteProtection", DeleteProtection, ("on", "off"))
    rules.written(world, found)
    return {}


def SetLoadBalancerModificationProtection(
    world: World,
    *,
    LoadBalancerId: str,
    ModificationProtectionStatus: str,
    ModificationProtectionReason: str = "",
) -> dict[str, Any]:
    """Protect the configuration from the console, or no longer."""
    found = rules.writable(world, LoadBalancerId)
    rules.modification_protection(found, ModificationProtectionStatus, ModificationProtectionReason)
    rules.written(world, found)
    return {}


def SetLoadBalancerName(world: World, *, LoadBalancerId: str, LoadBalancerName: str) -> dict[str, Any]:
    """Rename a balancer."""
    found = rules.writable(world, LoadBalancerId)
    found.name = rules.name("LoadBalancerName", LoadBalancerName)
    rules.written(world, found)
    return {}


def SetLoadBalancerStatus(world: World, *, LoadBalancerId: str, LoadBalancerStatus: str) -> dict[str, Any]:
    """Let a balancer forward traffic (active) or not (inactive)."""
    found = rules.writable(world, LoadBalancerId)
    found.status = rules.one_of("LoadBalancerStatus", LoadBalancerStatus, ("active", "inactive"))
    rules.written(world, found)
    return {}


def ModifyLoadBalancerInternetSpec(
    world: World,
    *,
    LoadBalancerId: str,
    AutoPay: bool = True,
    Bandwidth: int | None = None,
    InternetChargeType: str = "",
) -> dict[str, Any]:
    """Change how the traffic of an internet-facing balancer is paid for."""
    found = rules.writable(world, LoadBalancerId)
    if found.address_type != "internet":
        raise ApiError(400, "UnsupportedOperation", "The Loadbalancer doesn't support this function.")
    billing.by_traffic(found, InternetChargeType or found.internet_charge_type, Bandwidth)
    rules.written(world, found)
    return {}


def ModifyLoadBalancerInstanceSpec(
    world: World, *, LoadBalancerId: str, LoadBalancerSpec: str, AutoPay: bool = True
) -> dict[str, Any]:
    """Change the specification of a balancer that is paid by specification."""
    found = rules.writable(world, LoadBalancerId)
    if found.instance_charge_type != "PayBySpec":
        raise ApiError(400, "UnsupportedOperation", "The Loadbalancer doesn't support this function.")
    billing.by_instance(found, "PayBySpec", LoadBalancerSpec)
    rules.written(world, found)
    return {}


def ModifyLoadBalancerInstanceChargeType(
    world: World,
    *,
    LoadBalancerId: str,
    InstanceChargeType: str,
    RegionId: str,
    Bandwidth: int | None = None,
    InternetChargeType: str = "",
    LoadBalancerSpec: str = "",
) -> dict[str, Any]:
    """Change between payment by specification and by use; paid by use, traffic is paid by traffic."""
    found = rules.writable(world, LoadBalancerId)
    kept = found.internet_charge_type if InstanceChargeType == "PayBySpec" else "paybytraffic"
    bandwidth = found.bandwidth if Bandwidth is None else Bandwidth
    billing.charge(found, InstanceChargeType, LoadBalancerSpec, InternetChargeType or kept, bandwidth)
    rules.written(world, found)
    return {}


def ModifyLoadBalancerPayType(
    world: World,
    *,
    LoadBalancerId: str,
    RegionId: str,
    AutoPay: bool = False,
    Duration: int | None = None,
    PayType: str = "PayOnDemand",
    PricingCycle: str = "",
) -> dict[str, Any]:
    """Subscribe to a balancer that is paid as it goes; a subscription, which here never ends, has no way back."""
    found = rules.writable(world, LoadBalancerId)
    billing.subscribe(found, PayType, PricingCycle, Duration)
    rules.written(world, found)
    return {}
