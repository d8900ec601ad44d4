"""Who is in the groups of a Service, read as tables: node, port and weight, or interface, address, port and weight."""

from typing import Any

import pytest
from msgspec.structs import replace

from yunqiao.controllers.services.asked import Address, Asked, Findings, Interface
from yunqiao.controllers.services.clb.backends import groups, needs, notices
from yunqiao.controllers.services.clb.options import BACKEND_TYPE, options
from yunqiao.controllers.services.identity import Identity
from yunqiao.controllers.services.record import Record
from yunqiao.controllers.services.rules import Rules
from yunqiao.model.balancer import UNMANAGED
from yunqiao.model.candidate import candidate
from yunqiao.model.cluster import Condition, EndpointPort, Metadata, ObjectReference, Pod, PodStatus, ServicePort
from yunqiao.model.errors import Refused
from yunqiao.model.keys import Owner
from yunqiao.model.snapshot import Snapshot

PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
READY, GOING = {"ready": True}, {"ready": False, "serving": True, "terminating": True}
ENI = {BACKEND_TYPE: "eni"}


def asked(service, nodes=(), slices=(), *, found=None, eni=False, borrowed="", **annotations: str) -> Asked[Any]:
    given = {PREFIX + key.replace("_", "-"): value for key, value in annotations.items()}
    meta = replace(service.metadata, annotations={**service.metadata.annotations, **given})
    service = replace(service, metadata=meta)
    candidates = [made for node in nodes if (made := candidate(node)) is not None]
    who = Identity("u", Owner("nginx", "default", "c"), borrowed=borrowed, asked=borrowed)
    return Asked(
        Snapshot(service, slices, candidates), options(service.metadata.annotations), who, Rules("c", eni=eni),
        Record("u"), found or Findings(),
    )  # fmt: skip


def direct(service):
    return replace(service, metadata=replace(service.metadata, annotations=ENI))


def told(group):
    return [(one.server_ip or one.server_id, one.port, one.weight) for one in group.backends]


def interfaces(*addresses, pod=""):
    return Findings({Address(one, pod): Interface(f"eni-{one[-1]}", one) for one in addresses})


def test_cluster_mode_takes_every_chosen_node(cluster):
    nodes = [cluster.node("w2"), cluster.node("w1"), cluster.node("w3", ready="False")]
    (group,) = groups(asked(cluster.service(), nodes))
    assert (group.name, told(group)) == ("k8s/30080/nginx/default/c", [("i-w1", 30080, 100), ("i-w2", 30080, 100)])
    (group,) = groups(asked(cluster.service(), nodes, default_weight="30"))
    assert told(group) == [("i-w1", 30080, 30), ("i-w2", 30080, 30)]


def test_local_mode_counts_the_pods_of_each_node(cluster):
    service = cluster.service(external_traffic_policy="Local")
    nodes = [cluster.node(name) for name in ("w1", "w2", "w3", "w4")]
    pods = [("10.0.0.1", "w1", READY), ("10.0.0.2", "w1", READY), ("10.0.0.3", "w2", READY), ("10.0.0.4", "w3", GOING),
            ("10.0.0.5", "elsewhere", READY), ("10.0.0.6", "", READY)]  # fmt: skip
    (group,) = groups(asked(service, nodes, [cluster.slice(*pods)], default_weight="30"))
    assert told(group) == [("i-w1", 30080, 2), ("i-w2", 30080, 1), ("i-w3", 30080, 0)]
    assert [one.server_id for one in group.backends if one.leaving] == ["i-w3"]


def test_d14_more_than_100_pods_on_a_node_still_give_weights_that_the_cloud_takes(cluster):
    service = cluster.service(external_traffic_policy="Local")
    pods = [(f"10.0.{n // 250}.{n % 250}", "w1", READY) for n in range(200)] + [("10.9.0.1", "w2", READY)]
    (group,) = groups(asked(service, [cluster.node("w1"), cluster.node("w2")], [cluster.slice(*pods)]))
    assert told(group) == [("i-w1", 30080, 100), ("i-w2", 30080, 1)]


@pytest.mark.parametrize(
    ("spec", "node"),
    [
        ({"taints": ["ToBeDeletedByClusterAutoscaler"]}, {}),
        ({"labels": {"service.beta.kubernetes.io/exclude-node": "true"}}, {}),
        ({"unschedulable": True}, {"remove_unscheduled_backend": "on"}),
        ({}, {"backend_label": "pool=a"}),
    ],
    ids=["tainted", "excluded", "cordoned", "without the label"],
)
def test_a_node_that_is_to_take_no_more_lingers(cluster, spec, node):
    nodes = [cluster.node("w1", labels={"pool": "a"}), cluster.node("w2", **spec)]
    (group,) = groups(asked(cluster.service(), nodes, **node))
    assert told(group) == [("i-w1", 30080, 100)]
    assert group.lingering == {"i-w2"}


