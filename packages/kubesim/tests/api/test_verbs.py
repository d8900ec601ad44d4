"""Create, update and what the server says to writers."""

import pytest

from kubesim.api.options import Write
from kubesim.errors import StatusError

MERGE = "application/merge-patch+json"


def service(name, **spec):
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}


def configmap(name, **data):
    return {"metadata": {"name": name}, "data": data}


def refused(call, *arguments, **named) -> StatusError:
    with pytest.raises(StatusError) as caught:
        call(*arguments, **named)
    return caught.value


def test_a_cluster_begins_with_its_namespaces_accounts_and_the_kubernetes_service(verbs):
    namespaces = [each["metadata"]["name"] for each in verbs.list("namespaces")["items"]]
    assert namespaces == ["default", "kube-node-lease", "kube-public", "kube-system"]
    assert len(verbs.list("serviceaccounts")["items"]) == 4
    assert verbs.get("services", "kubernetes", "default")["spec"]["clusterIP"] == "10.96.0.1"


def test_a_created_object_has_what_the_server_fills_in(verbs):
    metadata = verbs.create("configmaps", configmap("c", a="1"), "default")["metadata"]
    assert metadata["namespace"] == "default"
    assert metadata["uid"]
    assert metadata["creationTimestamp"].endswith("Z")
    assert int(metadata["resourceVersion"]) == verbs.storage.revision


def test_the_object_that_was_handed_in_is_not_touched_and_not_kept(verbs):
    mine = configmap("c", a="1")
    verbs.create("configmaps", mine, "default")
    mine["data"]["a"] = "2"
    assert "uid" not in mine["metadata"]
    assert verbs.get("configmaps", "c", "default")["data"] == {"a": "1"}


def test_generate_name_makes_a_name(verbs):
    made = verbs.create("configmaps", {"metadata": {"generateName": "pre-"}}, "default")
    assert made["metadata"]["name"].startswith("pre-")
    assert len(made["metadata"]["name"]) == 9


def test_a_name_is_taken_only_once(verbs):
    verbs.create("leases.coordination.k8s.io", {"metadata": {"name": "l"}}, "default")
    error = refused(verbs.create, "leases.coordination.k8s.io", {"metadata": {"name": "l"}}, "default")
    assert (error.code, error.message) == (409, 'leases.coordination.k8s.io "l" already exists')
    assert error.details == {"name": "l", "group": "coordination.k8s.io", "kind": "leases"}


def test_a_missing_object_is_named(verbs):
    error = refused(verbs.get, "services", "none", "default")
    assert (error.code, error.reason, error.message) == (404, "NotFound", 'services "none" not found')


def test_an_object_needs_a_namespace_that_exists(verbs):
    error = refused(verbs.create, "configmaps", configmap("c"), "nowhere")
    assert (error.code, error.message) == (404, 'namespaces "nowhere" not found')


def test_an_object_in_another_namespace_than_the_request_is_refused(verbs):
    obj = {"metadata": {"name": "c", "namespace": "kube-system"}}
    error = refused(verbs.create, "configmaps", obj, "default")
    assert error.message == "the namespace of the provided object does not match the namespace sent on the request"


def test_a_write_based_on_something_older_conflicts(verbs):
    first = verbs.create("configmaps", configmap("c", a="1"), "default")
    verbs.patch("configmaps", "c", {"data": {"a": "2"}}, MERGE, "default")
    error = refused(verbs.update, "configmaps", first | {"data": {"a": "3"}}, "default")
    assert error.code == 409
    assert error.message.startswith('Operation cannot be fulfilled on configmaps "c": the object has been modified')


def test_a_write_that_changes_nothing_keeps_the_revision(verbs):
    before = verbs.create("configmaps", configmap("c", a="1"), "default")
    assert verbs.update("configmaps", before, "default") is before
    assert verbs.patch("configmaps", "c", {"data": {"a": "1"}}, MERGE, "default") is before


def test_an_update_of_another_object_of_that_name_is_refused(verbs):
    made = verbs.create("configmaps", configmap("c"), "default")
    other = {"metadata": made["metadata"] | {"uid": "0"}}
    assert "Precondition failed: UID" in refused(verbs.update, "configmaps", other, "default").message


