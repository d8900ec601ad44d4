"""What Kubernetes says, as a test changes it: the Service, its nodes and its pods."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from tests.annotations.backends import Backend
from tests.annotations.places import NODE_PORT, POD_PORT, PORT
from tests.core.conftest import Bench

from yunqiao.controllers.services.record import ANNOTATION as NOTE
from yunqiao.model.cluster import Endpoint, EndpointPort, EndpointSlice, Metadata, Service, ServicePort
from yunqiao.options.declare import PREFIXES


@dataclass
class Wishes:
    """The Kubernetes side of a stage; `backends` are what answers at nodes and pods, by name."""

    bench: Bench
    backends: dict[str, Backend] = field(default_factory=dict, kw_only=True)

    @property
    def service(self) -> Service:
        assert self.bench.cluster.service is not None
        return self.bench.cluster.service

    def annotate(self, annotations: Mapping[str, str], prefix: str = PREFIXES[0]) -> None:
        """These annotations (by suffix, or in full) and no others; the controller's own note stays."""
        meta = self.service.metadata
        given = {key if "/" in key else prefix + key: value for key, value in annotations.items()}
        noted = {key: value for key, value in meta.annotations.items() if key == NOTE}
        self._replace(metadata=msgspec.structs.replace(meta, annotations=noted | given))

    def ask(self, *ports: ServicePort, **spec: Any) -> None:
        """Change the Service's spec."""
        if ports:
            spec["ports"] = list(ports)
        self._replace(spec=msgspec.structs.replace(self.service.spec, **spec))

    def _replace(self, **parts: Any) -> None:
        self.bench.cluster.service = msgspec.structs.replace(self.service, **parts)

    def node(self, name: str, **changes: Any) -> None:
        """Change a node: `labels`, or fields of its spec."""
        nodes = self.bench.cluster.nodes
        index = next(number for number, node in enumerate(nodes) if node.metadata.name == name)
        labels = changes.pop("labels", nodes[index].metadata.labels)
        nodes[index] = msgspec.structs.replace(
            nodes[index],
            metadata=msgspec.structs.replace(nodes[index].metadata, labels=labels),
            spec=msgspec.structs.replace(nodes[index].spec, **changes),
        )

    def virtual_node(self, name: str) -> None:
        """A node without a machine, whose pods are container instances."""
        pattern = self.bench.cluster.nodes[0]
        labels = {"type": "virtual-kubelet", "alibabacloud.com/virtual-node": "true"}
        meta = msgspec.structs.replace(pattern.metadata, name=name, labels=labels)
        spec = msgspec.structs.replace(pattern.spec, provider_id="")
        self.bench.cluster.nodes.append(msgspec.structs.replace(pattern, metadata=meta, spec=spec))

    def pods(self, **on_node: int) -> None:
        """That many ready endpoints on each node, which nobody reaches by their addresses."""
        places = [node for node, count in on_node.items() for _ in range(count)]
        self.endpoints({f"10.0.0.{number}": node for number, node in enumerate(places, 1)})

    def endpoints(self, nodes: Mapping[str, str], kind: str = "IPv4", number: int = 80) -> None:
        """Ready endpoints by their addresses, each on its node, at that port; those of the other kind stay."""
        ready = [Endpoint([address], node_name=node) for address, node in nodes.items()]
        labels = {"kubernetes.io/service-name": "nginx"}
        meta = Metadata(name=f"nginx-{kind.lower()}", namespace="default", labels=labels)
        others = [one for one in self.bench.cluster.slices if one.address_type != kind]
        made = EndpointSlice(metadata=meta, address_type=kind, endpoints=ready, ports=[EndpointPort(port=number)])
        self.bench.cluster.slices = [*others, made]

    async def pod(self, name: str, node: str, address: str, ipv6: str = "", number: int = POD_PORT) -> None:
        """A pod that answers at its own address: of its node's instance, or on a virtual node of a container's."""
        world = self.bench.cloud.world
        ecs = world.states["ecs"]
        instance, six = ecs.instances.get(f"i-{node}"), (ipv6,) if ipv6 else ()
        which = {"own_id": f"eni-{name}", "private_ips": (address,), "ipv6": six}
        made = ecs.add_interface(world, "vsw-test", instance=instance, **which)
        if instance is None:
            ecs.lend(made, f"eci-{name}")
        self.backends[name] = Backend(name, world.wire_address(address), number)
        await self.backends[name].start()

    def published(self) -> list[tuple[str, str]]:
        """Addresses and host names in the Service's status."""
        return [(one.ip, one.hostname) for one in self.service.status.load_balancer.ingress]

    def service_stays(self) -> bool:
        """Whether the Service is still there for our sake: one that is deleted goes with its last finalizer."""
        service = self.bench.cluster.service
        return service is not None and bool(service.metadata.finalizers)


def port(
    protocol: str = "TCP", number: int = PORT, node_port: int = NODE_PORT, target_port: int = POD_PORT
) -> ServicePort:
    return ServicePort(port=number, node_port=node_port, protocol=protocol, target_port=target_port)
