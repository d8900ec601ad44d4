"""Addresses and ports of Services: given, kept, refused, freed."""

import pytest

from kubesim.api.allocation import Allocation
from kubesim.api.options import Write
from kubesim.api.verbs import Verbs
from kubesim.errors import StatusError

MERGE = "application/merge-patch+json"


def create(verbs, name, **spec):
    obj = {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}
    return verbs.create("services", obj, "default")["spec"]


def change(verbs, name, **spec):
    return verbs.patch("services", name, {"spec": spec}, MERGE, "default")["spec"]


def test_each_type_gets_what_it_needs(verbs):
    assert "nodePort" not in create(verbs, "inside")["ports"][0]
    assert create(verbs, "headless", clusterIP="None")["clusterIPs"] == ["None"]
    assert 30000 <= create(verbs, "node", type="NodePort")["ports"][0]["nodePort"] <= 32767
    local = create(verbs, "local", type="LoadBalancer", externalTrafficPolicy="Local")
    assert local["healthCheckNodePort"] not in (None, local["ports"][0]["nodePort"])
    bare = create(verbs, "bare", type="LoadBalancer", allocateLoadBalancerNodePorts=False)
    assert "nodePort" not in bare["ports"][0]
    assert "clusterIP" not in create(verbs, "alias", type="ExternalName", externalName="x.example")


def test_one_number_with_two_protocols_shares_a_node_port(verbs):
    ports = [{"name": "t", "port": 53}, {"name": "u", "port": 53, "protocol": "UDP"}]
    spec = create(verbs, "dns", type="NodePort", ports=ports)
    assert spec["ports"][0]["nodePort"] == spec["ports"][1]["nodePort"]


def test_what_another_service_has_is_refused(verbs):
    taken = create(verbs, "first", type="NodePort")
    number = taken["ports"][0]["nodePort"]
    with pytest.raises(StatusError, match=rf"Invalid value: {number}: provided port is already allocated"):
        create(verbs, "second", type="NodePort", ports=[{"port": 80, "nodePort": number}])
    with pytest.raises(StatusError, match="provided IP is already allocated"):
        create(verbs, "second", clusterIP=taken["clusterIP"])


def test_what_is_out_of_range_is_refused(verbs):
    with pytest.raises(StatusError, match="The range of valid ports is 30000-32767"):
        create(verbs, "s", type="NodePort", ports=[{"port": 80, "nodePort": 80}])
    with pytest.raises(StatusError, match=r"The range of valid IPs is 10.96.0.0/16"):
        create(verbs, "s", clusterIP="192.168.0.1")


def test_a_deleted_service_frees_what_it_had(verbs):
    number = create(verbs, "first", type="NodePort")["ports"][0]["nodePort"]
    verbs.delete("services", "first", "default")
    assert create(verbs, "second", type="NodePort", ports=[{"port": 1, "nodePort": number}])


def test_a_change_of_type_frees_node_ports_and_keeps_the_address(verbs):
    before = create(verbs, "s", type="LoadBalancer", externalTrafficPolicy="Local")
    after = change(verbs, "s", type="ClusterIP")
    assert after["clusterIP"] == before["clusterIP"]
    assert "nodePort" not in after["ports"][0]
    assert {"healthCheckNodePort", "externalTrafficPolicy", "allocateLoadBalancerNodePorts"}.isdisjoint(after)
    assert create(verbs, "other", type="NodePort", ports=[{"port": 1, "nodePort": before["ports"][0]["nodePort"]}])


def test_an_update_that_leaves_allocations_out_keeps_them(verbs):
    before = create(verbs, "s", type="NodePort")
    obj = {"metadata": {"name": "s"}, "spec": {"type": "NodePort", "ports": [{"port": 81}]}}
    after = verbs.update("services", obj, "default")["spec"]
    assert after["clusterIP"] == before["clusterIP"]
    assert after["ports"][0]["nodePort"] == before["ports"][0]["nodePort"]


def test_a_refused_or_dry_run_service_takes_nothing():
    verbs = Verbs(allocation=Allocation(ports=range(30000, 30001)))
    verbs.create("namespaces", {"metadata": {"name": "default"}})
    obj = {"metadata": {"name": "s"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}}
    for _ in range(3):
        verbs.create("services", obj, "default", options=Write(dry_run=True))
    assert create(verbs, "s", type="NodePort")["ports"][0]["nodePort"] == 30000


def test_a_range_that_is_full_says_so():
    verbs = Verbs(allocation=Allocation(ports=range(30000, 30001)))
    verbs.create("namespaces", {"metadata": {"name": "default"}})
    create(verbs, "first", type="NodePort")
    with pytest.raises(StatusError, match="range is full") as caught:
        create(verbs, "second", type="NodePort")
    assert caught.value.code == 500
