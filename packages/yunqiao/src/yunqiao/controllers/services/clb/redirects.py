"""Redirects from HTTP to HTTPS: made after the listener that they lead to, gone before it, and never to nowhere.

CreateLoadBalancerHTTPListener takes a ForwardPort that is an HTTPS listener's only, and DeleteLoadBalancerListener
answers ListenerForwardExist for a listener that another one forwards to.
"""

from collections.abc import Iterator
from dataclasses import replace

from yunqiao.cloud.clb.listeners import AT_CREATION
from yunqiao.controllers.services.identity import Identity
from yunqiao.model.balancer import Balancer, Listener
from yunqiao.options.declare import PREFIXES

NOWHERE = (
    "{0}forward-port: port {1} is to redirect to port {2}, where no HTTPS listener is or is to be; it answers requests "
    "itself instead. Have port {2} in spec.ports and https:{2} in {0}protocol-port, or take {1}:{2} out"
)
LED_TO = (
    "port {}/HTTPS of {} is to go, and {}, not this Service's, redirects from port {} to it; it stays until that "
    "redirect is taken away there"
)


def resolved(listener: Listener, wanted: Balancer, seen: Balancer, who: Identity) -> Listener:
    """The listener as it can be now: without a word of its redirect before its end is there, serving if that never is.

    One that waits is barred from being made; one that is there keeps what it has.
    """
    end = _end(listener)
    if end is None or end in _https(seen) & _lasting(wanted, seen, who):
        return listener
    silent = {name: value for name, value in listener.attributes.items() if name not in AT_CREATION["http"]}
    if end not in _lasting(wanted, seen, who):
        return replace(listener, attributes={**silent, "ListenerForward": "off"})
    return replace(listener, attributes=silent, barred=listener.barred or f"port {end}/HTTPS comes first")


def leading_to(listener: Listener, seen: Balancer) -> list[Listener]:
    """The redirects that end at this listener: as long as there is one, it cannot go."""
    return [one for one in seen.listening if listener.protocol == "https" and _end(one) == listener.port]


def conflicts(leaving: Iterator[tuple[Listener, str]], seen: Balancer, who: Identity) -> Iterator[str]:
    """Listeners of ours that stay because somebody else's redirect ends there."""
    for listener, _ in leaving:
        for one in leading_to(listener, seen):
            if not who.owner.owns(one.description):
                holder = f'"{one.description}"' if one.description else "a listener without description"
                yield LED_TO.format(listener.port, seen.id, holder, one.port)


def problems(wanted: Balancer, seen: Balancer, who: Identity) -> Iterator[str]:
    """Redirects that lead nowhere."""
    for listener in wanted.listening:
        end = _end(listener)
        if end is not None and end not in _lasting(wanted, seen, who):
            yield NOWHERE.format(PREFIXES[0], listener.port, end)


def _end(listener: Listener) -> int | None:
    told = listener.attributes
    return int(told["ForwardPort"]) if told.get("ListenerForward") == "on" and told.get("ForwardPort") else None


def _https(balancer: Balancer) -> set[int]:
    return {one.port for one in balancer.listening if one.protocol == "https"}


def _lasting(wanted: Balancer, seen: Balancer, who: Identity) -> set[int]:
    """Ports that have an HTTPS listener when all is done: ours that are asked for, and somebody else's."""
    theirs = {one.port for one in seen.listening if one.protocol == "https" and not who.owner.owns(one.description)}
    return _https(wanted) | theirs
