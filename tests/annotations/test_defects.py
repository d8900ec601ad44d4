"""What is known to go wrong with the incumbent, D1 to D21 of the list that its behaviour was described by: not here.

The incumbent is kubernetes/cloud-provider-alibaba-cloud; each test names the defect that it would show there.
"""

import json
from dataclasses import replace

import msgspec
import pytest
from tests.annotations.certificates import Pair
from tests.annotations.places import NODE_PORT, PORT
from tests.annotations.stage import Stage
from tests.annotations.wishes import port
from tests.core.conftest import UID

from yunqiao.cloud.metrics import CallMetrics, metered
from yunqiao.controllers.services.clb.options import BACKEND_TYPE
from yunqiao.controllers.services.identity import OTHER_CLASS, OWNER_TAG
from yunqiao.controllers.services.known import VERIFY_EVERY
from yunqiao.controllers.services.record import BALANCER_LABEL
from yunqiao.controllers.services.triggers import node_changed
from yunqiao.kube.snapshot import as_slices
from yunqiao.model.cluster import (
    Condition,
    EndpointAddress,
    EndpointPort,
    Endpoints,
    EndpointSubset,
    Metadata,
    Node,
    NodeStatus,
    ObjectReference,
    Pod,
    PodReadinessGate,
    PodSpec,
    PodStatus,
    Taint,
)
from yunqiao.model.errors import NotYet
from yunqiao.model.keys import balancer_name, cluster_id
from yunqiao.model.step import Call

INTRANET = {"address-type": "intranet"}
CLUSTER = "abcdefghij"
OWN_GROUP = f"k8s/{NODE_PORT}/nginx/default/{CLUSTER}"
HTTPS = INTRANET | {"protocol-port": f"https:{PORT}", "cert-id": "cert-shop"}


async def test_d01_a_forbidden_public_service_can_be_deleted(stage: Stage) -> None:
    await stage.wear({"address-type": "internet"})
    stage.bench.services.site.rules = replace(stage.bench.services.site.rules, disable_public=True)
    await stage.gone()


async def test_d02_a_node_that_is_no_instance_does_not_keep_the_others_from_their_groups(stage: Stage) -> None:
    await stage.wear(INTRANET)
    for provider_id in ("nonsense", "aws:///eu-west-1a/i-w2", "alicloud://cn-hangzhou"):
        stage.node("w1", provider_id=provider_id)
        await stage.settle()
        assert stage.weights() == {"i-w0": 100}
        stage.node("w1", provider_id="cn-hangzhou.i-w1")
        await stage.settle()
        assert stage.weights() == {"i-w0": 100, "i-w1": 100}


async def test_d02_an_endpoint_without_a_node_does_not_keep_the_others_from_their_group(stage: Stage) -> None:
    stage.ask(external_traffic_policy="Local")
    stage.endpoints({"10.0.0.1": "", "10.0.0.2": "w1"})
    await stage.wear(INTRANET)
    assert stage.weights() == {"i-w1": 1}
    stage.endpoints({"10.0.0.1": "", "10.0.0.2": "w0"})
    await stage.settle()
    assert stage.weights() == {"i-w0": 1}


async def test_d02_a_weight_that_is_none_does_not_empty_a_shared_group(stage: Stage) -> None:
    lent = stage.lend()
    group = stage.do("CreateVServerGroup", LoadBalancerId=lent, VServerGroupName="shared")["VServerGroupId"]
    asked = {"id": lent, "vgroup-port": f"{group}:{PORT}"}
    await stage.wear(asked)
    assert await stage.wear(asked | {"weight": "many"}) == []
    assert [one["ServerId"] for one in stage.groups()["shared"]] == ["i-w0", "i-w1"]


async def test_d03_a_service_on_a_borrowed_ipv6_balancer_can_be_deleted(stage: Stage) -> None:
    lent = stage.do(
        "CreateLoadBalancer", AddressType="internet", AddressIPVersion="ipv6", InstanceChargeType="PayByCLCU"
    )
    await stage.wear({"id": lent["LoadBalancerId"]})
    stage.bench.cluster.delete()
    await stage.settle()
    assert stage.bench.cluster.service is None
    assert stage.groups() == {}


def with_certificates(stage: Stage) -> None:
    stage.keep(Pair.made("shop.example"), "cert-shop")
    for own_id in ("cert-cart", "cert-cart-2"):
        stage.keep(Pair.made("cart.example"), own_id)


