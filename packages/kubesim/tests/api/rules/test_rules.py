"""What the server refuses and fills in, kind by kind."""

import pytest

from kubesim.errors import StatusError

MERGE = "application/merge-patch+json"


def service(verbs, name="s", **spec):
    return verbs.create("services", {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}, "default")


def causes(caught):
    return [(cause["field"], cause["message"]) for cause in caught.value.details["causes"]]


def workload(name="d", **spec):
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    return {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template, **spec}}


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({"ports": []}, "spec.ports", "Required value"),
        ({"ports": [{"port": 80}, {"port": 81, "name": "b"}]}, "spec.ports[0].name", "Required value"),
        ({"ports": [{"port": 70000}]}, "spec.ports[0].port", "must be between 1 and 65535"),
        (
            {"ports": [{"port": 80, "protocol": "X"}]},
            "spec.ports[0].protocol",
            'supported values: "SCTP", "TCP", "UDP"',
        ),
        ({"ports": [{"port": 80, "targetPort": "A_B"}]}, "spec.ports[0].targetPort", "must contain only alpha-numeric"),
        ({"type": "Foo"}, "spec.type", '"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'),
        ({"type": "ExternalName"}, "spec.externalName", "Required value"),
        ({"ports": [{"port": 80, "nodePort": 30001}]}, "spec.ports[0].nodePort", "may not be used when `type` is"),
        ({"loadBalancerClass": "a/b"}, "spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'"),
        ({"externalTrafficPolicy": "Local"}, "spec.externalTrafficPolicy", "externally-accessible services"),
        ({"healthCheckNodePort": 30001}, "spec.healthCheckNodePort", "may only be set when"),
        ({"sessionAffinity": "x"}, "spec.sessionAffinity", 'supported values: "ClientIP", "None"'),
        ({"loadBalancerSourceRanges": ["x"]}, "spec.loadBalancerSourceRanges[0]", "must be a valid CIDR value"),
        ({"externalIPs": ["127.0.0.1"]}, "spec.externalIPs[0]", "may not be in the loopback range"),
    ],
)
def test_services_that_are_refused(verbs, spec, field, message):
    with pytest.raises(StatusError) as caught:
        service(verbs, **spec)
    assert caught.value.code == 422
    assert any(each == field and message in text for each, text in causes(caught))


def test_two_service_ports_may_not_be_alike(verbs):
    ports = [{"port": 80, "name": "a"}, {"port": 80, "name": "a"}]
    with pytest.raises(StatusError) as caught:
        service(verbs, ports=ports)
    assert [field for field, _ in causes(caught)] == ["spec.ports[1].name", "spec.ports[1]"]


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({"clusterIP": "10.96.9.9", "clusterIPs": ["10.96.9.9"]}, "may not change once set"),
        ({"loadBalancerClass": "x.com/y"}, 'spec.loadBalancerClass: Invalid value: "x.com/y": may not change once set'),
    ],
)
def test_what_a_service_may_not_change(verbs, patch, message):
    service(verbs, type="LoadBalancer", loadBalancerClass="a.com/b")
    with pytest.raises(StatusError, match=message):
        verbs.patch("services", "s", {"spec": patch}, MERGE, "default")


def test_a_balancer_address_must_be_one(verbs):
    service(verbs, type="LoadBalancer")
    patch = {"status": {"loadBalancer": {"ingress": [{"ip": "not-an-ip"}]}}}
    with pytest.raises(StatusError, match=r"status.loadBalancer.ingress\[0\].ip: Invalid value"):
        verbs.patch("services", "s", patch, MERGE, "default", subresource="status")


def test_service_defaults(verbs):
    spec = service(verbs, type="LoadBalancer", ports=[{"port": 80, "targetPort": "http"}])["spec"]
    assert spec["ports"][0] | {"nodePort": 0} == {"port": 80, "protocol": "TCP", "targetPort": "http", "nodePort": 0}
    wanted = {"sessionAffinity": "None", "externalTrafficPolicy": "Cluster", "internalTrafficPolicy": "Cluster"}
    wanted |= {"allocateLoadBalancerNodePorts": True, "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"}
    assert wanted.items() <= spec.items()


@pytest.mark.parametrize(
    ("field", "first", "second", "message"),
    [
        ("providerID", "cn-hangzhou.i-1", "cn-hangzhou.i-2", "may not change providerID"),
        ("podCIDRs", ["10.1.0.0/24"], ["10.2.0.0/24"], "may not change podCIDR"),
    ],
)
def test_a_node_is_told_once_where_it_is(verbs, field, first, second, message):
    verbs.create("nodes", {"metadata": {"name": "n"}})
    verbs.patch("nodes", "n", {"spec": {field: first}}, MERGE)
    with pytest.raises(StatusError, match=message):
        verbs.patch("nodes", "n", {"spec": {field: second}}, MERGE)


