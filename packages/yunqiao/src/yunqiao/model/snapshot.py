"""What Kubernetes says about one Service and its surroundings, frozen."""

from collections.abc import Sequence
from dataclasses import dataclass

from yunqiao.model.candidate import Candidate
from yunqiao.model.cluster import EndpointSlice, Service


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A Service, the slices that name it, and the nodes that may take traffic."""

    service: Service
    slices: Sequence[EndpointSlice] = ()
    candidates: Sequence[Candidate] = ()
