"""What an answer proves is folded into what was seen, so that a round of writes needs no second look.

Only a complete, successful answer proves anything; after a lost or refused one, look again.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from yunqiao.cloud.clb import groups
from yunqiao.cloud.clb.instances import ATTRIBUTES as INSTANCE_ATTRIBUTES
from yunqiao.cloud.clb.listeners import AT_CREATION, bound
from yunqiao.cloud.clb.listeners import ATTRIBUTES as LISTENER_ATTRIBUTES
from yunqiao.cloud.codes import is_full
from yunqiao.controllers.services.clb.fold_access import ON_LISTS
from yunqiao.model.balancer import (
    UNKNOWN,
    UNMANAGED,
    Absent,
    Backend,
    Balancer,
    Domain,
    Group,
    Listener,
    slot_of,
)
from yunqiao.model.errors import Refused, Stale, Trouble
from yunqiao.model.step import Call, Reply

NO_ADDRESS_LEFT = "VSwitchAvailableIpNotExist"
"""The code with which the cloud refuses to make a balancer in a vSwitch that has no address left."""


def fold(seen: Balancer | Absent, call: Call, reply: Reply) -> Balancer | Absent:
    """What is there after this call, as far as the call and its answer say."""
    if call.action in ON_LISTS:
        have = seen.access if isinstance(seen.access, tuple) else ()
        return replace(seen, access=ON_LISTS[call.action](have, call, reply))
    if call.action == "CreateLoadBalancer":
        made = _created(call.params, reply, known=not (isinstance(seen, Absent) and seen.tried))
        return replace(made, access=seen.access if isinstance(seen.access, tuple) else ())
    if isinstance(seen, Absent):
        return seen
    if call.lane != seen.id:
        return replace(seen, spares=_spares(seen, call))
    if call.action == "DeleteLoadBalancer":
        return _next_one(seen)
    return _FOLDS[call.action](seen, call, reply)


def _next_one(seen: Balancer) -> Balancer | Absent:
    """After the end of an instance: its first spare, else nothing but the lists that it had used."""
    if seen.spares:
        return replace(seen.spares[0], spares=seen.spares[1:], access=seen.access)
    return Absent(access=seen.access or UNKNOWN)


def stumble(seen: Balancer | Absent, call: Call, trouble: Trouble) -> Balancer | Absent | None:
    """What a refusal teaches, where there is another way; None where there is none.

    A vSwitch without a free address is avoided. A group whose backends cannot be swapped in one write is from then on
    added to, then removed from.
    """
    if call.action == "CreateLoadBalancer" and isinstance(seen, Absent):
        full = trouble.fault is not None and NO_ADDRESS_LEFT in trouble.fault.code and "VSwitchId" in call.params
        return replace(seen, avoided=seen.avoided | {call.params["VSwitchId"]}) if full else None
    return _group_taught(seen, call, trouble) if isinstance(seen, Balancer) else None


def _group_taught(seen: Balancer, call: Call, trouble: Trouble) -> Balancer | None:
    """Swap no more where that is refused; make room first where a group takes no more, unless that was done already."""
    group = next((one for one in seen.groups if one.id == call.params.get("VServerGroupId")), None)
    if group is None:
        return None
    if call.action == "ModifyVServerGroupBackendServers" and isinstance(trouble, Refused | Stale):
        taught = replace(group, swaps=False)
    elif call.action == "AddVServerGroupBackendServers" and is_full(trouble) and not group.full:
        taught = replace(group, full=True)
    else:
        return None
    return replace(seen, groups=tuple(taught if one is group else one for one in seen.groups))


def _created(params: Mapping[str, str], reply: Reply, *, known: bool) -> Balancer:
    attributes = {name: params[name] for name in INSTANCE_ATTRIBUTES if name in params}
    return Balancer(attributes, _tags(params), id=reply["LoadBalancerId"], address=reply["Address"], known=known)


def _tags(params: Mapping[str, str]) -> dict[str, str]:
    numbers = [name.split(".")[1] for name in params if name.startswith("Tag.") and name.endswith(".Key")]
    return {params[f"Tag.{number}.Key"]: params[f"Tag.{number}.Value"] for number in numbers}


def _spares(seen: Balancer, call: Call) -> tuple[Balancer, ...]:
    left = [one for one in seen.spares if not (one.id == call.lane and call.action == "DeleteLoadBalancer")]
    return tuple(_with_attribute(one, call) if one.id == call.lane else one for one in left)


def _with_attribute(seen: Balancer, call: Call) -> Balancer:
    given = {name: call.params[name] for name in INSTANCE_ATTRIBUTES if name in call.params}
    return replace(seen, attributes={**seen.attributes, **given})


def _attribute(seen: Balancer, call: Call, _: Reply) -> Balancer:
    return _with_attribute(seen, call)


def _paid_for(seen: Balancer, call: Call, _: Reply) -> Balancer:
    """One that is not paid for by its specification has none."""
    without = {name: value for name, value in seen.attributes.items() if name != "LoadBalancerSpec"}
    return _with_attribute(replace(seen, attributes=without), call)


def _tagged(seen: Balancer, call: Call, _: Reply) -> Balancer:
    return replace(seen, tags={**seen.tags, **_tags(call.params)})


def _untagged(seen: Balancer, call: Call, _: Reply) -> Balancer:
    gone = {value for name, value in call.params.items() if name.startswith("TagKey.")}
    return replace(seen, tags={key: value for key, value in seen.tags.items() if key not in gone})


def _group_created(seen: Balancer, call: Call, reply: Reply) -> Balancer:
    backends = groups.from_text(call.params["BackendServers"])
    new = Group(call.params["VServerGroupName"], backends, reply["VServerGroupId"])
    return replace(seen, groups=(*seen.groups, new))


def _group_deleted(seen: Balancer, call: Call, _: Reply) -> Balancer:
    return replace(seen, groups=tuple(one for one in seen.groups if one.id != call.params["VServerGroupId"]))


def _added(have: dict[object, Backend], call: Call) -> dict[object, Backend]:
    new = groups.from_text(call.params["BackendServers"])
    return have | {one.identity: _as_old(one, have.get(one.identity)) for one in new}


def _as_old(one: Backend, before: Backend | None) -> Backend:
    """What is changed stays as old as it is, unless it begins or ends to take traffic."""
    same = before is not None and (before.weight > 0) == (one.weight > 0)
    return replace(one, age=before.age) if before is not None and same else one


def _removed(have: dict[object, Backend], call: Call) -> dict[object, Backend]:
    gone = {one.identity for one in groups.from_text(call.params["BackendServers"])}
    return {identity: one for identity, one in have.items() if identity not in gone}


def _replaced(have: dict[object, Backend], call: Call) -> dict[object, Backend]:
    old = {one.identity for one in groups.from_text(call.params["OldBackendServers"])}
    new = {one.identity: one for one in groups.from_text(call.params["NewBackendServers"])}
    return {identity: one for identity, one in have.items() if identity not in old} | new


def _in_group(
    change: Callable[[dict[object, Backend], Call], dict[object, Backend]],
) -> Callable[[Balancer, Call, Reply], Balancer]:
    """Fold a change of one group's backends."""

    def folded(seen: Balancer, call: Call, _: Reply) -> Balancer:
        def changed(group: Group) -> Group:
            if group.id != call.params["VServerGroupId"] or not isinstance(group.backends, tuple):
                return group
            backends = change({one.identity: one for one in group.backends}, call)
            full = group.full and call.action != "AddVServerGroupBackendServers"
            return replace(group, backends=tuple(backends.values()), full=full)

        return replace(seen, groups=tuple(map(changed, seen.groups)))

    return folded