def test_in_local_mode_only_a_node_with_pods_left_lingers(cluster):
    service = cluster.service(external_traffic_policy="Local")
    nodes = [cluster.node("w1"), *(cluster.node(n, taints=["ToBeDeletedByClusterAutoscaler"]) for n in ("w2", "w3"))]
    slices = [cluster.slice(("10.0.0.1", "w1", READY), ("10.0.0.2", "w2", READY))]
    (group,) = groups(asked(service, nodes, slices))
    assert (told(group), group.lingering) == ([("i-w1", 30080, 1)], {"i-w2"})


def test_d2_a_bad_provider_id_never_stops_the_others(cluster):
    nodes = [cluster.node("w1"), cluster.node("w2", provider_id="nonsense"), cluster.node("w3", provider_id="a://b.c")]
    (group,) = groups(asked(cluster.service(), nodes))
    assert told(group) == [("i-w1", 30080, 100)]


def test_eni_mode_takes_the_pods_themselves_at_the_target_port(cluster):
    service = direct(cluster.service(external_traffic_policy="Local"))
    service = replace(service, spec=replace(service.spec, ports=[ServicePort(port=80, target_port=8080)]))
    slices = [cluster.slice(("10.0.0.2", "w1", READY), ("10.0.0.1", "w2", READY), ("10.0.0.3", "w2", GOING))]
    found = interfaces("10.0.0.1", "10.0.0.2", "10.0.0.3")
    (group,) = groups(asked(service, slices=slices, found=found))
    assert group.name == "k8s/8080/nginx/default/c"
    assert told(group) == [("10.0.0.1", 8080, 100), ("10.0.0.2", 8080, 100), ("10.0.0.3", 8080, 0)]
    assert {(one.type, one.server_id, one.leaving) for one in group.backends} == {
        ("eni", "eni-1", False), ("eni", "eni-2", False), ("eni", "eni-3", True),
    }  # fmt: skip


def test_a_named_target_port_names_the_group_and_each_slice_says_its_number(cluster):
    port = ServicePort(port=80, name="web", target_port="http", node_port=30080)
    service = direct(cluster.service())
    service = replace(service, spec=replace(service.spec, ports=[port]))
    slices = [
        replace(cluster.slice((f"10.0.0.{n}", "w1", READY)), ports=[EndpointPort(port=9000 + n, name="web")])
        for n in (1, 2)
    ]
    (group,) = groups(asked(service, slices=slices, found=interfaces("10.0.0.1", "10.0.0.2")))
    assert group.name == "k8s/http/nginx/default/c"
    assert told(group) == [("10.0.0.1", 9001, 100), ("10.0.0.2", 9002, 100)]


@pytest.mark.parametrize(
    ("annotation", "cluster_says", "mode"),
    [("eni", False, True), ("eni", True, True), ("", True, True), ("", False, False), ("ecs", True, False)],
)
def test_the_annotation_counts_before_what_the_cluster_says(cluster, annotation, cluster_says, mode):
    service = cluster.service((80, 30080))
    service = replace(service, metadata=replace(service.metadata, annotations={BACKEND_TYPE: annotation}))
    (group,) = groups(asked(service, eni=cluster_says))
    assert group.name == ("k8s/80/nginx/default/c" if mode else "k8s/30080/nginx/default/c")


def test_ports_with_one_target_share_a_group(cluster):
    service = direct(cluster.service())
    ports = [ServicePort(port=number, target_port=8080) for number in (80, 81)]
    (group,) = groups(asked(replace(service, spec=replace(service.spec, ports=ports))))
    assert group.name == "k8s/8080/nginx/default/c"


@pytest.mark.parametrize("policy", ["Cluster", "Local"])
def test_pods_on_virtual_nodes_are_reached_by_their_interfaces_in_every_mode(cluster, policy):
    service = cluster.service(external_traffic_policy=policy)
    nodes = [cluster.node("w1"), cluster.node("vk", provider_id="", labels={"type": "virtual-kubelet"})]
    slices = [cluster.slice(("10.0.0.1", "w1", READY), ("10.0.0.2", "vk", READY))]
    told_needs = needs(asked(service, nodes, slices))
    assert told_needs.addresses == {Address("10.0.0.2")}
    (group,) = groups(asked(service, nodes, slices, found=interfaces("10.0.0.1", "10.0.0.2")))
    weight = 1 if policy == "Local" else 100
    assert told(group) == [("10.0.0.2", 80, weight), ("i-w1", 30080, weight)]


def test_ipv6_pods_are_asked_for_by_both_annotations(cluster):
    service = direct(cluster.service())
    slices = [cluster.slice(("10.0.0.1", "w1", READY)),
              replace(cluster.slice(("fd00::1", "w1", READY)), address_type="IPv6")]  # fmt: skip
    for given, address in (
        ({"backend_ip_version": "IPv6", "ip_version": "ipv6"}, "fd00::1"),
        ({"backend_ip_version": "ipv6"}, "10.0.0.1"),
        ({"ip_version": "ipv6"}, "10.0.0.1"),
    ):
        assert needs(asked(service, slices=slices, **given)).addresses == {Address(address)}


