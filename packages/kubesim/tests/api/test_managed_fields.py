"""Who owns which field after plain writes, as a real server notes it."""

import pytest

WEB = {
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 0,
        "selector": {"matchLabels": {"a": "b"}},
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}]}]},
        },
    },
}
MERGE = "application/merge-patch+json"


def fields(obj, subresource=""):
    entries = obj["metadata"]["managedFields"]
    return next((each["fieldsV1"] for each in entries if each.get("subresource", "") == subresource), None)


@pytest.fixture
def web(verbs):
    return verbs.create("deployments.apps", WEB, "default")


def test_required_lists_and_structs_by_value_are_not_said_to_be_added(web):
    template = fields(web)["f:spec"]["f:template"]
    assert "." not in template
    assert list(template["f:spec"]["f:containers"]) == ['k:{"name":"c"}']


def test_optional_lists_and_structs_by_pointer_are(web):
    spec = fields(web)["f:spec"]
    assert "." in spec["f:template"]["f:spec"]["f:containers"]['k:{"name":"c"}']["f:ports"]
    assert set(spec["f:strategy"]["f:rollingUpdate"]) == {".", "f:maxSurge", "f:maxUnavailable"}
    assert "." not in spec["f:strategy"]


def test_what_is_empty_anyway_is_nobodys_in_a_new_object(verbs):
    involved = {"kind": "Service", "name": "s", "namespace": "default"}
    event = verbs.create("events", {"metadata": {"name": "e"}, "involvedObject": involved, "reason": "R"}, "default")
    assert not {"f:eventTime", "f:reportingComponent", "f:reportingInstance"} & set(fields(event))


def test_a_new_item_of_a_list_is_owned_with_its_empty_fields(verbs):
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    verbs.create("pods", pod, "default")
    patch = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    changed = verbs.patch("pods", "p", patch, MERGE, "default", subresource="status")
    owned = fields(changed, "status")["f:status"]["f:conditions"]['k:{"type":"Ready"}']
    assert {"f:lastProbeTime", "f:lastTransitionTime"} <= set(owned)


def test_scaling_owns_the_replicas_through_its_subresource(verbs, web):
    verbs.patch("deployments.apps", "web", {"spec": {"replicas": 3}}, MERGE, "default", subresource="scale")
    scaled = verbs.get("deployments.apps", "web", "default")
    assert fields(scaled, "scale") == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in fields(scaled)["f:spec"]


def test_nobody_owns_the_replicas_after_scaling_to_zero(verbs, web):
    verbs.patch("deployments.apps", "web", {"spec": {"replicas": 0}}, MERGE, "default", subresource="scale")
    scaled = verbs.get("deployments.apps", "web", "default")
    assert fields(scaled, "scale") is None
    assert "f:replicas" not in fields(scaled)["f:spec"]
