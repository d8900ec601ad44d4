"""What a call changes, field by field, and what that does to requests: pure, from what is there before and after it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from yunqiao.model.balancer import AccessList, Backend, Balancer, Domain, Group, Listener
from yunqiao.model.step import Call


class Effect(IntEnum):
    """What a change does to those who use the Service, from nothing to the worst."""

    HARMLESS = 0
    IN_PLACE = 1
    INTERRUPTS = 2
    LOSES = 3

    @property
    def words(self) -> str:
        """As it is printed."""
        return _WORDS[self]


_WORDS = {
    Effect.HARMLESS: "harmless",
    Effect.IN_PLACE: "in place",
    Effect.INTERRUPTS: "interrupts a listener",
    Effect.LOSES: "loses the address",
}
UNUSED_BY_REQUESTS = frozenset({
    "LoadBalancerName", "DeleteProtection", "ModificationProtectionStatus", "ResourceGroupId",
})  # fmt: skip
"""Attributes of an instance that no request ever meets."""
FORWARDING = frozenset({"ListenerForward", "ForwardPort"})
"""Settings of a listener that decide whether it serves at all."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field: where it is, its name, its value before and after (empty: there is none), and what that does."""

    where: str
    field: str
    old: str
    new: str
    effect: Effect


def changes(call: Call, before: Balancer | None, after: Balancer | None, *, served: bool) -> tuple[Change, ...]:
    """Every field that a call changes. None: there is nothing; `served` says that clients know an address already."""
    if before is None:
        return tuple(_made(after, served=served)) if after is not None else ()
    if _elsewhere(call, before):
        return ()
    if after is None or after.id != before.id:
        return (Change(f"load balancer {before.id}", "Address", before.address, "", Effect.LOSES),)
    return (*_instance(before, after), *_groups(before, after), *_listeners(before, after), *_access(before, after))


def effect_of(call: Call, before: Balancer | None, found: tuple[Change, ...]) -> Effect:
    """The worst of what a call changes; where that is not known, what such a call may do at worst."""
    if found:
        return max(one.effect for one in found)
    if before is not None and _elsewhere(call, before):
        return Effect.HARMLESS
    return Effect.LOSES if call.action == "DeleteLoadBalancer" else Effect.IN_PLACE


def _elsewhere(call: Call, balancer: Balancer) -> bool:
    """Whether it goes to one of the balancer's empty twins."""
    return bool(call.params.get("LoadBalancerId", balancer.id) != balancer.id)


def _made(after: Balancer, *, served: bool) -> Iterator[Change]:
    effect = Effect.LOSES if served else Effect.HARMLESS
    yield from _fields(f"load balancer {after.id}", {}, after.attributes, effect)
    yield from _fields(f"load balancer {after.id}", {}, _as_tags(after.tags), effect)


def _instance(before: Balancer, after: Balancer) -> Iterator[Change]:
    where = f"load balancer {after.id}"
    for one in _fields(where, before.attributes, after.attributes, Effect.IN_PLACE):
        harmless = one.field in UNUSED_BY_REQUESTS
        yield Change(where, one.field, one.old, one.new, Effect.HARMLESS if harmless else Effect.IN_PLACE)
    yield from _fields(where, _as_tags(before.tags), _as_tags(after.tags), Effect.HARMLESS)


def _groups(before: Balancer, after: Balancer) -> Iterator[Change]:
    old, new = ({one.id: one for one in each.groups} for each in (before, after))
    for group_id in dict.fromkeys((*old, *new)):
        was, now = old.get(group_id), new.get(group_id)
        where = f"server group {(now or was or Group('', ())).name or group_id}"
        if was is None or now is None:
            yield Change(where, "id", was.id if was else "", now.id if now else "", Effect.HARMLESS)
        yield from _fields(where, _weights(was), _weights(now), _on_backends(group_id, was, now, before, after))
        if was is not None and now is not None:
            stayed = _marks(was).keys() & _marks(now).keys()
            old_marks, new_marks = _only(_marks(was), stayed), _only(_marks(now), stayed)
            yield from _fields(where, old_marks, new_marks, Effect.HARMLESS)