def test_status_and_the_rest_are_written_apart(verbs):
    verbs.create("services", service("s", type="LoadBalancer"), "default")
    address = {"loadBalancer": {"ingress": [{"ip": "10.1.1.1"}]}}
    verbs.patch("services", "s", {"status": address}, MERGE, "default")
    assert verbs.get("services", "s", "default")["status"] == {"loadBalancer": {}}
    patch = {"status": address, "spec": {"sessionAffinity": "ClientIP"}}
    verbs.patch("services", "s", patch, MERGE, "default", subresource="status")
    after = verbs.get("services", "s", "default")
    assert after["status"]["loadBalancer"]["ingress"] == [{"ip": "10.1.1.1", "ipMode": "VIP"}]
    assert after["spec"]["sessionAffinity"] == "None"


def test_generation_counts_changes_of_what_is_wanted_alone(verbs):
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    deployment = {"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
    verbs.create("deployments.apps", deployment, "default")
    for patch in ({"metadata": {"labels": {"x": "y"}}}, {"spec": {"replicas": 2}}):
        after = verbs.patch("deployments.apps", "d", patch, MERGE, "default")
    verbs.patch("deployments.apps", "d", {"status": {"replicas": 1}}, MERGE, "default", subresource="status")
    assert after["metadata"]["generation"] == 2
    assert verbs.get("deployments.apps", "d", "default")["metadata"]["generation"] == 2


def test_a_dry_run_answers_and_writes_nothing(verbs):
    before = verbs.storage.revision
    answer = verbs.create("services", service("s"), "default", options=Write(dry_run=True))
    assert answer["spec"]["clusterIP"]
    assert verbs.storage.revision == before
    assert refused(verbs.get, "services", "s", "default").code == 404


def test_unknown_fields_are_refused_dropped_or_warned_about(verbs):
    obj = service("s", nosuch=1)
    error = refused(verbs.create, "services", obj, "default", options=Write(validation="Strict"))
    assert error.message.endswith('cannot be handled as a Service: strict decoding error: unknown field "spec.nosuch"')
    heard = []
    made = verbs.create("services", obj, "default", options=Write(warn=heard.append))
    assert heard == ['unknown field "spec.nosuch"']
    assert "nosuch" not in made["spec"]


def test_an_object_of_another_kind_is_refused(verbs):
    error = refused(verbs.create, "services", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}, "default")
    assert error.code == 400
    assert "converting (v1.Pod) to (core.Service): unknown conversion" in error.message


def test_metadata_of_the_server_cannot_be_changed(verbs):
    verbs.create("configmaps", configmap("c"), "default")
    error = refused(verbs.patch, "configmaps", "c", {"metadata": {"uid": "0"}}, MERGE, "default")
    assert error.message == 'ConfigMap "c" is invalid: metadata.uid: Invalid value: "0": field is immutable'


def test_a_bad_name_is_refused_in_the_words_of_the_server(verbs):
    error = refused(verbs.create, "services", service("Bad_Name"), "default")
    assert error.code == 422
    assert 'metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 label' in error.message


def test_a_lease_is_never_overwritten_blindly(verbs):
    lease = {"metadata": {"name": "l"}, "spec": {"holderIdentity": "me"}}
    verbs.create("leases.coordination.k8s.io", lease, "default")
    assert (
        "must be specified for an update"
        in refused(verbs.update, "leases.coordination.k8s.io", lease, "default").message
    )


def test_the_scale_of_a_deployment_is_its_replicas(verbs):
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    deployment = {"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
    verbs.create("deployments.apps", deployment, "default")
    patch = {"spec": {"replicas": 3}}
    answer = verbs.patch("deployments.apps", "d", patch, MERGE, "default", subresource="scale")
    assert (answer["kind"], answer["spec"], answer["status"]["selector"]) == ("Scale", {"replicas": 3}, "a=b")
    assert verbs.get("deployments.apps", "d", "default")["spec"]["replicas"] == 3


def test_a_pod_is_bound_to_a_node_once(verbs):
    verbs.create("pods", {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}, "default")
    verbs.bind("p", "default", "node-1")
    assert verbs.get("pods", "p", "default")["spec"]["nodeName"] == "node-1"
    assert "already assigned" in refused(verbs.bind, "p", "default", "node-2").message


def test_events_are_one_store_with_two_spellings(verbs):
    event = {"metadata": {"name": "e"}, "regarding": {"kind": "Pod", "name": "p", "namespace": "default"}, "note": "hi"}
    made = verbs.create("events.events.k8s.io", event, "default")
    core = verbs.get("events", "e", "default")
    assert (made["note"], made["apiVersion"]) == ("hi", "events.k8s.io/v1")
    assert (core["message"], core["involvedObject"]["name"], core["apiVersion"]) == ("hi", "p", "v1")
    assert len(verbs.list("events.events.k8s.io", "default", fields="regarding.name=p")["items"]) == 1
