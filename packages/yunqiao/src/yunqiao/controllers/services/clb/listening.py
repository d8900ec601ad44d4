"""The listeners that a Service wants: one for each port, with the settings that its annotations ask for."""

from collections.abc import Iterator
from dataclasses import dataclass

from yunqiao.controllers.services.asked import Asked
from yunqiao.controllers.services.clb import affinity
from yunqiao.controllers.services.clb.backends import reference
from yunqiao.controllers.services.clb.certificates import shown
from yunqiao.controllers.services.clb.options import LAYER_4, Options
from yunqiao.controllers.services.clb.parameters import parameters
from yunqiao.controllers.services.clb.source_ranges import Access, access
from yunqiao.model.balancer import UNMANAGED, AccessList, Listener, Notice, Unmanaged
from yunqiao.model.cluster import ServicePort

SHAPING = frozenset({"protocol-port", "forward-port"})
"""Options that decide which listeners there are: with a bad value of one of these, they stay as they are."""
BIRTH = {
    "tcp": {"Scheduler": "rr", "Bandwidth": "-1"},
    "udp": {"Scheduler": "rr", "Bandwidth": "-1"},
    "http": {"Scheduler": "rr", "HealthCheck": "off", "StickySession": "off"},
    "https": {"Scheduler": "rr", "Bandwidth": "-1", "HealthCheck": "off", "StickySession": "off"},
}
"""What a new listener gets where nothing is asked for."""
UDP_DEFAULTS = {"HealthCheckInterval": "5", "HealthCheckConnectTimeout": "10"}
"""Where the API's defaults for UDP are not those of the other protocols."""


@dataclass(frozen=True, slots=True)
class Listening:
    """The listeners of a Service, the access control lists that they use, and what is to be told of them."""

    listeners: tuple[Listener, ...] | Unmanaged
    access: tuple[AccessList, ...] = ()
    problems: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()


def listening(asked: Asked[Options]) -> Listening:
    """One listener for each port; all stay as they are while it is not clear which protocol each is to have."""
    allowed = access(asked)
    if any(problem.suffix in SHAPING for problem in asked.parsed.problems):
        return Listening(UNMANAGED, allowed.lists, allowed.problems, allowed.notices)
    made = [_wished(asked, port, allowed) for port in asked.snapshot.service.spec.ports if _is_served(port)]
    problems = (*allowed.problems, *_unserved(asked), *(text for one in made for text in one.problems))
    notices = (*allowed.notices, *(notice for one in made for notice in one.notices))
    return Listening(tuple(one.listener for one in made), allowed.lists, problems, notices)


@dataclass(frozen=True, slots=True)
class _Wish:
    listener: Listener
    problems: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()


def _wished(asked: Asked[Options], port: ServicePort, allowed: Access) -> _Wish:
    protocol, barred = _protocol(port, asked.parsed.options)
    settings = {**_settings(asked, protocol), **allowed.settings, **_forward(port, protocol, asked.parsed.options)}
    listener = Listener(
        port=port.port,
        protocol=protocol,
        description=asked.who.owner.key(port.port),
        group=reference(asked, port),
        attributes=settings,
        birth=BIRTH[protocol],
        access=allowed.name,
        barred=barred or allowed.barred,
    )
    shortened = tuple(affinity.notices(asked, port, protocol))
    if protocol != "https":
        return _Wish(listener, notices=shortened)
    secured, problems, ending = shown(asked, listener)
    return _Wish(secured, problems, (*shortened, *ending))


def _is_served(port: ServicePort) -> bool:
    return port.protocol.lower() in LAYER_4


def _unserved(asked: Asked[Options]) -> Iterator[str]:
    for port in asked.snapshot.service.spec.ports:
        if not _is_served(port):
            yield f"port {port.port}/{port.protocol}: no listener can serve that protocol; possible: TCP, UDP"


def _protocol(port: ServicePort, options: Options) -> tuple[str, str]:
    """The listener's protocol: as asked for this port, else the port's own; and what is wrong with what is asked."""
    own = port.protocol.lower()
    asked = next((protocol for protocol, number in options.protocol_port if number == port.port), own)
    if (own == "udp") != (asked == "udp"):
        return own, f"port {port.port}/{port.protocol}: a listener of protocol {asked} cannot serve it"
    return asked, ""


def _settings(asked: Asked[Options], protocol: str) -> dict[str, str]:
    defaults = {**BIRTH[protocol], **(UDP_DEFAULTS if protocol == "udp" else {})}
    return {**parameters(asked, "listener", defaults, protocol), **affinity.settings(asked, protocol)}


def _forward(port: ServicePort, protocol: str, options: Options) -> dict[str, str]:
    if protocol != "http":
        return {}
    target = dict(options.forward_port).get(port.port)
    return {"ListenerForward": "off"} if target is None else {"ListenerForward": "on", "ForwardPort": str(target)}
