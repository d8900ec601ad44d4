"""From caches to the frozen Snapshot of one Service: the Service, its endpoints, the nodes.

Where EndpointSlices cannot be read (an RBAC rule that is missing, a server that has none), Endpoints stand in for them
and are turned into the slices that they are equivalent to.
"""

import logging
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address

from yunqiao.kube.cache import Cache, joined, key_of
from yunqiao.kube.client import Client
from yunqiao.kube.watch import Backoff
from yunqiao.model import cluster
from yunqiao.model.candidate import Candidate, candidate
from yunqiao.model.clock import Clock
from yunqiao.model.cluster import Endpoints, EndpointSlice, EndpointSubset, Node, Service
from yunqiao.model.errors import Refused, Trouble
from yunqiao.model.kubernetes import ENDPOINT_SLICE, ENDPOINTS, Kind
from yunqiao.model.snapshot import Snapshot

log = logging.getLogger(__name__)

SERVICE_NAME = "kubernetes.io/service-name"
"""The label of an EndpointSlice that names its Service
(https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetesioservice-name)."""

BY_SERVICE = "service"


def service_of(thing: EndpointSlice | Endpoints) -> str | None:
    """Give the key of the Service that these endpoints belong to; None when they belong to none."""
    if isinstance(thing, Endpoints):
        return key_of(thing)
    name = thing.metadata.labels.get(SERVICE_NAME)
    return joined(thing.metadata.namespace, name) if name else None


def _index(piece: EndpointSlice) -> list[str]:
    key = service_of(piece)
    return [key] if key else []


@dataclass(frozen=True, slots=True)
class Caches:
    """What a Snapshot is built from; of `slices` and `endpoints` the one that can be read is filled.

    `meant` gives a Service as it is to be understood: what its annotations say in the place of its spec.
    """

    services: Cache[Service] = field(default_factory=Cache)
    nodes: Cache[Node] = field(default_factory=Cache)
    slices: Cache[EndpointSlice] = field(default_factory=lambda: Cache({BY_SERVICE: _index}))
    endpoints: Cache[Endpoints] = field(default_factory=Cache)
    candidates: "Candidates" = field(default_factory=lambda: Candidates())
    meant: Callable[[Service], Service] = lambda service: service

    def snapshot(self, key: str) -> Snapshot | None:
        """Give what is known around the Service `namespace/name`; None when there is no such Service."""
        service = self.services.get(key)
        if service is None:
            return None
        stand_in = self.endpoints.get(key)
        slices = self.slices.by(BY_SERVICE, key) + (as_slices(stand_in) if stand_in else [])
        return Snapshot(self.meant(service), slices, self.candidates.of(self.nodes))


class Candidates:
    """The nodes that may take traffic, made anew only for nodes that changed."""

    def __init__(self) -> None:
        self._version = -1
        self._made: dict[str, tuple[Node, Candidate | None]] = {}
        self._all: tuple[Candidate, ...] = ()

    def of(self, nodes: Cache[Node]) -> tuple[Candidate, ...]:
        """Give the candidates among `nodes`, ordered by name."""
        if nodes.version != self._version:
            self._made = {node.metadata.name: self._one(node) for node in nodes}
            self._all = tuple(made for _, made in self._made.values() if made is not None)
            self._version = nodes.version
        return self._all

    def _one(self, node: Node) -> tuple[Node, Candidate | None]:
        made = self._made.get(node.metadata.name)
        return made if made is not None and made[0] is node else (node, candidate(node))


async def readable_endpoints(
    client: Client, clock: Clock, jitter: Callable[[], float] = random.random
) -> Kind[EndpointSlice] | Kind[Endpoints]:
    """Give ENDPOINT_SLICE, or ENDPOINTS with a warning when slices may not be read (403) or are not served (404).

    Asks until the API server has answered.
    """
    backoff = Backoff(jitter)
    while True:
        try:
            await client.probe(ENDPOINT_SLICE)
        except Refused as refusal:
            log.warning(
                "reading Endpoints instead of EndpointSlices: %s. Our ClusterRole should have: "
                '{apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"]}',
                refusal,
            )
            return ENDPOINTS
        except Trouble as trouble:
            delay = backoff.delay()
            log.warning("asking for EndpointSlices: %s; again in %.1f s", trouble, delay)
            await clock.sleep(delay)
        else:
            return ENDPOINT_SLICE


def as_slices(endpoints: Endpoints) -> list[EndpointSlice]:
    """Give the slices that mean the same: one per subset and address family, named `<name>-<number>`."""
    pieces = [piece for subset in endpoints.subsets for piece in _pieces(endpoints, subset)]
    return [_named(piece, number) for number, piece in enumerate(pieces)]


def _pieces(endpoints: Endpoints, subset: EndpointSubset) -> Iterator[EndpointSlice]:
    found = list(_found(subset))
    for family in (4, 6):
        ours = [endpoint for endpoint in found if ip_address(endpoint.addresses[0]).version == family]
        if ours:
            yield EndpointSlice(
                metadata=endpoints.metadata, address_type=f"IPv{family}", endpoints=ours, ports=subset.ports
            )


def _found(subset: EndpointSubset) -> Iterator[cluster.Endpoint]:
    for addresses, ready in ((subset.addresses, True), (subset.not_ready_addresses, False)):
        conditions = cluster.EndpointConditions(ready=ready, serving=ready, terminating=False)
        for address in addresses:
            yield cluster.Endpoint(
                addresses=[address.ip], conditions=conditions, node_name=address.node_name,
                target_ref=address.target_ref,
            )  # fmt: skip


def _named(piece: EndpointSlice, number: int) -> EndpointSlice:
    old = piece.metadata
    meta = cluster.Metadata(
        name=f"{old.name}-{number}",
        namespace=old.namespace,
        uid=old.uid,
        resource_version=old.resource_version,
        creation_timestamp=old.creation_timestamp,
        labels={**old.labels, SERVICE_NAME: old.name},
    )
    return EndpointSlice(metadata=meta, address_type=piece.address_type, endpoints=piece.endpoints, ports=piece.ports)
