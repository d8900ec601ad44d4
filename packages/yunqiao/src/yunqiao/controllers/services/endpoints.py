"""Where a Service's pods are and what they take: read from its EndpointSlices, the same for every kind of balancer.

An endpoint is ready, or it terminates and still serves (it is leaving: it may finish what it has), or it is left out.
When all that there are terminate, those that still serve count as ready, as kube-proxy does it
(https://kubernetes.io/docs/reference/networking/virtual-ips/#traffic-to-terminating-endpoints).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from yunqiao.model.cluster import Endpoint, EndpointPort, EndpointSlice, ObjectReference, ServicePort


@dataclass(frozen=True, slots=True)
class Place:
    """One address of a Service's pods. `pod` is the UID of its pod, empty where the slice does not say."""

    address: str
    port: int
    node: str = ""
    pod: str = ""
    leaving: bool = False


def places(
    slices: Iterable[EndpointSlice], port: ServicePort, family: str, admitted: Callable[[str], bool]
) -> Sequence[Place]:
    """Every address once, for one port of the Service and one address family ("IPv4", "IPv6").

    `admitted` tells by its UID whether a pod that is not ready may be taken all the same (its readiness gate).
    """
    found: dict[str, Place] = {}
    for one in slices:
        number = target(port, one.ports)
        if one.address_type == family and number is not None:
            for place in _places(one, number, admitted):
                known = found.get(place.address)
                if known is None or known.leaving:
                    found[place.address] = place
    everywhere = all(one.leaving for one in found.values())
    return [replace(one, leaving=False) if everywhere else one for one in found.values()]


def target(port: ServicePort, ports: Iterable[EndpointPort]) -> int | None:
    """The number that a port of the Service has on the pods of a slice; None where these do not have it.

    A named target port may have another number on each pod: the slice tells it, by the name of the Service's port.
    """
    if isinstance(port.target_port, int):
        return port.target_port or port.port
    return next((one.port for one in ports if one.name == port.name and one.port is not None), None)


def unready(slices: Iterable[EndpointSlice], family: str) -> Iterator[tuple[ObjectReference, str, Sequence[str]]]:
    """The pods that are not ready and do not terminate, each with its node and addresses: they may wait for us."""
    for one in slices:
        for endpoint in one.endpoints if one.address_type == family else ():
            pod = endpoint.target_ref
            if pod is not None and pod.kind == "Pod" and not _is_ready(endpoint) and not _terminates(endpoint):
                yield pod, endpoint.node_name, endpoint.addresses


def _places(one: EndpointSlice, number: int, admitted: Callable[[str], bool]) -> Iterator[Place]:
    for endpoint in one.endpoints:
        pod = endpoint.target_ref.uid if endpoint.target_ref is not None else ""
        leaving = _terminates(endpoint)
        taken = _serves(endpoint) if leaving else _is_ready(endpoint) or (pod != "" and admitted(pod))
        for address in endpoint.addresses if taken else ():
            yield Place(address, number, endpoint.node_name, pod, leaving)


def _is_ready(endpoint: Endpoint) -> bool:
    """An unknown readiness counts as ready, as the API says."""
    return endpoint.conditions.ready is not False


def _serves(endpoint: Endpoint) -> bool:
    """Where nobody says, it is as it is with readiness."""
    serving = endpoint.conditions.serving
    return _is_ready(endpoint) if serving is None else serving


def _terminates(endpoint: Endpoint) -> bool:
    return bool(endpoint.conditions.terminating)
