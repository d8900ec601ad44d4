"""What a Service of a manifest would be after `kubectl apply`."""

import json

import pytest

from yunqiao.cli.manifest import LAST_APPLIED, applied, documents, named
from yunqiao.model.cluster import Metadata, Service, ServicePort, ServiceSpec
from yunqiao.model.errors import Refused

TEXT = """
apiVersion: v1
kind: List
items:
- {kind: Service, metadata: {name: web, namespace: shop}}
- {kind: ConfigMap, metadata: {name: settings}}
---
---
kind: Service
metadata: {name: api}
"""


def manifest(**spec):
    ports = [{"port": 80, "targetPort": 8080}]
    return {"kind": "Service", "metadata": {"name": "web"}, "spec": {"type": "LoadBalancer", "ports": ports, **spec}}


def live(last=None, annotations=None, **spec):
    """The object as the API server has it, made by `kubectl apply` of `last`."""
    made = {LAST_APPLIED: json.dumps(last)} if last is not None else {}
    meta = Metadata(
        name="web", namespace="shop", uid="u", finalizers=["f"], annotations={**made, **(annotations or {})}
    )
    ports = [ServicePort(port=80, target_port=8080, node_port=30080)]
    return Service(metadata=meta, spec=ServiceSpec(**{"type": "LoadBalancer", "ports": ports, **spec}))


def test_every_object_of_a_file_is_found_in_lists_too():
    found = [(one["kind"], named(one, "default")) for one in documents(TEXT, "x.yaml")]
    assert found == [("Service", "shop/web"), ("ConfigMap", "default/settings"), ("Service", "default/api")]


def test_json_is_read_as_well():
    assert [one["kind"] for one in documents(json.dumps(manifest()), "x.json")] == ["Service"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "x.yaml is neither YAML nor JSON at line 1"),
        ("- 1", "x.yaml has a document that is no Kubernetes object: it has no kind"),
        ("kind: 3", "it has no kind"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_place(text, said):
    with pytest.raises(Refused, match=said.replace("[", r"\[")):
        list(documents(text, "x.yaml"))


def test_an_object_without_a_name_is_refused():
    with pytest.raises(Refused, match=r"a Service of the manifest has no metadata\.name"):
        named({"kind": "Service"}, "default")


def test_a_field_of_the_wrong_type_is_named():
    with pytest.raises(Refused, match=r"Service shop/web of the manifest: .*spec.ports"):
        applied(manifest(ports=[{"port": "eighty"}]), "shop/web", None)


def test_a_new_service_has_stand_ins_for_what_the_api_server_allocates():
    made = applied(manifest(ports=[{"port": 80}, {"port": 53, "protocol": "UDP"}]), "shop/web", None, 70005)
    assert [one.node_port for one in made.service.spec.ports] == [70005, 70006]
    assert made.allocated == {"70005": "<node port of 80/TCP>", "70006": "<node port of 53/UDP>"}
    assert [one.target_port for one in made.service.spec.ports] == [80, 53]


def test_node_ports_that_are_not_wanted_are_not_allocated():
    made = applied(manifest(allocateLoadBalancerNodePorts=False), "shop/web", None)
    assert made.allocated == {}
    assert made.service.spec.ports[0].node_port == 0


def test_what_the_live_object_has_is_kept():
    made = applied(manifest(), "shop/web", live(session_affinity="ClientIP")).service
    assert (made.metadata.uid, made.metadata.finalizers) == ("u", ["f"])
    assert made.spec.ports == [ServicePort(port=80, target_port=8080, node_port=30080)]
    assert made.spec.session_affinity == "ClientIP"


def test_a_field_of_the_last_manifest_that_the_new_one_leaves_out_goes():
    last = manifest(sessionAffinity="ClientIP")
    last["metadata"]["annotations"] = {"asked": "once"}
    made = applied(manifest(), "shop/web", live(last, {"asked": "once", "noted": "by us"}, session_affinity="ClientIP"))
    assert made.service.spec.session_affinity == "None"
    assert made.service.metadata.annotations.keys() == {"noted", LAST_APPLIED}


def test_a_port_of_another_number_gets_a_node_port_of_its_own():
    made = applied(manifest(ports=[{"port": 81}]), "shop/web", live(manifest()))
    assert [one.port for one in made.service.spec.ports] == [81]
    assert made.allocated == {"70000": "<node port of 81/TCP>"}