async def test_d04_another_certificate_of_a_domain_is_set_at_that_domain(stage: Stage) -> None:
    with_certificates(stage)
    await stage.wear(HTTPS | {"domain-extensions": "cart.example:cert-cart"})
    told = stage.by_hand("DescribeDomainExtensions", ListenerPort=PORT)["DomainExtensions"]["DomainExtension"]
    (change,) = await stage.wear(HTTPS | {"domain-extensions": "cart.example:cert-cart-2"})
    assert change.action == "SetDomainExtensionAttribute"
    assert change.params["DomainExtensionId"] == told[0]["DomainExtensionId"]
    assert change.params["ServerCertificateId"] == "cert-cart-2"


async def test_d05_an_empty_value_takes_the_domains_away(stage: Stage) -> None:
    with_certificates(stage)
    await stage.wear(HTTPS | {"domain-extensions": "cart.example:cert-cart"})
    (change,) = await stage.wear(HTTPS | {"domain-extensions": ""})
    assert change.action == "DeleteDomainExtension"


async def test_d06_a_group_that_cannot_be_looked_at_is_not_taken_for_an_empty_one(stage: Stage) -> None:
    await stage.wear(INTRANET)
    stage.bench.restart()
    stage.bench.services.site.trusts_records = False
    stage.bench.cloud.busy.add("DescribeVServerGroupAttribute")
    before = len(stage.writes())
    with pytest.raises(NotYet):
        await stage.bench.services.reconcile("default/nginx")
    assert len(stage.writes()) == before
    stage.bench.cloud.busy.clear()
    assert await stage.settle() == []


async def test_d07_other_ports_of_our_servers_are_nobodys_business(stage: Stage) -> None:
    await stage.wear(INTRANET)
    (group,) = stage.by_hand("DescribeVServerGroups")["VServerGroups"]["VServerGroup"]
    theirs = json.dumps([{"ServerId": "i-w0", "Port": 9000, "Weight": 7, "Type": "ecs", "Description": "theirs"}])
    stage.do("AddVServerGroupBackendServers", VServerGroupId=group["VServerGroupId"], BackendServers=theirs)
    assert await stage.bench.verify() == []
    await stage.wear(INTRANET | {"default-weight": "30"})
    found = {(one["ServerId"], one["Port"]): (one["Weight"], one["Description"]) for one in stage.groups()[OWN_GROUP]}
    assert found["i-w0", 9000] == (7, "theirs")
    assert found["i-w0", NODE_PORT] == (30, OWN_GROUP)


@pytest.mark.parametrize("leaving", [OTHER_CLASS, "load-balancer-class", "type"])
async def test_d08_a_service_that_leaves_for_another_kind_of_balancer_leaks_none(stage: Stage, leaving: str) -> None:
    await stage.wear(INTRANET)
    if leaving == OTHER_CLASS:
        stage.annotate(INTRANET | {OTHER_CLASS: "alb"})
    elif leaving == "type":
        stage.ask(type="ClusterIP")
    else:
        stage.ask(load_balancer_class="alibabacloud.com/nlb")
    await stage.settle()
    assert stage.balancers() == []
    assert stage.service.metadata.finalizers == []
    assert stage.published() == []


async def test_d09_the_reason_of_the_modification_protection_is_sent_with_it(stage: Stage) -> None:
    await stage.wear(INTRANET | {"modification-protection": "NonProtection"})
    (change,) = await stage.wear(INTRANET | {"modification-protection": "ConsoleProtection"})
    assert change.params["ModificationProtectionReason"] == "managed.by.ack"
    assert stage.balancer["ModificationProtectionReason"] == "managed.by.ack"


@pytest.mark.parametrize("trouble", ["lost-before", "lost-after"])
@pytest.mark.parametrize("number", range(4))
async def test_d10_a_balancer_that_is_kept_keeps_its_parts_also_at_the_second_attempt(
    stage: Stage, trouble: str, number: int
) -> None:
    await stage.wear(INTRANET | {"preserve-lb-on-delete": "true"})
    before = stage.groups(), stage.listener("tcp")
    stage.bench.cluster.delete()
    stage.bench.cloud.troubles = [""] * number + [trouble]
    writes = await stage.settle()
    assert stage.bench.cluster.service is None
    assert (stage.groups(), stage.listener("tcp")) == before
    untags = [call for call in writes if call.action == "UntagResources"]
    assert untags
    assert all("TagKey.1" in call.params for call in untags)


