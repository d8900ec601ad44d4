import pytest

from yunqiao.kube.snapshot import Caches, as_slices, readable_endpoints, service_of
from yunqiao.model.cluster import (
    EndpointAddress,
    EndpointPort,
    Endpoints,
    EndpointSlice,
    EndpointSubset,
    Metadata,
    Node,
    ObjectReference,
    Service,
)  # fmt: skip
from yunqiao.model.kubernetes import ENDPOINT_SLICE, ENDPOINTS

POD = ObjectReference(kind="Pod", namespace="shop", name="web-1", uid="p1")


def meta(name, **labels):
    return Metadata(name=name, namespace="shop", labels=labels, resource_version="5", uid="e1")


def slice_of(name, service):
    return EndpointSlice(metadata=meta(name, **{"kubernetes.io/service-name": service}))


@pytest.fixture
def endpoints():
    ready = [EndpointAddress(ip="10.0.0.1", node_name="n1", target_ref=POD), EndpointAddress(ip="fd00::1")]
    unready = [EndpointAddress(ip="10.0.0.2")]
    return Endpoints(
        metadata=meta("web", team="a"),
        subsets=[
            EndpointSubset(addresses=ready, not_ready_addresses=unready, ports=[EndpointPort(port=80)]),
            EndpointSubset(addresses=[EndpointAddress(ip="10.0.0.3")], ports=[EndpointPort(port=81, name="admin")]),
        ],
    )  # fmt: skip


def test_a_snapshot_holds_the_service_its_slices_and_the_nodes():
    caches = Caches()
    caches.services.put(Service(metadata=meta("web")))
    for piece in (slice_of("web-b", "web"), slice_of("web-a", "web"), slice_of("api-a", "api")):
        caches.slices.put(piece)
    caches.nodes.put(Node(metadata=Metadata(name="n1")))
    snapshot = caches.snapshot("shop/web")
    assert snapshot.service.metadata.name == "web"
    assert [piece.metadata.name for piece in snapshot.slices] == ["web-a", "web-b"]
    assert [node.metadata.name for node in caches.nodes] == ["n1"]
    assert caches.snapshot("shop/none") is None


def test_endpoints_stand_in_for_slices(endpoints):
    caches = Caches()
    caches.services.put(Service(metadata=meta("web")))
    caches.endpoints.put(endpoints)
    assert caches.snapshot("shop/web").slices == as_slices(endpoints)


def test_endpoints_become_the_slices_that_mean_the_same(endpoints):
    four, six, admin = as_slices(endpoints)
    assert [(piece.metadata.name, piece.address_type) for piece in (four, six, admin)] == [
        ("web-0", "IPv4"), ("web-1", "IPv6"), ("web-2", "IPv4"),
    ]  # fmt: skip
    ready, unready = four.endpoints
    assert (ready.addresses, ready.node_name, ready.target_ref) == (["10.0.0.1"], "n1", POD)
    assert (ready.conditions.ready, ready.conditions.serving, ready.conditions.terminating) == (True, True, False)
    assert (unready.addresses, unready.conditions.ready) == (["10.0.0.2"], False)
    assert [endpoint.addresses for endpoint in six.endpoints] == [["fd00::1"]]
    assert admin.ports == [EndpointPort(port=81, name="admin")]
    assert {service_of(piece) for piece in (four, six, admin)} == {"shop/web"} == {service_of(endpoints)}
    assert four.metadata.labels["team"] == "a"


def test_a_slice_without_the_label_belongs_to_no_service():
    piece = EndpointSlice(metadata=meta("loose"))
    assert service_of(piece) is None
    Caches().slices.put(piece)


@pytest.mark.parametrize("status", [403, 404])
async def test_where_slices_cannot_be_read_endpoints_are_with_a_warning_that_names_the_rule(
    server, client, clock, caplog, status
):
    server.fault("list", "endpointslices", status=status, message="no")
    assert await readable_endpoints(client, clock) is ENDPOINTS
    assert (
        '{apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"]}'
        in caplog.text
    )


async def test_where_slices_can_be_read_they_are(server, client, hasty):
    server.fault("list", "endpointslices", times=2, status=503)
    assert await readable_endpoints(client, hasty, jitter=lambda: 0.0) is ENDPOINT_SLICE
    assert hasty.slept == [0.8, 1.6]
    assert server.requests("list", "endpointslices")[-1].query == {"limit": "1"}