def _on_backends(group_id: str, was: Group | None, now: Group | None, before: Balancer, after: Balancer) -> Effect:
    """Nothing where no listener uses the group, or nothing goes; an interruption where nobody is left to serve."""
    listening = {one.slot for one in before.listening if one.running and one.group == group_id}
    still = {one.slot for one in after.listening if one.running and one.group == group_id}
    if was is None or not listening & still:
        return Effect.HARMLESS
    if _serving(was) and not _serving(now):
        return Effect.INTERRUPTS
    only_more = _weights(was).items() <= _weights(now).items()
    return Effect.HARMLESS if only_more else Effect.IN_PLACE


def _serving(group: Group | None) -> bool:
    return any(one.weight for one in _backends(group))


def _weights(group: Group | None) -> dict[str, str]:
    return {f"backend {_place(one)}": f"weight {one.weight}" for one in _backends(group)}


def _marks(group: Group) -> dict[str, str]:
    return {f"mark of backend {_place(one)}": one.description for one in _backends(group)}


def _backends(group: Group | None) -> tuple[Backend, ...]:
    return group.backends if group is not None and isinstance(group.backends, tuple) else ()


def _only(found: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    return {name: value for name, value in found.items() if name in names}


def _place(backend: Backend) -> str:
    return f"{backend.server_ip or backend.server_id}:{backend.port}"


def _listeners(before: Balancer, after: Balancer) -> Iterator[Change]:
    old, new = ({one.slot: one for one in each.listening} for each in (before, after))
    names = {one.id: one.name for one in (*before.groups, *after.groups)}
    for slot in dict.fromkeys((*old, *new)):
        was, now = old.get(slot), new.get(slot)
        named = now or was
        if named is not None:
            yield from _listener(f"listener {named.port}/{named.protocol.upper()}", was, now, names)


def _listener(where: str, was: Listener | None, now: Listener | None, names: Mapping[str, str]) -> Iterator[Change]:
    """A listener that did not run serves nobody: whatever happens to it is harmless."""
    running = was is not None and was.running
    usual = Effect.IN_PLACE if running else Effect.HARMLESS
    stops = Effect.INTERRUPTS if running and (now is None or not now.running) else Effect.HARMLESS
    yield from _fields(where, _state(was), _state(now), stops)
    for one in _fields(where, _settings(was, names), _settings(now, names), usual):
        forwarding = Effect.INTERRUPTS if running and one.field in FORWARDING else usual
        effect = Effect.HARMLESS if one.field == "Description" else forwarding
        if now is not None:  # of one that goes, its going says it all
            yield Change(where, one.field, one.old, one.new, effect)


def _state(listener: Listener | None) -> dict[str, str]:
    return {} if listener is None else {"state": "running" if listener.running else "stopped"}


def _settings(listener: Listener | None, names: Mapping[str, str]) -> dict[str, str]:
    if listener is None:
        return {}
    domains: tuple[Domain, ...] = listener.domains if isinstance(listener.domains, tuple) else ()
    own = {"Description": listener.description, "server group": names.get(listener.group, listener.group)}
    return {**own, **listener.attributes, **{f"domain {one.name}": one.certificate for one in domains}}


def _access(before: Balancer, after: Balancer) -> Iterator[Change]:
    """An access control list decides who may connect: what changes in it counts from the next connection on."""
    old, new = ({one.id or one.name: one for one in each.access} for each in (before, after))
    for name in dict.fromkeys((*old, *new)):
        was, now = old.get(name), new.get(name)
        named = (now or was or AccessList(name, frozenset())).name
        effect = Effect.HARMLESS if was is None or now is None else Effect.IN_PLACE
        yield from _fields(f"access control list {named}", _entries(was), _entries(now), effect)


def _entries(access: AccessList | None) -> dict[str, str]:
    found = access.entries if access is not None and isinstance(access.entries, frozenset) else frozenset()
    return {f"entry {one}": "allowed" for one in sorted(found)}


def _as_tags(tags: Mapping[str, str]) -> dict[str, str]:
    return {f"tag {key}": value or '""' for key, value in tags.items()}


def _fields(where: str, old: Mapping[str, str], new: Mapping[str, str], effect: Effect) -> Iterator[Change]:
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield Change(where, name, old.get(name, ""), new.get(name, ""), effect)