async def test_d11_a_token_is_for_one_wish_and_outlives_the_process(stage: Stage) -> None:
    stage.bench.cloud.refused.add("CreateLoadBalancer")
    for name in ("shop", "cart"):
        await stage.wear(INTRANET | {"name": name})
    stage.bench.cloud.refused.clear()
    stage.bench.cloud.troubles = ["lost-after"]
    stage.annotate(INTRANET | {"name": "desk"})
    while stage.bench.cloud.troubles:
        await stage.turn()
    stage.bench.restart()
    await stage.settle()
    creates = [call for call in stage.bench.cloud.calls if call.action == "CreateLoadBalancer"]
    names = {call.params["LoadBalancerName"]: call.params["ClientToken"] for call in creates}
    assert names.keys() == {"shop", "cart", "desk"}
    assert len(set(names.values())) == 3
    assert [one["LoadBalancerName"] for one in stage.balancers()] == ["desk"]


async def test_d12_a_turn_in_which_nothing_has_changed_costs_nothing(stage: Stage) -> None:
    await stage.wear(INTRANET)
    calls, patches, told = (len(stage.bench.cloud.calls), len(stage.bench.cluster.patches), len(stage.bench.told))
    for _ in range(3):
        await stage.settle()
    assert (calls, patches, told) == (
        len(stage.bench.cloud.calls), len(stage.bench.cluster.patches), len(stage.bench.told),
    )  # fmt: skip


async def test_d13_what_is_counted_is_counted_from_the_first_time_on(stage: Stage) -> None:
    metrics = CallMetrics()
    send = metered(metrics, stage.bench.time)(stage.bench.cloud.send)
    for times in (1, 2):
        await send(Call("slb", "DescribeLoadBalancers", {}, "count it"))
        assert metrics.count("DescribeLoadBalancers", "ok") == times


async def test_d14_weights_in_local_mode_are_neither_too_large_nor_lost(stage: Stage) -> None:
    stage.ask(external_traffic_policy="Local")
    stage.pods(w0=150, w1=1)
    await stage.wear(INTRANET)
    assert stage.warnings() == []
    weights = stage.weights()
    assert weights["i-w0"] == 100
    assert 1 <= weights["i-w1"] <= 100
    assert {(await stage.tell())["backend"] for _ in range(4)} == {"w0", "w1"}


@pytest.mark.parametrize("waiting", [True, False], ids=["waiting", "ready"])
async def test_d15_a_pod_that_waits_at_its_gate_is_let_through_also_without_slices(stage: Stage, waiting: bool) -> None:
    meta = Metadata(name="nginx-1", namespace="default", uid="pod-uid")
    gate = PodReadinessGate(condition_type="service.readiness.alibabacloud.com/nginx")
    status = PodStatus(conditions=[Condition(type="ContainersReady", status="True")])
    stage.bench.cluster.pods["nginx-1"] = Pod(metadata=meta, spec=PodSpec(readiness_gates=[gate]), status=status)
    pod = ObjectReference(kind="Pod", namespace="default", name="nginx-1", uid="pod-uid")
    place = [EndpointAddress(ip="127.16.0.60", node_name="w0", target_ref=pod)]
    known = EndpointSubset(
        addresses=[] if waiting else place, not_ready_addresses=place if waiting else [], ports=[EndpointPort(port=80)]
    )
    stage.bench.cluster.slices = as_slices(Endpoints(metadata=meta, subsets=[known]))
    (piece,) = stage.bench.cluster.slices
    assert [endpoint.target_ref for endpoint in piece.endpoints] == [pod]
    await stage.pod("pod-0", "w0", "127.16.0.60")
    await stage.wear(INTRANET | {BACKEND_TYPE: "eni"})
    assert (await stage.tell())["backend"] == "pod-0"
    told = {one.type: one.status for one in stage.bench.cluster.pods["nginx-1"].status.conditions}
    assert told.get(gate.condition_type) == ("True" if waiting else None)


def tainted(node: Node) -> Node:
    taint = Taint(key="ToBeDeletedByClusterAutoscaler", effect="NoSchedule")
    return msgspec.structs.replace(node, spec=msgspec.structs.replace(node.spec, taints=[taint]))


def failing(node: Node) -> Node:
    return msgspec.structs.replace(node, status=NodeStatus(conditions=[Condition(type="Ready", status="Unknown")]))


async def test_d16_the_autoscalers_taint_counts_at_once_and_goes_again(stage: Stage) -> None:
    await stage.wear(INTRANET)
    healthy = stage.bench.cluster.nodes[1]
    for before, after, takes in ((healthy, tainted(healthy), {"i-w0"}), (tainted(healthy), healthy, {"i-w0", "i-w1"})):
        assert node_changed(before, after)
        stage.bench.cluster.nodes[1] = after
        await stage.settle()
        assert stage.weights().keys() == takes


async def test_d16_when_every_node_fails_at_once_the_backends_stay(stage: Stage) -> None:
    await stage.wear(INTRANET)
    stage.bench.cluster.nodes = [failing(node) for node in stage.bench.cluster.nodes]
    assert await stage.settle() == []
    assert {(await stage.tell())["backend"] for _ in range(4)} == {"w0", "w1"}


