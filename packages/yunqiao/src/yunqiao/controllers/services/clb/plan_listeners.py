"""Listeners: create what is missing, change what differs, start what stands, remove what is too much."""

from collections.abc import Iterator
from dataclasses import replace

from yunqiao.cloud.clb import listeners
from yunqiao.controllers.services.clb.plan_groups import chosen
from yunqiao.controllers.services.identity import Identity
from yunqiao.model.balancer import Balancer, Listener
from yunqiao.model.step import Call


def steps(wanted: Balancer, seen: Balancer, who: Identity) -> Iterator[Call]:
    """All calls on listeners that can be made now; one whose group is not there yet waits for the next round."""
    have = {listener.slot: listener for listener in seen.listeners}
    for listener in wanted.listeners:
        twin, group = have.get(listener.slot), chosen(seen, listener.group)
        if twin is None and group is not None:
            yield listeners.create(seen.id, listener, group.id, f"port {_port(listener)} has no listener")
        elif twin is not None and group is not None and who.owner.owns(twin.description):
            yield from _mend(seen, listener, twin, group.id)
    slots = {listener.slot for listener in wanted.listeners}
    for listener in seen.listeners:
        if listener.slot not in slots and who.owner.owns(listener.description):
            yield listeners.delete(seen.id, *listener.slot, f"port {_port(listener)} is no longer wanted")


def conflicts(wanted: Balancer, seen: Balancer, who: Identity) -> Iterator[str]:
    """Ports that somebody else holds: never taken over."""
    have = {listener.slot: listener for listener in seen.listeners}
    for listener in wanted.listeners:
        twin = have.get(listener.slot)
        if twin is not None and not who.owner.owns(twin.description):
            holder = f'"{twin.description}"' if twin.description else "a listener without description"
            yield f"port {_port(listener)} of {seen.id} is held by {holder}, not this Service's; it is left alone"


def _mend(seen: Balancer, listener: Listener, twin: Listener, group_id: str) -> Iterator[Call]:
    differing = [name for name, value in listener.attributes.items() if twin.attributes.get(name) != value]
    differing += ["Description"] if twin.description != listener.description else []
    differing += ["VServerGroupId"] if twin.group != group_id else []
    if differing:
        whole = replace(listener, attributes={**twin.attributes, **listener.attributes})
        why = f"{', '.join(differing)} of port {_port(listener)} differ from what is wanted"
        yield listeners.change(seen.id, whole, group_id, why)
    if not twin.running:
        yield listeners.start(seen.id, *listener.slot, f"the listener on port {_port(listener)} stands still")


def _port(listener: Listener) -> str:
    return f"{listener.port}/{listener.protocol.upper()}"
