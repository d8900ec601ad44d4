"""Which pods stand behind a Service, at which ports, and in what condition: what slices and Endpoints are written from.

https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from kubesim.hollow.cluster import Cluster
from kubesim.hollow.conditions import has_ended, is_ready, is_terminating
from kubesim.hollow.controller import Controller
from kubesim.objects import Key, Object, at, key_of

Ports = tuple[tuple[str, str, int], ...]
"""(name, protocol, port) of each port; pods whose ports differ stand in different slices."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One pod behind a Service."""

    pod: Object
    ports: Ports
    always_ready: bool

    @property
    def address(self) -> str:
        """The pod's address in the API."""
        return str(self.pod["status"]["podIP"])

    @property
    def serving(self) -> bool:
        """Whether the pod can answer, on its way out or not."""
        return is_ready(self.pod)

    @property
    def terminating(self) -> bool:
        """Whether the pod is on its way out."""
        return is_terminating(self.pod)

    @property
    def ready(self) -> bool:
        """Whether the pod should be given traffic."""
        return self.always_ready or (self.serving and not self.terminating)


def endpoints_of(service: Object, pods: Iterable[Object]) -> list[Endpoint]:
    """Give the endpoints of a Service among the pods of its namespace, in the order of their names."""
    always_ready = bool(service["spec"].get("publishNotReadyAddresses"))
    selector = service["spec"]["selector"].items()
    chosen = [pod for pod in pods if selector <= (pod["metadata"].get("labels") or {}).items() and _reachable(pod)]
    return [Endpoint(pod, _ports(service, pod), always_ready) for pod in sorted(chosen, key=key_of)]


def is_selecting(service: Object) -> bool:
    """Whether the Service's endpoints follow from a selector; others are written by hand and left alone."""
    return bool(service["spec"].get("selector")) and service["spec"].get("type") != "ExternalName"


def reference_to(pod: Object) -> Object:
    """The targetRef of an endpoint."""
    metadata = pod["metadata"]
    return {"kind": "Pod", "namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"]}


def _reachable(pod: Object) -> bool:
    """The API refuses loopback endpoints, so a pod on the network of a node that has such an address cannot be one."""
    address = at(pod, "status.podIP")
    return bool(address) and not has_ended(pod) and not ip_address(address).is_loopback


def _ports(service: Object, pod: Object) -> Ports:
    ports = []
    for port in service["spec"].get("ports") or ():
        protocol = port.get("protocol", "TCP")
        number = _target(port.get("targetPort") or port["port"], protocol, pod)
        if number:
            ports.append((port.get("name", ""), protocol, number))
    return tuple(sorted(ports))


def _target(target: int | str, protocol: str, pod: Object) -> int | None:
    if isinstance(target, int):
        return target
    for container in pod["spec"]["containers"]:
        for port in container.get("ports") or ():
            if port.get("name") == target and port.get("protocol", "TCP") == protocol:
                return int(port["containerPort"])
    return None


def enqueue_services(cluster: Cluster, controller: Controller) -> Callable[[Object | None, Object | None], None]:
    """Give a handler of pods that enqueues the Services which select the pod, before or after its change."""

    def handle(old: Object | None, new: Object | None) -> None:
        if old and new and _facts(old) == _facts(new):
            return
        for service in cluster.list("services", (new or old or {})["metadata"]["namespace"]):
            if any(_selects(service, pod) for pod in (old, new) if pod):
                controller.enqueue(key_of(service))

    return handle


def _selects(service: Object, pod: Object) -> bool:
    selector: Mapping[str, str] = service["spec"].get("selector") or {}
    return bool(selector) and selector.items() <= (pod["metadata"].get("labels") or {}).items()


def _facts(pod: Object) -> tuple[object, ...]:
    labels = pod["metadata"].get("labels")
    return labels, at(pod, "status.podIP"), at(pod, "status.phase"), is_ready(pod), is_terminating(pod)


def service_key(obj: Object) -> Key:
    """The key of the Service that an EndpointSlice belongs to; its name is "" when there is none."""
    labels = obj["metadata"].get("labels") or {}
    return obj["metadata"]["namespace"], labels.get("kubernetes.io/service-name", "")
