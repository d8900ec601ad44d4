"""The EndpointSlice controller: keeps the slices of each Service that has a selector.

Slices made by hand (another managed-by label, or none) are never touched.
"""

from collections.abc import Iterable

from kubesim.hollow.cluster import Cluster
from kubesim.hollow.conditions import is_terminating
from kubesim.hollow.controller import BURST, Controller
from kubesim.hollow.endpoints import (
    Endpoint,
    Ports,
    endpoints_of,
    enqueue_services,
    is_selecting,
    reference_to,
    service_key,
)
from kubesim.hollow.ownership import reference
from kubesim.objects import Key, Object, key_of

SLICES = "endpointslices.discovery.k8s.io"
SERVICE_NAME, MANAGED_BY = "kubernetes.io/service-name", "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
ZONE = "topology.kubernetes.io/zone"
LARGEST_SLICE = 100
"""Endpoints in one slice at most, as the real controller's default."""


class EndpointSlices:
    """The controller of all slices that follow from selectors."""

    def __init__(self, cluster: Cluster) -> None:
        """Follow Services, pods and slices."""
        self._cluster = cluster
        self.controller = Controller("endpointslices", self.reconcile, settle=BURST)
        cluster.on_change("services", lambda old, new: self.controller.enqueue(key_of(new or old or {})))
        cluster.on_change("pods", enqueue_services(cluster, self.controller))
        cluster.on_change(SLICES, self._on_slice)

    async def reconcile(self, key: Key) -> None:
        """Make the slices of one Service say what its pods are."""
        service = self._cluster.latest("services", key)
        existing = [each for each in self._cluster.list(SLICES, key[0]) if service_key(each) == key and _is_ours(each)]
        if service is None or is_terminating(service):
            for each in existing if service is None else ():
                self._cluster.delete(SLICES, key_of(each))
        elif is_selecting(service):
            self._write(service, existing)

    def _write(self, service: Object, existing: list[Object]) -> None:
        groups: dict[Ports, list[Endpoint]] = {}
        for endpoint in endpoints_of(service, self._cluster.list("pods", service["metadata"]["namespace"])):
            groups.setdefault(endpoint.ports, []).append(endpoint)
        for ports, endpoints in (groups or {(): []}).items():
            entries = [self._entry(service, endpoint) for endpoint in endpoints]
            reusable = [each for each in existing if _ports_of(each) == ports]
            for slice_, chunk in _fill(reusable, entries):
                if slice_ is None:
                    self._cluster.create(SLICES, _new_slice(service, ports, chunk))
                else:
                    existing.remove(slice_)
                    self._update(service, slice_, ports, chunk)
        for surplus in existing:
            self._cluster.delete(SLICES, key_of(surplus))

    def _update(self, service: Object, slice_: Object, ports: Ports, entries: list[Object]) -> None:
        wanted = _new_slice(service, ports, entries)

        def edit(fresh: Object) -> None:
            fresh["metadata"]["labels"] = wanted["metadata"]["labels"]
            fresh["endpoints"] = entries

        self._cluster.change(SLICES, key_of(slice_), edit)

    def _entry(self, service: Object, endpoint: Endpoint) -> Object:
        pod = endpoint.pod
        conditions = {"ready": endpoint.ready, "serving": endpoint.serving, "terminating": endpoint.terminating}
        entry: Object = {"addresses": [endpoint.address], "conditions": conditions, "targetRef": reference_to(pod)}
        if pod["spec"].get("hostname") and pod["spec"].get("subdomain") == service["metadata"]["name"]:
            entry["hostname"] = pod["spec"]["hostname"]
        if pod["spec"].get("nodeName"):
            entry["nodeName"] = pod["spec"]["nodeName"]
            node = self._cluster.get("nodes", ("", entry["nodeName"])) or {"metadata": {}}
            zone = (node["metadata"].get("labels") or {}).get(ZONE)
            entry |= {"zone": zone} if zone else {}
        return entry

    def _on_slice(self, old: Object | None, new: Object | None) -> None:
        for each in filter(None, (old, new)):
            if _is_ours(each) and service_key(each)[1]:
                self.controller.enqueue(service_key(each))


def _is_ours(slice_: Object) -> bool:
    return (slice_["metadata"].get("labels") or {}).get(MANAGED_BY) == MANAGER


def _ports_of(slice_: Object) -> Ports:
    ports = slice_.get("ports") or ()
    return tuple(sorted((port.get("name") or "", port.get("protocol", "TCP"), port.get("port") or 0) for port in ports))


def _new_slice(service: Object, ports: Ports, entries: list[Object]) -> Object:
    metadata = service["metadata"]
    labels = (metadata.get("labels") or {}) | {SERVICE_NAME: metadata["name"], MANAGED_BY: MANAGER}
    if service["spec"].get("clusterIP") == "None":
        labels["service.kubernetes.io/headless"] = ""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "labels": labels,
            "ownerReferences": [reference(service, "v1", "Service")],
        },
        "addressType": "IPv4",
        "endpoints": entries,
        "ports": [{"name": name, "protocol": protocol, "port": port} for name, protocol, port in ports],
    }


def _fill(slices: list[Object], entries: list[Object]) -> Iterable[tuple[Object | None, list[Object]]]:
    """Spread entries over slices so that each stays in its slice; what is new fills the gaps, then new slices.

    A slice for which nothing is left is not given out, unless there are no entries at all: one empty slice remains.
    """
    by_address = {entry["addresses"][0]: entry for entry in entries}
    chunks: list[tuple[Object | None, list[Object]]] = []
    for slice_ in slices:
        present = [each["addresses"][0] for each in slice_.get("endpoints") or ()]
        chunks.append((slice_, [by_address.pop(address) for address in present if address in by_address]))
    new = list(by_address.values())
    for _, chunk in chunks:
        room = LARGEST_SLICE - len(chunk)
        chunk += new[:room]
        new = new[room:]
    chunks += [(None, new[start : start + LARGEST_SLICE]) for start in range(0, len(new), LARGEST_SLICE)]
    return [each for each in chunks if each[1]] or (chunks or [(None, [])])[:1]