def test_a_weight_in_a_shared_group_is_for_all_together_and_two_ports_may_share_it(cluster):
    service = cluster.service((80, 30080), (81, 30081))
    nodes = [cluster.node("w1"), cluster.node("w2")]
    given = {"id": "lb-1", "vgroup_port": "rsp-1:80,rsp-1:81", "weight": "50"}
    (group,) = groups(asked(service, nodes, borrowed="lb-1", **given))
    assert (group.id, group.name) == ("rsp-1", "")
    assert sum(one.weight for one in group.backends) == 50
    assert sorted((one.server_id, one.port) for one in group.backends) == [
        ("i-w1", 30080), ("i-w1", 30081), ("i-w2", 30080), ("i-w2", 30081),
    ]  # fmt: skip


def test_an_address_without_an_interface_is_left_out_and_nobody_is_taken_out_for_it(cluster):
    service = direct(cluster.service())
    slices = [cluster.slice(("10.0.0.1", "w1", READY), ("10.0.0.2", "w1", READY), ("8.8.8.8", "w1", READY))]
    known = interfaces("10.0.0.1")
    found = Findings(
        known.interfaces, outside=frozenset({Address("8.8.8.8")}), missing={Address("10.0.0.2"): 0.0}
    )  # fmt: skip
    this = asked(service, slices=slices, found=found)
    (group,) = groups(this)
    assert (told(group), group.partial) == ([("10.0.0.1", 80, 100)], True)
    lost, outside = notices(this)
    assert (lost.kind, lost.reason, outside.kind, outside.reason) == (
        "Warning", "SkipSyncBackends", "Normal", "SkipSyncBackends",
    )  # fmt: skip
    assert "[10.0.0.2]" in lost.text
    assert "[8.8.8.8]" in outside.text


def test_when_no_node_is_ready_all_stay_and_so_do_pods_that_the_cluster_calls_unready(cluster):
    nodes = [cluster.node("w1", ready="Unknown"), cluster.node("w2", ready="Unknown")]
    pod = ObjectReference(kind="Pod", namespace="default", name="p", uid="u1")
    one = cluster.slice(("10.0.0.1", "w1", {"ready": False, "serving": False}))
    slices = [replace(one, endpoints=[replace(one.endpoints[0], target_ref=pod)])]
    (every,) = groups(asked(cluster.service(), nodes, slices))
    (local,) = groups(asked(cluster.service(external_traffic_policy="Local"), nodes, slices))
    (pods,) = groups(asked(direct(cluster.service()), nodes, slices, found=interfaces("10.0.0.1", pod="u1")))
    assert told(every) == [("i-w1", 30080, 100), ("i-w2", 30080, 100)]
    assert told(local) == [("i-w1", 30080, 1)]
    assert told(pods) == [("10.0.0.1", 80, 100)]
    (notice,) = notices(asked(cluster.service(), nodes, slices))
    assert (notice.kind, notice.reason) == ("Warning", "NodesNotReady")


def test_a_pod_that_is_done_but_for_us_is_taken(cluster):
    pod = ObjectReference(kind="Pod", namespace="default", name="p", uid="u1")
    one = cluster.slice(("10.0.0.1", "w1", {"ready": False, "serving": False}))
    slices = [replace(one, endpoints=[replace(one.endpoints[0], target_ref=pod)])]
    this = asked(direct(cluster.service()), slices=slices)
    (waiting,) = needs(this).pods
    assert (waiting.namespace, waiting.name, waiting.uid) == ("default", "p", "u1")
    assert waiting.addresses == (Address("10.0.0.1", "u1"),)
    assert needs(this).gate == "service.readiness.alibabacloud.com/nginx"
    for status, taken in (("True", [("10.0.0.1", 80, 100)]), ("False", [])):
        gated = Pod(
            metadata=Metadata(name="p", uid="u1"),
            status=PodStatus(conditions=[Condition(type="ContainersReady", status=status)]),
        )
        found = Findings(interfaces("10.0.0.1", pod="u1").interfaces, gated={"u1": gated})
        (group,) = groups(asked(direct(cluster.service()), slices=slices, found=found))
        assert told(group) == taken


@pytest.mark.parametrize("suffix", ["default_weight", "backend_label", "remove_unscheduled_backend", "weight"])
def test_a_bad_value_of_what_chooses_or_weighs_leaves_the_backends_as_they_are(cluster, suffix):
    (group,) = groups(asked(cluster.service(), [cluster.node("w1")], **{suffix: "!"}))
    assert group.backends is UNMANAGED


def test_d2_where_the_backends_are_to_go_must_be_clear_before_any_is_moved(cluster):
    with pytest.raises(Refused, match="vgroup-port"):
        groups(asked(cluster.service(), [cluster.node("w1")], borrowed="lb-1", id="lb-1", vgroup_port="rsp-1"))
