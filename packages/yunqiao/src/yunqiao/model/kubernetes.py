"""The one seam to Kubernetes: the kinds we read and the five things we do with them.

`kube/` implements KubeSource over HTTP; tests may implement it in memory. Nothing else knows how Kubernetes is reached.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

from yunqiao.model import cluster
from yunqiao.model.step import Patch

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """A kind of object: where it is served, and the struct it decodes to."""

    name: str
    api: str
    plural: str
    type: type[T]
    namespaced: bool = True


SERVICE = Kind("Service", "v1", "services", cluster.Service)
NODE = Kind("Node", "v1", "nodes", cluster.Node, namespaced=False)
ENDPOINT_SLICE = Kind("EndpointSlice", "discovery.k8s.io/v1", "endpointslices", cluster.EndpointSlice)
ENDPOINTS = Kind("Endpoints", "v1", "endpoints", cluster.Endpoints)
NAMESPACE = Kind("Namespace", "v1", "namespaces", cluster.Namespace, namespaced=False)
POD = Kind("Pod", "v1", "pods", cluster.Pod)

# Kinds that are written as they were read, so that fields of newer servers survive: plain dicts, not structs.
LEASE: Kind[dict[str, Any]] = Kind("Lease", "coordination.k8s.io/v1", "leases", dict)
EVENT: Kind[dict[str, Any]] = Kind("Event", "v1", "events", dict)
CONFIG_MAP: Kind[dict[str, Any]] = Kind("ConfigMap", "v1", "configmaps", dict)
ENDPOINTS_AS_WRITTEN: Kind[dict[str, Any]] = Kind("Endpoints", "v1", "endpoints", dict)

BY_NAME: Mapping[str, Kind[Any]] = {
    kind.name: kind for kind in (SERVICE, NODE, ENDPOINT_SLICE, ENDPOINTS, NAMESPACE, POD, LEASE, EVENT, CONFIG_MAP)
}


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """All objects of a kind at one resourceVersion."""

    items: tuple[T, ...]
    resource_version: str


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """One event of a watch."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    object: T | None
    resource_version: str


class KubeSource(Protocol):
    """What yunqiao asks of Kubernetes."""

    async def list(self, kind: Kind[T]) -> Listing[T]:
        """Everything of that kind, read in pages. Raises Refused (403, 404), Lost."""
        ...

    def watch(self, kind: Kind[T], since: str) -> AsyncIterator[Change[T]]:
        """What changes after that resourceVersion. Raises Stale when it is too old (410 in either form), Lost."""
        ...

    async def get(self, kind: Kind[T], namespace: str, name: str) -> T | None:
        """One object, read from the server; None when it is not there."""
        ...

    async def patch(self, step: Patch) -> None:
        """Send a patch; a missing object and a conflict raise Stale."""
        ...

    async def create(self, kind: str, namespace: str, body: Mapping[str, Any]) -> None:
        """Create an object (Events, Leases)."""
        ...