async def test_d17_a_change_of_something_else_leaves_every_access_control_list(stage: Stage) -> None:
    for own_id, block in (("acl-1", "127.0.0.0/9"), ("acl-2", "10.9.0.0/16")):
        stage.admit(own_id, block)
    await stage.wear(INTRANET)
    lists = {"AclStatus": "on", "AclType": "white", "AclId": "acl-2,acl-1"}
    stage.by_hand("SetLoadBalancerTCPListenerAttribute", ListenerPort=PORT, **lists)
    await stage.bench.verify()
    (change,) = await stage.wear(INTRANET | {"scheduler": "wlc"})
    assert set(change.params["AclId"].split(",")) == {"acl-1", "acl-2"}
    assert set(stage.listener("tcp")["AclIds"]["AclId"]) == {"acl-1", "acl-2"}


async def test_d18_protocol_and_group_of_a_port_change_together(stage: Stage) -> None:
    await stage.wear(INTRANET)
    stage.backends["w0"].port, stage.backends["w1"].port = 30081, 30081
    for backend in stage.backends.values():
        await backend.stop()
        await backend.start()
    stage.ask(port(node_port=30081))
    await stage.wear(INTRANET | {"protocol-port": f"http:{PORT}"})
    assert stage.warnings() == []
    assert {(await stage.get()).backend for _ in range(4)} == {"w0", "w1"}
    assert stage.groups().keys() == {OWN_GROUP.replace("30080", "30081")}
    assert await stage.bench.verify() == []


async def test_d19_tags_of_others_stay_values_keep_their_signs_and_ten_are_not_too_many(stage: Stage) -> None:
    many = {f"k{number}": "a=b=c" for number in range(12)}
    await stage.wear(INTRANET)
    theirs = {"ResourceType": "instance", "ResourceId.1": stage.balancer["LoadBalancerId"]}
    stage.do("TagResources", **theirs, **{"Tag.1.Key": "cost", "Tag.1.Value": "7"})
    text = ",".join(f"{key}={value}" for key, value in many.items())
    await stage.wear(INTRANET | {"additional-resource-tags": text})
    assert stage.tags() == {**many, "cost": "7"}
    await stage.wear(INTRANET | {"additional-resource-tags": "k1=a=b=c"})
    assert stage.tags() == {"k1": "a=b=c", "cost": "7"}


async def test_d20_two_clusters_without_a_configured_id_do_not_take_each_other_for_themselves(stage: Stage) -> None:
    assert cluster_id("uid-of-one") != cluster_id("uid-of-the-other")
    lent, other = stage.lend(), OWN_GROUP.replace(CLUSTER, cluster_id("uid-of-the-other"))
    server = json.dumps([{"ServerId": "i-w2", "Port": NODE_PORT, "Type": "ecs", "Description": other}])
    stage.do("CreateVServerGroup", LoadBalancerId=lent, VServerGroupName=other, BackendServers=server)
    await stage.wear({"id": lent})
    assert stage.groups().keys() == {OWN_GROUP, other}
    stage.bench.cluster.delete()
    await stage.settle()
    assert [one["Description"] for one in stage.groups()[other]] == [other]


async def test_d21_a_balancer_on_a_later_page_is_found(stage: Stage) -> None:
    for _ in range(120):
        stage.do("CreateLoadBalancer", AddressType="internet", InstanceChargeType="PayByCLCU")
    ours = stage.do(
        "CreateLoadBalancer", LoadBalancerName=balancer_name(UID), AddressType="intranet", VSwitchId="vsw-test",
        InstanceChargeType="PayByCLCU", Tag__1__Key=OWNER_TAG, Tag__1__Value=balancer_name(UID),
    )["LoadBalancerId"]  # fmt: skip
    assert "CreateLoadBalancer" not in [call.action for call in await stage.wear(INTRANET)]
    assert stage.service.metadata.labels[BALANCER_LABEL] == ours
    stage.bench.restart()
    stage.bench.services.site.trusts_records = False
    assert await stage.settle() == []
    stage.bench.time.time += VERIFY_EVERY
    assert await stage.settle() == []
    stage.bench.cluster.delete()
    await stage.settle()
    assert len(everything(stage)) == 120
    assert ours not in [one["LoadBalancerId"] for one in everything(stage)]


def everything(stage: Stage) -> list[dict[str, object]]:
    """All balancers, over all pages."""
    pages = [stage.do("DescribeLoadBalancers", PageSize=100, PageNumber=number) for number in (1, 2)]
    return [one for page in pages for one in page["LoadBalancers"]["LoadBalancer"]]
