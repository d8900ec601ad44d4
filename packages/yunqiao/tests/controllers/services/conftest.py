"""Objects of a cluster, said in a line each."""

import pytest

from yunqiao.model.cluster import (
    Condition,
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
    Metadata,
    Node,
    NodeSpec,
    NodeStatus,
    Service,
    ServicePort,
    ServiceSpec,
    Taint,
)

PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"


class Cluster:
    """Makes objects with the defaults that the tests do not care about."""

    def service(self, *ports: tuple[int, int], annotations=None, labels=None, finalizers=(), deleted=False, **spec):
        given = {PREFIX + suffix: value for suffix, value in (annotations or {}).items()}
        return Service(
            metadata=Metadata(
                name="nginx", namespace="default", uid="3f2b8c1e-93ab-4a6e-a8b9-1c2d3e4f5a6b", resource_version="7",
                annotations=given, labels=labels or {}, finalizers=list(finalizers),
                deletion_timestamp="2026-01-01T00:00:00Z" if deleted else None,
            ),
            spec=ServiceSpec(
                **{"type": "LoadBalancer"} | spec,
                ports=[ServicePort(port=port, node_port=node_port) for port, node_port in ports or ((80, 30080),)],
            ),
        )  # fmt: skip

    def node(self, name, *, provider_id=None, ready="True", labels=None, taints=(), unschedulable=False):
        return Node(
            metadata=Metadata(name=name, labels=labels or {}),
            spec=NodeSpec(
                provider_id=f"cn-hangzhou.i-{name}" if provider_id is None else provider_id,
                taints=[Taint(key=key) for key in taints],
                unschedulable=unschedulable,
            ),
            status=NodeStatus(conditions=[Condition(type="Ready", status=ready)]),
        )

    def slice(self, *endpoints, name="nginx-1", service="nginx"):
        return EndpointSlice(
            metadata=Metadata(name=name, namespace="default", labels={"kubernetes.io/service-name": service}),
            endpoints=[
                Endpoint(addresses=[address], node_name=node, conditions=EndpointConditions(**conditions))
                for address, node, conditions in endpoints
            ],
            ports=[EndpointPort(port=80)],
        )


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()
