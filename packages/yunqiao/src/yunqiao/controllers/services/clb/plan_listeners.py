"""Listeners: create what is missing, change what differs, start what stands, remove what is too much."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from yunqiao.cloud.clb import listeners
from yunqiao.cloud.clb.listeners import AT_CREATION
from yunqiao.controllers.services.clb import plan_access, plan_domains
from yunqiao.controllers.services.clb.plan_groups import chosen
from yunqiao.controllers.services.identity import Identity
from yunqiao.model.balancer import UNMANAGED, Balancer, Listener, slot_of
from yunqiao.model.step import Call


def steps(wanted: Balancer, seen: Balancer, who: Identity) -> Iterator[Call]:
    """All calls on listeners that can be made now.

    One that is to be made waits for its group and its access control list, until the round in which they are there.
    """
    if wanted.listeners is UNMANAGED:
        return
    have = {listener.slot: listener for listener in seen.listening}
    for wish in wanted.listeners:
        listener, twin, group = plan_access.resolved(wish, wanted, seen), have.get(wish.slot), chosen(seen, wish.group)
        ready = not listener.access and not listener.barred
        if group is None:
            continue
        if twin is None:
            if ready and _target_is_there(listener, have):
                yield listeners.create(seen.id, listener, group.id, f"port {_port(listener)} has no listener")
        elif who.owner.owns(twin.description):
            if not _other_kind(listener, twin):
                yield from _mend(seen, listener, twin, group.id)
            elif ready:
                yield from _anew(seen, listener, twin)
    slots = {listener.slot for listener in wanted.listeners}
    gone = [one for one in seen.listening if one.slot not in slots and who.owner.owns(one.description)]
    yield from _gone(seen, gone, "no longer wanted")


def withdrawal(seen: Balancer, who: Identity) -> Iterator[Call]:
    """Every listener that carries our mark goes from somebody else's balancer."""
    yield from _gone(seen, [one for one in seen.listening if who.owner.owns(one.description)], "its Service's no more")


def _gone(seen: Balancer, gone: list[Listener], why: str) -> Iterator[Call]:
    targets = {one.attributes.get("ForwardPort") for one in gone if one.attributes.get("ListenerForward") == "on"}
    for listener in gone:
        if str(listener.port) not in targets:  # what forwards to it goes first
            yield listeners.delete(seen.id, listener.port, listener.protocol, f"port {_port(listener)} is {why}")


def _target_is_there(listener: Listener, have: Mapping[tuple[int, str], Listener]) -> bool:
    """A listener that forwards is made after the one that it forwards to."""
    port = listener.attributes.get("ForwardPort")
    return port is None or slot_of(int(port), "https") in have


def _other_kind(listener: Listener, twin: Listener) -> bool:
    """Whether the wanted one can only be made anew: another protocol, or another forwarding."""
    fixed = AT_CREATION.get(listener.protocol, ())
    return listener.protocol != twin.protocol or any(
        listener.attributes.get(name) != twin.attributes.get(name) for name in fixed if name in listener.attributes
    )


def _anew(seen: Balancer, listener: Listener, twin: Listener) -> Iterator[Call]:
    why = f"port {_port(twin)} becomes {_port(listener)}, which takes a new listener"
    yield listeners.delete(seen.id, twin.port, twin.protocol, why)


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


def problems(wanted: Balancer, seen: Balancer, who: Identity) -> Iterator[str]:
    """Listeners that are there and keep what they have, since they cannot have what is asked for."""
    have = {listener.slot: listener for listener in seen.listening}
    for listener in wanted.listening:
        twin = have.get(listener.slot)
        if twin is not None and listener.barred and who.owner.owns(twin.description):
            yield listener.barred


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
