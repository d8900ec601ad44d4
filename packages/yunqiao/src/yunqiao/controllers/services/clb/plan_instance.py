"""The instance itself: its attributes, how it is paid for, its tags."""

from collections.abc import Iterator, Mapping

from yunqiao.cloud.clb import instances
from yunqiao.controllers.services.identity import Identity
from yunqiao.model.balancer import Balancer
from yunqiao.model.step import Call

SMALLEST = "slb.s1.small"
"""The specification of an instance that is paid for by specification when none is asked for."""
FIXED = (
    "AddressType", "AddressIPVersion", "NetworkType", "VSwitchId", "Address", "MasterZoneId", "SlaveZoneId",
    "ResourceGroupId",
)  # fmt: skip
"""What only another instance could have otherwise."""


def fixed(wanted: Balancer, seen: Balancer, who: Identity) -> Iterator[str]:
    """Wishes that only another instance could fulfil."""
    if who.asked and who.asked != seen.id:
        yield f"this Service has load balancer {seen.id} of its own; to use {who.asked}, create the Service anew"
    for name in FIXED:
        wish, have = wanted.attributes.get(name), seen.attributes.get(name)
        if wish and have and wish != have:
            yield f"{name} of {seen.id} is {have} and cannot become {wish}; create the Service anew for that"


def steps(wanted: Balancer, seen: Balancer) -> Iterator[Call]:
    """All calls on the instance that can be made now. Tags that others have set stay."""
    missing = {key: value for key, value in wanted.tags.items() if seen.tags.get(key) != value}
    if missing:
        yield instances.tag(seen.id, missing, f"tags {', '.join(missing)} are missing or differ")
    former = sorted(wanted.former_tags & seen.tags.keys())
    if former:
        yield instances.untag(seen.id, former, f"tags {', '.join(former)} are no longer asked for")
    for name, change in _CHANGES.items():
        wish, have = wanted.attributes.get(name), seen.attributes.get(name)
        if wish is not None and wish != have:
            yield change(seen.id, wish, f"{name} is {have}, wanted {wish}")
    yield from _paid_for(wanted, seen)


def _paid_for(wanted: Balancer, seen: Balancer) -> Iterator[Call]:
    """How traffic and instance are paid for; bandwidth and specification belong to one way of paying each."""
    wish, have = wanted.attributes, seen.attributes
    spec = wish.get("LoadBalancerSpec") or SMALLEST
    if _differ(["InstanceChargeType"], wish, have):
        why = f"InstanceChargeType is {have.get('InstanceChargeType')}, wanted {wish['InstanceChargeType']}"
        yield instances.set_charge_type(seen.id, wish["InstanceChargeType"], spec, why)
        return  # what may be paid for by bandwidth is known in the next round
    traffic = ["InternetChargeType", *(["Bandwidth"] if wish.get("InternetChargeType") == "paybybandwidth" else [])]
    if "InternetChargeType" in wish and have.get("AddressType") == "internet" and _differ(traffic, wish, have):
        bandwidth = wish.get("Bandwidth", "") if "Bandwidth" in traffic else ""
        why = f"{_differ(traffic, wish, have)} differ from what is wanted"
        yield instances.set_internet_spec(seen.id, wish["InternetChargeType"], bandwidth, why)
    if have.get("InstanceChargeType") == "PayBySpec" and _differ(["LoadBalancerSpec"], wish, have):
        why = f"LoadBalancerSpec is {have.get('LoadBalancerSpec')}, wanted {spec}"
        yield instances.set_spec(seen.id, spec, why)


def _differ(names: list[str], wish: Mapping[str, str], have: Mapping[str, str]) -> str:
    return ", ".join(name for name in names if name in wish and wish[name] != have.get(name))


_CHANGES = {
    "LoadBalancerName": instances.set_name,
    "DeleteProtection": instances.set_delete_protection,
    "ModificationProtectionStatus": instances.set_modification_protection,
}
