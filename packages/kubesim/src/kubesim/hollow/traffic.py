"""Where a node sends what arrives at a port of a Service, decided as kube-proxy decides it.

https://kubernetes.io/docs/reference/networking/virtual-ips/#traffic-policies; endpoints that are terminating but still
serve are used only when there is no ready one (KEP-1669).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kubesim.hollow.homes import Place
from kubesim.objects import Object


@dataclass(frozen=True, slots=True)
class Backend:
    """One endpoint of one port."""

    place: Place
    node: str
    ready: bool
    serving: bool


def backends_of(slices: Iterable[Object], port_name: str, protocol: str) -> list[Backend]:
    """Give the endpoints that a Service's slices have for a port, each place once."""
    found: dict[Place, Backend] = {}
    for slice_ in slices:
        for port in slice_.get("ports") or ():
            if (port.get("name") or "") == port_name and port.get("protocol", "TCP") == protocol and port.get("port"):
                for endpoint in slice_.get("endpoints") or ():
                    backend = _backend(endpoint, port["port"])
                    found[backend.place] = backend
    return [found[place] for place in sorted(found)]


def usable(backends: Iterable[Backend], node: str, *, local_only: bool) -> list[Place]:
    """Give the places a node sends to: the ready ones, else those that still serve; of its own alone if so asked."""
    here = [backend for backend in backends if not local_only or backend.node == node]
    ready = [backend for backend in here if backend.ready]
    return [backend.place for backend in ready or here if backend.ready or backend.serving]


def is_local_only(service: Object) -> bool:
    """Whether traffic from outside stays on the node it arrives at."""
    return bool(service["spec"].get("externalTrafficPolicy") == "Local")


def ready_locally(slices: Iterable[Object], node: str) -> int:
    """How many ready endpoints of a Service are on a node, whatever their ports: what its health check reports."""
    endpoints = [endpoint for slice_ in slices for endpoint in slice_.get("endpoints") or ()]
    local = {each["addresses"][0] for each in endpoints if each.get("nodeName") == node and _is(each, "ready", True)}
    return len(local)


def _backend(endpoint: Object, port: int) -> Backend:
    ready = _is(endpoint, "ready", True)
    place = (endpoint["addresses"][0], port)
    return Backend(place, endpoint.get("nodeName") or "", ready, _is(endpoint, "serving", ready))


def _is(endpoint: Object, condition: str, default: bool) -> bool:
    value = (endpoint.get("conditions") or {}).get(condition)
    return default if value is None else bool(value)
