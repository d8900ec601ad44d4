"""The controller of core/v1 Endpoints, which older clients read instead of EndpointSlices.

https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoints-v1/
"""

from kubesim.errors import StatusError
from kubesim.hollow.cluster import Cluster
from kubesim.hollow.conditions import is_terminating
from kubesim.hollow.controller import BURST, Controller
from kubesim.hollow.endpoints import Endpoint, Ports, endpoints_of, enqueue_services, is_selecting, reference_to
from kubesim.objects import Key, Object, key_of

ENDPOINTS = "endpoints"
MANAGED_BY = "endpoints.kubernetes.io/managed-by"
MANAGER = "endpoint-controller"


class CoreEndpoints:
    """Keeps one Endpoints object for each Service that has a selector."""

    def __init__(self, cluster: Cluster) -> None:
        """Follow Services, pods and Endpoints."""
        self._cluster = cluster
        self.controller = Controller("endpoints", self.reconcile, settle=BURST)
        for resource in ("services", ENDPOINTS):
            cluster.on_change(resource, lambda old, new: self.controller.enqueue(key_of(new or old or {})))
        cluster.on_change("pods", enqueue_services(cluster, self.controller))

    async def reconcile(self, key: Key) -> None:
        """Make the Endpoints of one Service say what its pods are."""
        service = self._cluster.latest("services", key)
        existing = self._cluster.latest(ENDPOINTS, key)
        if service is None:
            if existing and _is_ours(existing):
                self._cluster.delete(ENDPOINTS, key)
        elif is_selecting(service) and not is_terminating(service):
            self._write(service, existing)

    def _write(self, service: Object, existing: Object | None) -> None:
        key = key_of(service)
        subsets = _subsets(endpoints_of(service, self._cluster.list("pods", key[0])))
        labels = (service["metadata"].get("labels") or {}) | {MANAGED_BY: MANAGER}
        if existing is None:
            metadata = {"name": key[1], "namespace": key[0], "labels": labels}
            content = {"subsets": subsets} if subsets else {}
            self._create({"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata} | content)
            return

        def edit(fresh: Object) -> None:
            fresh["metadata"]["labels"] = labels
            fresh["subsets"] = subsets
            if not subsets:
                del fresh["subsets"]

        self._cluster.change(ENDPOINTS, key, edit)

    def _create(self, endpoints: Object) -> None:
        try:
            self._cluster.create(ENDPOINTS, endpoints)
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise


def _is_ours(endpoints: Object) -> bool:
    return (endpoints["metadata"].get("labels") or {}).get(MANAGED_BY) == MANAGER


def _subsets(endpoints: list[Endpoint]) -> list[Object]:
    groups: dict[Ports, dict[str, list[Object]]] = {}
    for endpoint in endpoints:
        if endpoint.terminating and not endpoint.always_ready:
            continue
        group = groups.setdefault(endpoint.ports, {})
        group.setdefault("addresses" if endpoint.ready else "notReadyAddresses", []).append(_address(endpoint))
    return [{**group, "ports": _ports(ports)} if ports else dict(group) for ports, group in sorted(groups.items())]


def _address(endpoint: Endpoint) -> Object:
    address = {"ip": endpoint.address, "targetRef": reference_to(endpoint.pod)}
    node = endpoint.pod["spec"].get("nodeName")
    return address | ({"nodeName": node} if node else {})


def _ports(ports: Ports) -> list[Object]:
    return [{"port": port, "protocol": protocol} | ({"name": name} if name else {}) for name, protocol, port in ports]
