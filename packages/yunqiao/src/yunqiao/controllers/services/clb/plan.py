"""From (wanted, seen) to the calls whose preconditions hold now.

It never waits, resolves ids or remembers: what needs an id is planned in the next round, when the id is known. The
calls of a round are independent of one another. Nothing that carries no mark of ours is ever touched.
"""

import json
from collections.abc import Iterator
from dataclasses import replace

from yunqiao.cloud.clb import instances
from yunqiao.controllers.services.clb import plan_access, plan_groups, plan_instance, plan_listeners
from yunqiao.controllers.services.clb.plan_instance import SMALLEST
from yunqiao.controllers.services.identity import Identity, made_by_kubernetes
from yunqiao.controllers.services.known import LOOK_TWICE_AFTER
from yunqiao.model.balancer import UNKNOWN, Absent, Balancer
from yunqiao.model.keys import digest
from yunqiao.model.step import Call, Plan

OF_A_CLUSTER = (
    "load balancer {} was made by a cluster for one of its Services and cannot be borrowed; let it go there first "
    "(preserve-lb-on-delete), or name another one in the annotation id"
)
NO_ADDRESS = (
    "no address is left for a load balancer in vSwitch {}; name another one (annotation vswitch-id, or vswitchid in "
    "the cloud-config)"
)
LOOK_AGAIN_AFTER = 1.0
"""Seconds until one that was made "again" is looked at."""


def plan(wanted: Balancer | Absent, seen: Balancer | Absent, who: Identity, now: float) -> Plan:
    """The calls that can be made now. `now` and Absent.since are seconds on the same clock."""
    if isinstance(seen, Absent):
        return _nothing_there(wanted, seen, who, now)
    if who.borrows(seen):
        return _borrowed(wanted, seen, who)
    if isinstance(wanted, Absent) and wanted.kept:
        return Plan(tuple(_let_go(seen, who)))
    if not who.holds(seen):
        return Plan(problems=(f"load balancer {seen.id} carries no mark of this Service; it is left alone",))
    if isinstance(wanted, Absent):
        return Plan(tuple(_remove(seen, who)))
    if not seen.known:
        return Plan(again_after=LOOK_AGAIN_AFTER)
    spares = tuple(_demolish(one, f"a twin of {seen.id}, left empty by a late call") for one in seen.spares)
    instance = tuple(plan_instance.steps(wanted, seen))
    parts = _parts(wanted, seen, who)
    problems = (*plan_instance.fixed(wanted, seen, who), *parts.problems)
    return Plan((*spares, *instance, *parts.steps), problems=problems, blocked=parts.blocked, due=parts.due)


def _parts(wanted: Balancer, seen: Balancer, who: Identity) -> Plan:
    """Groups and listeners, the same on a balancer of one's own and on a borrowed one."""
    plans = (plan_access, plan_groups, plan_listeners)
    steps = (step for one in plans for step in one.steps(wanted, seen, who))
    conflicts = (
        *plan_access.conflicts(wanted, seen),
        *plan_groups.conflicts(wanted, seen),
        *plan_listeners.conflicts(wanted, seen, who),
    )
    problems = (*wanted.problems, *plan_listeners.problems(wanted, seen, who))
    return Plan(tuple(steps), problems=problems, blocked=conflicts, due=plan_groups.due(wanted, seen, who))


def _borrowed(wanted: Balancer | Absent, seen: Balancer, who: Identity) -> Plan:
    """Somebody else's instance: our parts on it, or, when the Service goes, none of them."""
    if isinstance(wanted, Absent):
        leaving = (
            plan_listeners.withdrawal(seen, who),
            plan_groups.withdrawal(seen, who),
            plan_access.withdrawal(seen),
        )
        return Plan(tuple(step for one in leaving for step in one), blocked=tuple(plan_listeners.staying(seen, who)))
    if made_by_kubernetes(seen):
        return Plan(blocked=(OF_A_CLUSTER.format(seen.id),))
    if who.asked != seen.id:
        stays = f"this Service uses load balancer {seen.id} and stays there until it goes"
        moved = f"{stays}; put the annotation id back, or create the Service anew"
        parts = _parts(wanted, seen, who)
        return replace(parts, problems=(moved, *parts.problems))
    return _parts(wanted, seen, who)


def _nothing_there(wanted: Balancer | Absent, seen: Absent, who: Identity, now: float) -> Plan:
    if isinstance(wanted, Balancer):
        return _create(wanted, seen, who)
    if seen.access is UNKNOWN and who.access:
        return Plan(again_after=LOOK_TWICE_AFTER)
    if isinstance(seen.access, tuple) and seen.access:
        return Plan(tuple(plan_access.removal(seen.access, "its Service goes")))
    waited = now - seen.since
    return Plan() if waited >= LOOK_TWICE_AFTER else Plan(again_after=LOOK_TWICE_AFTER - waited)


def _create(wanted: Balancer, seen: Absent, who: Identity) -> Plan:
    if wanted.borrowed:
        return Plan(blocked=(wanted.barred,))
    if wanted.barred:
        return Plan(problems=(wanted.barred,))
    attributes = {**wanted.birth, **wanted.attributes}
    place = next((one for one in wanted.places if one not in seen.avoided), "")
    attributes |= {"VSwitchId": place} if place else {}
    if seen.avoided and attributes.get("VSwitchId", "") in {"", *seen.avoided}:
        return Plan(blocked=(NO_ADDRESS.format(", ".join(sorted(seen.avoided))),))
    spec = attributes.pop("LoadBalancerSpec", SMALLEST)
    attributes.pop("NetworkType", None)  # follows from the vSwitch
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