def _slot(call: Call) -> tuple[int, str]:
    named = call.params.get("ListenerProtocol") or _protocol(call.action)
    return slot_of(int(call.params["ListenerPort"]), named)


def _protocol(action: str) -> str:
    return next(one for one in LISTENER_ATTRIBUTES if f"LoadBalancer{one.upper()}Listener" in action)


def _listener_attributes(call: Call) -> dict[str, str]:
    protocol = _protocol(call.action)
    known = {name.lower(): name for name in (*LISTENER_ATTRIBUTES[protocol], *AT_CREATION.get(protocol, ()))}
    return {known[name.lower()]: value for name, value in call.params.items() if name.lower() in known}


def _listener_created(seen: Balancer, call: Call, _: Reply) -> Balancer:
    port, protocol = int(call.params["ListenerPort"]), _protocol(call.action)
    new = Listener(
        port, protocol, call.params["Description"], call.params["VServerGroupId"], _listener_attributes(call),
        running=False, domains=() if protocol == "https" else UNMANAGED,
    )  # fmt: skip
    return replace(seen, listeners=(*seen.listening, new))


def _on_listener(change: Callable[[Listener, Call], Listener | None]) -> Callable[[Balancer, Call, Reply], Balancer]:
    """Fold a change of one listener; None is its removal."""

    def folded(seen: Balancer, call: Call, _: Reply) -> Balancer:
        changed = [change(one, call) if one.slot == _slot(call) else one for one in seen.listening]
        return replace(seen, listeners=tuple(one for one in changed if one is not None))

    return folded


