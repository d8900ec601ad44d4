"""The links of the chain that a sandbox cannot break: certificates, status, leases, addresses."""

import pytest

from yunqiao.cloud.clb.health import Health
from yunqiao.controllers.services.explanation import Facts, Holder, Mark, Surroundings
from yunqiao.controllers.services.identity import FINALIZER
from yunqiao.controllers.services.links import chain, out_of_reach
from yunqiao.controllers.services.rehearsal import Rehearsal
from yunqiao.model.balancer import Backend, Balancer, Group, Listener
from yunqiao.model.cluster import (
    Condition,
    Endpoint,
    EndpointSlice,
    Ingress,
    LoadBalancerStatus,
    Metadata,
    Node,
    NodeSpec,
    NodeStatus,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)
from yunqiao.model.errors import Fault, Lost, Refused
from yunqiao.model.snapshot import Snapshot

TODAY = 1_800_000_000.0
DAY = 86400.0
WELL = Holder("node-1", 3.0, 15.0)


def service(**metadata):
    meta = Metadata(name="web", namespace="shop", uid="u", finalizers=[FINALIZER], **metadata)
    spec = ServiceSpec(type="LoadBalancer", ports=[ServicePort(port=443, target_port=80, node_port=30443)])
    ingress = [Ingress(ip="47.1.2.3")]
    return Service(metadata=meta, spec=spec, status=ServiceStatus(load_balancer=LoadBalancerStatus(ingress=ingress)))


def balancer(kind="internet", **attributes):
    backend = Backend("i-1", 30443)
    listener = Listener(443, "https", "k8s/443/web/shop/c", "rsp-1", {"ServerCertificateId": "cert-1", **attributes})
    group = Group("k8s/30443/web/shop/c", (backend,), "rsp-1")
    return Balancer({"AddressType": kind}, {}, (group,), (listener,), id="lb-1", address="47.1.2.3")


NODE = Node(
    metadata=Metadata(name="w1"), spec=NodeSpec(provider_id="cn-hangzhou.i-1"),
    status=NodeStatus(conditions=[Condition(type="Ready", status="True")]),
)  # fmt: skip


def told(
    seen=None, trouble=None, problems=(), lease=WELL, reached=None, status="active", health="normal",
    ends=TODAY + 365 * DAY, about=None,
):  # fmt: skip
    about = about or service()
    slices = [EndpointSlice(metadata=Metadata(name="s"), endpoints=[Endpoint(addresses=["10.244.0.1"])])]
    rehearsal = Rehearsal(about, (), (), problems, (), (), seen, trouble)
    around = Surroundings((NODE,), lease, reached or {}, TODAY)
    found = (Health((443, "tcp"), "i-1", "10.0.0.1", 30443, health),)
    return chain(Facts(Snapshot(about, slices), rehearsal, "cn-hangzhou", around, status, found, {"cert-1": ends}))


def first(*args, **facts):
    link = told(*args, **facts).first_broken
    return None if link is None else f"{link.what}: {link.text} | {link.advice}"


def test_a_chain_that_holds_has_no_broken_link():
    assert first(balancer()) is None


@pytest.mark.parametrize(
    ("status", "said"), [("inactive", "activate it"), ("locked", "a locked one waits for a payment")]
)
def test_a_balancer_that_is_not_active_is_broken(status, said):
    assert said in first(balancer(), status=status)


def test_a_certificate_that_ended_is_broken_and_one_that_ends_soon_is_not_sure():
    assert "certificate cert-1: ended on 2027-01-1" in first(balancer(), ends=TODAY - DAY)
    links = told(balancer(), ends=TODAY + 10 * DAY).links
    (link,) = (one for one in links if one.what == "certificate cert-1")
    assert (link.mark, link.text.endswith("in 10 days")) == (Mark.UNKNOWN, True)


@pytest.mark.parametrize(
    ("lease", "said"),
    [
        (None, "not running: its Lease is absent"),
        (Holder("", 1.0, 15.0), "nobody holds its Lease"),
        (Holder("node-1", 300.0, 15.0), "node-1 holds its Lease, renewed 300 s ago for 15 s"),
    ],
)
def test_a_controller_that_does_not_run_is_named_before_what_it_leaves_undone(lease, said):
    assert said in first(None, lease=lease)


def test_a_lease_that_nobody_may_read_breaks_nothing():
    assert first(balancer(), lease="its Lease cannot be read") is None


def test_a_public_address_that_does_not_answer_is_broken_and_a_private_one_may_be_right():
    place = {("47.1.2.3", 443): False}
    assert "connection to 47.1.2.3:443: not reachable from this machine | check access control" in first(
        balancer(), reached=place
    )
    assert first(balancer("intranet"), reached=place) is None
    assert first(balancer(), reached={("47.1.2.3", 443): True}) is None


def test_a_health_check_names_kind_path_code_and_port():
    attributes = {"HealthCheckURI": "/ready", "HealthCheckHttpCode": "http_2xx", "HealthCheckConnectPort": "8081"}
    said = first(balancer(**attributes), health="abnormal")
    assert "the check fails on every backend: HTTPS /ready on port 8081, expecting http_2xx | see whether" in said


def test_backends_that_are_not_checked_are_not_unhealthy():
    assert first(balancer(HealthCheck="off"), health="unavailable") is None


def test_a_look_that_failed_is_told_as_the_cloud_said_it():
    fault = Fault("DescribeLoadBalancers", 403, "Forbidden.RAM", "no", "r")
    refusal = Refused(f"{fault} Allow the RAM action slb:DescribeLoadBalancers", fault)
    assert "slb:DescribeLoadBalancers" in first(trouble=refusal)
    assert "check network, endpoints" in first(trouble=Lost("cannot connect"))


def test_an_unclear_wish_is_named_and_the_balancer_is_not_said_to_be_gone():
    said = told(problems=("cert-id is missing",))
    assert said.first_broken.text == "cert-id is missing"
    (link,) = (one for one in said.links if one.what == "load balancer")
    assert link.mark is Mark.UNKNOWN


def test_access_that_failed_is_the_whole_chain():
    only = out_of_reach("shop/web", Refused("add to our ClusterRole: ..."))
    assert only.first_broken.text == "add to our ClusterRole: ..."
