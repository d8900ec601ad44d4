"""Which change concerns which Service: pure predicates, so that what changes nothing costs nothing.

A node that joins, leaves or changes concerns a Service only if it is, or was, a candidate that looks different now;
heartbeats, images and conditions other than Ready never do.
"""

from yunqiao.controllers.services.identity import has_finalizer, wants_balancer
from yunqiao.controllers.services.record import asked
from yunqiao.model.candidate import candidate
from yunqiao.model.cluster import EndpointSlice, Node, Service

SERVICE_NAME = "kubernetes.io/service-name"


def key_of(service: Service) -> str:
    """`namespace/name`, the key of the queue."""
    return f"{service.metadata.namespace}/{service.metadata.name}"


def concerns_us(service: Service) -> bool:
    """Whether the Service asks for a balancer of ours, or may still have one."""
    return wants_balancer(service) or has_finalizer(service)


def service_changed(old: Service | None, new: Service | None) -> bool:
    """Whether a Service must be worked on: our own writes (labels, status, finalizer) are no reason."""
    if new is None or not (concerns_us(new) or (old is not None and concerns_us(old))):
        return False
    return old is None or _asked(old) != _asked(new)


def _asked(service: Service) -> tuple[object, ...]:
    meta = service.metadata
    return (meta.uid, asked(meta.annotations), service.spec, meta.deletion_timestamp is None)


def slice_changed(old: EndpointSlice | None, new: EndpointSlice | None) -> set[str]:
    """The keys of the Services whose endpoints changed; a slice may move from one Service to another."""
    if old is not None and new is not None and _endpoints(old) == _endpoints(new):
        return set()
    return {f"{one.metadata.namespace}/{name}" for one in (old, new) if one is not None and (name := _service(one))}


def _endpoints(one: EndpointSlice) -> tuple[object, ...]:
    return (_service(one), one.address_type, one.endpoints, one.ports)


def _service(one: EndpointSlice) -> str:
    return one.metadata.labels.get(SERVICE_NAME, "")


def node_changed(old: Node | None, new: Node | None) -> bool:
    """Whether a node looks different to any balancer."""
    before = candidate(old) if old is not None else None
    after = candidate(new) if new is not None else None
    return before != after