def _set(listener: Listener, call: Call) -> Listener:
    attributes = bound({**listener.attributes, **_listener_attributes(call)})
    group, description = call.params["VServerGroupId"], call.params["Description"]
    return replace(listener, attributes=attributes, group=group, description=description)


def _domain_added(seen: Balancer, call: Call, reply: Reply) -> Balancer:
    new = Domain(call.params["Domain"], call.params["ServerCertificateId"], reply["DomainExtensionId"])
    slot = slot_of(int(call.params["ListenerPort"]), "https")
    grown = (replace(one, domains=(*_domains(one), new)) if one.slot == slot else one for one in seen.listening)
    return replace(seen, listeners=tuple(grown))


def _domains(listener: Listener) -> tuple[Domain, ...]:
    return listener.domains if isinstance(listener.domains, tuple) else ()


def _on_domain(change: Callable[[Domain, Call], Domain | None]) -> Callable[[Balancer, Call, Reply], Balancer]:
    """Fold a change of one further domain, which is named by its id alone; None is its removal."""

    def changed(listener: Listener, call: Call) -> Listener:
        left = [change(one, call) if one.id == call.params["DomainExtensionId"] else one for one in _domains(listener)]
        return replace(listener, domains=tuple(one for one in left if one is not None))

    def folded(seen: Balancer, call: Call, _: Reply) -> Balancer:
        kept = (changed(one, call) if isinstance(one.domains, tuple) else one for one in seen.listening)
        return replace(seen, listeners=tuple(kept))

    return folded


_FOLDS: Mapping[str, Callable[[Balancer, Call, Reply], Balancer]] = {
    "SetLoadBalancerDeleteProtection": _attribute,
    "SetLoadBalancerModificationProtection": _attribute,
    "SetLoadBalancerName": _attribute,
    "ModifyLoadBalancerInternetSpec": _attribute,
    "ModifyLoadBalancerInstanceChargeType": _paid_for,
    "ModifyLoadBalancerInstanceSpec": _attribute,
    "TagResources": _tagged,
    "UntagResources": _untagged,
    "CreateVServerGroup": _group_created,
    "DeleteVServerGroup": _group_deleted,
    "AddVServerGroupBackendServers": _in_group(_added),
    "SetVServerGroupAttribute": _in_group(_added),
    "RemoveVServerGroupBackendServers": _in_group(_removed),
    "ModifyVServerGroupBackendServers": _in_group(_replaced),
    **{f"CreateLoadBalancer{one.upper()}Listener": _listener_created for one in LISTENER_ATTRIBUTES},
    **{f"SetLoadBalancer{one.upper()}ListenerAttribute": _on_listener(_set) for one in LISTENER_ATTRIBUTES},
    "StartLoadBalancerListener": _on_listener(lambda one, _: replace(one, running=True)),
    "DeleteLoadBalancerListener": _on_listener(lambda *_: None),
    "CreateDomainExtension": _domain_added,
    "SetDomainExtensionAttribute": _on_domain(
        lambda one, call: replace(one, certificate=call.params["ServerCertificateId"])
    ),
    "DeleteDomainExtension": _on_domain(lambda *_: None),
}
