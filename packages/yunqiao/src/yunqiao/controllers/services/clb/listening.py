"""The listeners that a Service wants: one for each port, with the settings that its annotations ask for."""

from yunqiao.controllers.services.asked import Asked
from yunqiao.controllers.services.clb.backends import reference
from yunqiao.controllers.services.clb.options import LAYER_4, Options
from yunqiao.controllers.services.clb.parameters import parameters
from yunqiao.model.balancer import Listener
from yunqiao.model.cluster import ServicePort
from yunqiao.model.errors import Refused

BIRTH = {
    "tcp": {"Scheduler": "rr", "Bandwidth": "-1"},
    "udp": {"Scheduler": "rr", "Bandwidth": "-1"},
    "http": {"Scheduler": "rr", "HealthCheck": "off", "StickySession": "off"},
    "https": {"Scheduler": "rr", "Bandwidth": "-1", "HealthCheck": "off", "StickySession": "off"},
}
"""What a new listener gets where nothing is asked for."""
UDP_DEFAULTS = {"HealthCheckInterval": "5", "HealthCheckConnectTimeout": "10"}
"""Where the API's defaults for UDP are not those of the other protocols."""


def listeners(asked: Asked[Options]) -> tuple[Listener, ...]:
    """One for each port of the Service. Raises Refused where that cannot be said."""
    return tuple(_listener(asked, port) for port in asked.snapshot.service.spec.ports)


def _listener(asked: Asked[Options], port: ServicePort) -> Listener:
    protocol = _protocol(port, asked.parsed.options)
    return Listener(
        port=port.port,
        protocol=protocol,
        description=asked.who.owner.key(port.port),
        group=reference(asked, port),
        attributes=_settings(asked, port, protocol),
        birth=BIRTH[protocol],
    )


def _protocol(port: ServicePort, options: Options) -> str:
    """The listener's protocol: as asked for this port, else the port's own. Raises Refused where these clash."""
    own = port.protocol.lower()
    asked = next((protocol for protocol, number in options.protocol_port if number == port.port), own)
    if own not in LAYER_4 or (own == "udp") != (asked == "udp"):
        raise Refused(f"port {port.port}/{port.protocol}: a listener of protocol {asked} cannot serve it")
    return asked


def _settings(asked: Asked[Options], port: ServicePort, protocol: str) -> dict[str, str]:
    defaults = {**BIRTH[protocol], **(UDP_DEFAULTS if protocol == "udp" else {})}
    settings = parameters(asked, "listener", defaults, protocol)
    if protocol == "https" and "ServerCertificateId" not in settings:
        raise Refused(f"port {port.port} is https, which needs a certificate: set the annotation cert-id")
    return settings | (_forward(port, asked.parsed.options) if protocol == "http" else {})


def _forward(port: ServicePort, options: Options) -> dict[str, str]:
    target = dict(options.forward_port).get(port.port)
    return {"ListenerForward": "off"} if target is None else {"ListenerForward": "on", "ForwardPort": str(target)}
