"""From (wanted, seen) to the calls whose preconditions hold now.

It never waits, resolves ids or remembers: what needs an id is planned in the next round, when the id is known. The
calls of a round are independent of one another. Nothing that carries no mark of ours is ever touched.
"""

import json
from collections.abc import Iterator, Mapping

from yunqiao.cloud.clb import instances
from yunqiao.controllers.services.clb import plan_groups, plan_listeners
from yunqiao.controllers.services.identity import Identity
from yunqiao.model.balancer import Absent, Balancer
from yunqiao.model.keys import digest
from yunqiao.model.step import Call, Plan

SMALLEST = "slb.s1.small"
"""The specification of an instance that is paid for by specification when none is asked for."""
LOOK_AGAIN_AFTER = 1.0
"""Seconds until one that was made "again" is looked at."""
LOOK_TWICE_AFTER = 5.0
"""Seconds between the two looks that must find nothing before a deletion is done: a listing may lag behind."""


def plan(wanted: Balancer | Absent, seen: Balancer | Absent, who: Identity, now: float) -> Plan:
    """The calls that can be made now. `now` and Absent.since are seconds on the same clock."""
    if isinstance(seen, Absent):
        return _nothing_there(wanted, seen, who, now)
    if isinstance(wanted, Absent) and wanted.kept:
        return Plan(tuple(_let_go(seen, who)))
    if not who.holds(seen):
        return Plan(problems=(f"load balancer {seen.id} carries no mark of this Service; it is left alone",))
    if isinstance(wanted, Absent):
        return Plan(tuple(_remove(seen, who)))
    if not seen.known:
        return Plan(again_after=LOOK_AGAIN_AFTER)
    problems = (*_fixed(wanted, seen), *plan_listeners.conflicts(wanted, seen, who))
    steps = (
        *(_demolish(one, f"a twin of {seen.id}, left empty by a late call") for one in seen.spares),
        *_attributes(wanted, seen),
        *plan_groups.steps(wanted, seen, who),
        *plan_listeners.steps(wanted, seen, who),
    )
    return Plan(steps, problems=problems)


def _nothing_there(wanted: Balancer | Absent, seen: Absent, who: Identity, now: float) -> Plan:
    if isinstance(wanted, Balancer):
        return _create(wanted, who)
    waited = now - seen.since
    return Plan() if waited >= LOOK_TWICE_AFTER else Plan(again_after=LOOK_TWICE_AFTER - waited)


def _create(wanted: Balancer, who: Identity) -> Plan:
    if wanted.barred:
        return Plan(problems=(wanted.barred,))
    attributes = {**wanted.birth, **wanted.attributes}
    spec = attributes.pop("LoadBalancerSpec", SMALLEST)
    if attributes["InstanceChargeType"] == "PayBySpec":
        attributes["LoadBalancerSpec"] = spec
    canonical = json.dumps([attributes, dict(wanted.tags)], sort_keys=True)
    token = digest(who.uid, who.attempt, canonical, length=48)
    kind = attributes["AddressType"]
    why = f"Service {who.owner.namespace}/{who.owner.service} wants an {kind} load balancer and has none"
    return Plan((instances.create(attributes, wanted.tags, token, why),))


def _remove(seen: Balancer, who: Identity) -> Iterator[Call]:
    """The instance with everything on it, and its spares."""
    why = f"Service {who.owner.namespace}/{who.owner.service} no longer wants it"
    return (_demolish(one, why) for one in (seen, *seen.spares))


def _let_go(seen: Balancer, who: Identity) -> Iterator[Call]:
    """Nothing of ours holds the instance any more; it stays, with its listeners and groups."""
    why = f"Service {who.owner.namespace}/{who.owner.service} goes, and its load balancer is to stay"
    if seen.attributes.get("DeleteProtection") == "on":
        yield instances.set_delete_protection(seen.id, "off", why)
    if seen.attributes.get("ModificationProtectionStatus") == "ConsoleProtection":
        yield instances.set_modification_protection(seen.id, "NonProtection", why)
    marks = [key for key, value in who.tags.items() if seen.tags.get(key) == value]
    if marks:
        yield instances.untag(seen.id, marks, why)


def _demolish(one: Balancer, why: str) -> Call:
    """Delete an instance; its protection goes first, in a round of its own."""
    if one.attributes.get("DeleteProtection") == "off":
        return instances.delete(one.id, why)
    return instances.set_delete_protection(one.id, "off", f"{why}; deletion is protected")


FIXED = ("AddressType", "AddressIPVersion", "MasterZoneId", "SlaveZoneId", "ResourceGroupId")
"""What only another instance could have otherwise."""


def _fixed(wanted: Balancer, seen: Balancer) -> Iterator[str]:
    """Wishes that only another instance could fulfil."""
    for name in FIXED:
        wish, have = wanted.attributes.get(name), seen.attributes.get(name)
        if wish and have and wish != have:
            yield f"{name} of {seen.id} is {have} and cannot become {wish}; create the Service anew for that"


def _attributes(wanted: Balancer, seen: Balancer) -> Iterator[Call]:
    missing = {key: value for key, value in wanted.tags.items() if seen.tags.get(key) != value}
    if missing:
        yield instances.tag(seen.id, missing, "mark it as this Service's")
    for name, change in _CHANGES.items():
        wish, have = wanted.attributes.get(name), seen.attributes.get(name)
        if wish is not None and wish != have:
            yield change(seen.id, wish, f"{name} is {have}, wanted {wish}")
    yield from _paid_for(wanted, seen)


def _paid_for(wanted: Balancer, seen: Balancer) -> Iterator[Call]:
    """How traffic and instance are paid for; bandwidth and specification belong to one way of paying each."""
    wish, have = wanted.attributes, seen.attributes
    traffic = ["InternetChargeType", *(["Bandwidth"] if wish.get("InternetChargeType") == "paybybandwidth" else [])]
    if "InternetChargeType" in wish and have.get("AddressType") == "internet" and _differ(traffic, wish, have):
        bandwidth = wish.get("Bandwidth", "") if "Bandwidth" in traffic else ""
        why = f"{_differ(traffic, wish, have)} differ from what is wanted"
        yield instances.set_internet_spec(seen.id, wish["InternetChargeType"], bandwidth, why)
    spec = wish.get("LoadBalancerSpec") or SMALLEST
    if _differ(["InstanceChargeType"], wish, have):
        why = f"InstanceChargeType is {have.get('InstanceChargeType')}, wanted {wish['InstanceChargeType']}"
        yield instances.set_charge_type(seen.id, wish["InstanceChargeType"], spec, why)
    elif have.get("InstanceChargeType") == "PayBySpec" and _differ(["LoadBalancerSpec"], wish, have):
        why = f"LoadBalancerSpec is {have.get('LoadBalancerSpec')}, wanted {spec}"
        yield instances.set_spec(seen.id, spec, why)


def _differ(names: list[str], wish: Mapping[str, str], have: Mapping[str, str]) -> str:
    return ", ".join(name for name in names if name in wish and wish[name] != have.get(name))


_CHANGES = {
    "LoadBalancerName": instances.set_name,
    "DeleteProtection": instances.set_delete_protection,
    "ModificationProtectionStatus": instances.set_modification_protection,
}