def test_a_new_node_is_tainted_until_it_is_ready(verbs):
    node = verbs.create("nodes", {"metadata": {"name": "n"}, "spec": {"podCIDR": "10.1.0.0/24"}})
    assert node["spec"]["taints"] == [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]
    assert node["spec"]["podCIDRs"] == ["10.1.0.0/24"]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.5", "may not be in the loopback range"),
        ("169.254.1.1", "may not be in the link-local range"),
        ("224.0.0.1", "may not be in the multicast range"),
        ("0.0.0.0", "may not be unspecified"),
        ("x", "must be a valid IP address"),
        ("fd00::1", "must be an IPv4 address"),
    ],
)
def test_an_endpoint_slice_takes_no_such_address(verbs, address, message):
    slice_ = {"metadata": {"name": "e"}, "addressType": "IPv4", "endpoints": [{"addresses": [address]}]}
    with pytest.raises(StatusError) as caught:
        verbs.create("endpointslices.discovery.k8s.io", slice_, "default")
    assert causes(caught)[0][0] == "endpoints[0].addresses[0]"
    assert message in causes(caught)[0][1]


def test_an_endpoint_slice_keeps_its_family(verbs):
    slice_ = {"metadata": {"name": "e"}, "addressType": "IPv4", "endpoints": []}
    verbs.create("endpointslices.discovery.k8s.io", slice_, "default")
    with pytest.raises(StatusError, match=r'addressType: Invalid value: "IPv6": field is immutable'):
        verbs.patch("endpointslices.discovery.k8s.io", "e", {"addressType": "IPv6"}, MERGE, "default")


def test_a_deployment_selects_its_own_pods(verbs):
    with pytest.raises(StatusError) as caught:
        verbs.create("deployments.apps", workload(selector={"matchLabels": {"a": "x"}}), "default")
    message = 'Invalid value: {"a":"b"}: `selector` does not match template `labels`'
    assert causes(caught) == [("spec.template.metadata.labels", message)]


def test_the_selector_of_a_deployment_stays(verbs):
    verbs.create("deployments.apps", workload(), "default")
    patch = {"spec": {"selector": {"matchLabels": {"a": "x"}}, "template": {"metadata": {"labels": {"a": "x"}}}}}
    with pytest.raises(StatusError, match=r"spec.selector: .*field is immutable"):
        verbs.patch("deployments.apps", "d", patch, MERGE, "default")


def test_deployment_defaults(verbs):
    spec = verbs.create("deployments.apps", workload(), "default")["spec"]
    assert (spec["replicas"], spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (1, 10, 600)
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": "25%", "maxSurge": "25%"}
    pod = spec["template"]["spec"]
    assert (pod["restartPolicy"], pod["dnsPolicy"], pod["terminationGracePeriodSeconds"]) == (
        "Always",
        "ClusterFirst",
        30,
    )


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.2", "IfNotPresent"),
        ("localhost:5000/nginx", "Always"),
        ("nginx@sha256:abc", "IfNotPresent"),
    ],
)
def test_an_image_without_fixed_tag_is_always_pulled(verbs, image, policy):
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": image}]}}
    assert verbs.create("pods", pod, "default")["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_a_running_pod_may_change_its_image_and_little_else(verbs):
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}
    verbs.create("pods", pod, "default")
    patch = [{"op": "replace", "path": "/spec/containers/0/image", "value": "i:2"}]
    verbs.patch("pods", "p", patch, "application/json-patch+json", "default")
    with pytest.raises(StatusError, match="pod updates may not change fields other than"):
        verbs.patch("pods", "p", {"spec": {"hostNetwork": True}}, MERGE, "default")


def test_plain_text_of_a_secret_is_stored_encoded(verbs):
    secret = verbs.create("secrets", {"metadata": {"name": "s"}, "stringData": {"a": "b"}}, "default")
    assert (secret["data"], secret["type"], "stringData" in secret) == ({"a": "Yg=="}, "Opaque", False)


def test_an_immutable_config_map_stays(verbs):
    verbs.create("configmaps", {"metadata": {"name": "c"}, "data": {"a": "1"}, "immutable": True}, "default")
    with pytest.raises(StatusError, match="field is immutable when `immutable` is set"):
        verbs.patch("configmaps", "c", {"data": {"a": "2"}}, MERGE, "default")


def test_an_event_stands_in_the_namespace_of_its_object(verbs):
    event = {"metadata": {"name": "e"}, "involvedObject": {"namespace": "kube-system", "name": "x"}}
    with pytest.raises(StatusError, match=r"does not match event.namespace"):
        verbs.create("events", event, "default")


def test_endpoints_that_stay_are_not_checked_again_when_the_address_type_changes(verbs):
    resource = "endpointslices.discovery.k8s.io"
    made = {"metadata": {"name": "e"}, "addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}]}
    verbs.create(resource, made, "default")
    with pytest.raises(StatusError) as refused:
        verbs.patch(resource, "e", {"addressType": "IPv6"}, "application/merge-patch+json", "default")
    assert [cause["field"] for cause in refused.value.details["causes"]] == ["addressType"]
