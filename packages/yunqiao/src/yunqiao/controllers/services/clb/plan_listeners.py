"""Listeners: create what is missing, change what differs, start what stands, remove what is too much."""

from collections.abc import Iterator
from dataclasses import replace

from yunqiao.cloud.clb import listeners
from yunqiao.cloud.clb.listeners import AT_CREATION
from yunqiao.controllers.services.clb import plan_access, plan_domains, redirects
from yunqiao.controllers.services.clb.plan_groups import chosen
from yunqiao.controllers.services.identity import Identity
from yunqiao.model.balancer import UNMANAGED, Balancer, Listener
from yunqiao.model.step import Call

Leaving = Iterator[tuple[Listener, str]]
"""Listeners that have to go, and why."""


def steps(wanted: Balancer, seen: Balancer, who: Identity) -> Iterator[Call]:
    """All calls on listeners that can be made now.

    One that is to be made waits for its group and its access control list, until the round in which they are there.
    """
    if wanted.listeners is UNMANAGED:
        return
    have = {listener.slot: listener for listener in seen.listening}
    for wish in wanted.listeners:
        listener, twin, group = _resolved(wish, wanted, seen, who), have.get(wish.slot), chosen(seen, wish.group)
        if group is None:
            continue
        if twin is None:
            if _ready(listener):
                yield listeners.create(seen.id, listener, group.id, f"port {_port(listener)} has no listener")
        elif who.owner.owns(twin.description) and not _other_kind(listener, twin):
            yield from _mend(seen, listener, twin, group.id)
    yield from _gone(seen, _leaving(wanted, seen, who))


def withdrawal(seen: Balancer, who: Identity) -> Iterator[Call]:
    """Every listener that carries our mark goes from somebody else's balancer."""
    yield from _gone(seen, _ours(seen, who))


def _resolved(wish: Listener, wanted: Balancer, seen: Balancer, who: Identity) -> Listener:
    """The wish with what only what is there can tell: the id of its access control list, where it may redirect to."""
    return redirects.resolved(plan_access.resolved(wish, wanted, seen), wanted, seen, who)


def _ready(listener: Listener) -> bool:
    return not listener.access and not listener.barred


def _ours(seen: Balancer, who: Identity) -> Leaving:
    mine = (one for one in seen.listening if who.owner.owns(one.description))
    return ((one, f"port {_port(one)} is its Service's no more") for one in mine)


def _leaving(wanted: Balancer, seen: Balancer, who: Identity) -> Leaving:
    """Every listener of ours that has to go: it is no longer wanted, or its port is ready for one of another kind."""
    wishes = {listener.slot: listener for listener in wanted.listening}
    for twin, _ in _ours(seen, who):
        wish = wishes.get(twin.slot)
        if wish is None:
            yield twin, f"port {_port(twin)} is no longer wanted"
            continue
        listener = _resolved(wish, wanted, seen, who)
        if chosen(seen, wish.group) is not None and _ready(listener) and _other_kind(listener, twin):
            yield twin, f"port {_port(twin)} becomes {_port(listener)}, which takes a new listener"


def _gone(seen: Balancer, leaving: Leaving) -> Iterator[Call]:
    for listener, why in leaving:
        if not redirects.leading_to(listener, seen):  # those go first
            yield listeners.delete(seen.id, listener.port, listener.protocol, why)


def _other_kind(listener: Listener, twin: Listener) -> bool:
    """Whether the wanted one can only be made anew: another protocol, or another forwarding."""
    fixed = AT_CREATION.get(listener.protocol, ())
    return listener.protocol != twin.protocol or any(
        listener.attributes.get(name) != twin.attributes.get(name) for name in fixed if name in listener.attributes
    )


def conflicts(wanted: Balancer, seen: Balancer, who: Identity) -> Iterator[str]:
    """Ports that somebody else holds: never taken over."""
    have = {listener.slot: listener for listener in seen.listening}
    for listener in wanted.listening:
        twin = have.get(listener.slot)
        if twin is not None and not who.owner.owns(twin.description):
            holder = f'"{twin.description}"' if twin.description else "a listener without description"
            held = f"port {_port(listener)} of {seen.id} is held by {holder}, not this Service's; it is left alone"
            yield f'{held}. To hand it over, delete it there, or describe it as "{listener.description}"'
        elif twin is None and listener.barred:
            yield listener.barred
    if wanted.listeners is not UNMANAGED:
        yield from redirects.conflicts(_leaving(wanted, seen, who), seen, who)


def staying(seen: Balancer, who: Identity) -> Iterator[str]:
    """What keeps listeners of ours from going with their Service."""
    yield from redirects.conflicts(_ours(seen, who), seen, who)


def problems(wanted: Balancer, seen: Balancer, who: Identity) -> Iterator[str]:
    """Listeners that are there and keep what they have, since they cannot have what is asked for."""
    have = {listener.slot: listener for listener in seen.listening}
    for listener in wanted.listening:
        twin = have.get(listener.slot)
        if twin is not None and listener.barred and who.owner.owns(twin.description):
            yield listener.barred
    yield from redirects.problems(wanted, seen, who)


def _mend(seen: Balancer, listener: Listener, twin: Listener, group_id: str) -> Iterator[Call]:
    differing = [name for name, value in listener.attributes.items() if twin.attributes.get(name) != value]
    differing += ["Description"] if twin.description != listener.description else []
    differing += ["VServerGroupId"] if twin.group != group_id else []
    if differing:
        whole = replace(listener, attributes={**twin.attributes, **listener.attributes})
        why = f"{', '.join(differing)} of port {_port(listener)} differ from what is wanted"
        yield listeners.change(seen.id, whole, group_id, why)
    yield from plan_domains.steps(seen.id, listener, twin)
    if not twin.running:
        yield listeners.start(
            seen.id, listener.port, listener.protocol, f"the listener on port {_port(listener)} stands still"
        )


def _port(listener: Listener) -> str:
    return f"{listener.port}/{listener.protocol.upper()}"
