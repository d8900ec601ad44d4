"""The hollow kube-proxy: every node serves every NodePort, and the health check ports of Services with policy Local.

It writes nothing. A change of a Service or its slices is an assignment to the ports it concerns: established
connections live on, new ones follow at once.
"""

import json

from kubesim.hollow.answering import Answer, AnsweringServer
from kubesim.hollow.cluster import Cluster
from kubesim.hollow.controller import Controller
from kubesim.hollow.endpoints import service_key
from kubesim.hollow.endpointslices import SLICES
from kubesim.hollow.homes import HERE, Home, Place
from kubesim.hollow.node_port import NodePort
from kubesim.hollow.silence import Silence
from kubesim.hollow.traffic import backends_of, is_local_only, ready_locally, usable
from kubesim.hollow.wire import Wire
from kubesim.objects import Key, Object, key_of


class HealthCheck:
    """Answers whether one node has ready endpoints of one Service: 200 with their number, or 503."""

    def __init__(self, service: Key, home: Home = HERE) -> None:
        """Name the Service, and where the node's sockets are made."""
        self._service = service
        self._server = AnsweringServer(self._answer, home)
        self.count = 0

    def listen(self, place: Place) -> None:
        """Answer there. Raises OSError when the port is taken."""
        self._server.listen(*place)

    def fall_silent(self, silence: Silence) -> None:
        """Answer nothing any more, and refuse nothing either."""
        self._server.fall_silent(silence)

    def close(self) -> None:
        """Stop."""
        self._server.close()

    def _answer(self) -> Answer:
        namespace, name = self._service
        state = {"service": {"namespace": namespace, "name": name}, "localEndpoints": self.count}
        body = json.dumps(state | {"serviceProxyHealthy": True}, indent="\t").encode()
        headers = {
            "Content-Type": "application/json",
            "X-Content-Type-Options": "nosniff",
            "X-Load-Balancing-Endpoint-Weight": str(self.count),
        }
        return Answer(body, 200 if self.count else 503, headers)


class KubeProxy:
    """The ports of all nodes."""

    def __init__(self, cluster: Cluster, wire: Wire) -> None:
        """Follow Services and EndpointSlices."""
        self._cluster = cluster
        self._wire = wire
        self._nodes: dict[str, str] = {}
        self._node_ports: dict[Key, dict[tuple[str, int], NodePort]] = {}
        self._health_checks: dict[Key, dict[tuple[str, int], HealthCheck]] = {}
        self.controller = Controller("kube-proxy", self.reconcile)
        cluster.on_change("services", lambda old, new: self.controller.enqueue(key_of(new or old or {})))
        cluster.on_change(SLICES, self._on_slice)

    def add_node(self, name: str, address: str) -> None:
        """Serve on a node from now on."""
        self._nodes[name] = address
        self._all_services()

    def remove_node(self, name: str, silence: Silence | None = None) -> None:
        """Serve on a node no more; cut what runs through it, unless a silence takes that over."""
        self._nodes.pop(name, None)
        gone: list[NodePort | HealthCheck] = []
        for ports in self._node_ports.values():
            gone += [ports.pop(place) for place in [place for place in ports if place[0] == name]]
        for checks in self._health_checks.values():
            gone += [checks.pop(place) for place in [place for place in checks if place[0] == name]]
        for each in gone:
            if silence:
                each.fall_silent(silence)
            else:
                each.close()

    def close(self) -> None:
        """Fall silent everywhere."""
        for name in list(self._nodes):
            self.remove_node(name)

    async def reconcile(self, key: Key) -> None:
        """Make the ports of one Service forward to what its slices name."""
        service = self._cluster.get("services", key)
        slices = [each for each in self._cluster.list(SLICES, key[0]) if service_key(each) == key]
        self._forward(key, service, slices)
        self._report_health(key, service, slices)

    def _forward(self, key: Key, service: Object | None, slices: list[Object]) -> None:
        ports = self._node_ports.setdefault(key, {})
        wanted = {}
        for port in service["spec"].get("ports") or () if service else ():
            if port.get("nodePort") and port.get("protocol", "TCP") == "TCP":
                backends = backends_of(slices, port.get("name", ""), "TCP")
                for node in self._nodes:
                    wanted[node, port["nodePort"]] = usable(backends, node, local_only=is_local_only(service or {}))
        for gone in ports.keys() - wanted.keys():
            ports.pop(gone).close()
        for (node, number), places in wanted.items():
            if (node, number) not in ports:
                address = self._nodes[node]
                ports[node, number] = NodePort(self._wire.locate(address, number), self._wire.homes.of(address))
            ports[node, number].serve([self._wire.locate(*place) for place in places])
        if not ports:
            del self._node_ports[key]

    def _report_health(self, key: Key, service: Object | None, slices: list[Object]) -> None:
        checks = self._health_checks.setdefault(key, {})
        number = service["spec"].get("healthCheckNodePort", 0) if service and is_local_only(service) else 0
        wanted = {(node, number) for node in self._nodes} if number else set()
        for gone in checks.keys() - wanted:
            checks.pop(gone).close()
        for node, _ in wanted:
            check = checks.setdefault((node, number), HealthCheck(key, self._wire.homes.of(self._nodes[node])))
            check.count = ready_locally(slices, node)
            check.listen(self._wire.locate(self._nodes[node], number))
        if not checks:
            del self._health_checks[key]

    def _on_slice(self, old: Object | None, new: Object | None) -> None:
        for each in filter(None, (old, new)):
            if service_key(each)[1]:
                self.controller.enqueue(service_key(each))

    def _all_services(self) -> None:
        for service in self._cluster.list("services"):
            self.controller.enqueue(key_of(service))
