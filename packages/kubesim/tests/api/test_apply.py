"""Server-side apply: create, merge, conflicts, giving up fields."""

import pytest

from kubesim.api.options import Write
from kubesim.errors import StatusError

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


def wanted(**spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec}


def apply(verbs, manager, obj, *, force=False):
    return verbs.patch("services", "s", obj, APPLY, "default", options=Write(manager=manager, force=force))


def entries(obj):
    return {each["manager"]: each["fieldsV1"] for each in obj["metadata"]["managedFields"]}


PORT = {"name": "a", "port": 80}


def test_apply_creates_and_owns_what_it_stated(verbs):
    made = apply(verbs, "one", wanted(ports=[PORT]))
    assert made["spec"]["ports"] == [PORT | {"protocol": "TCP", "targetPort": 80}]
    key = 'k:{"port":80,"protocol":"TCP"}'
    assert entries(made) == {"one": {"f:spec": {"f:ports": {key: {".": {}, "f:name": {}, "f:port": {}}}}}}
    assert made["metadata"]["managedFields"][0]["operation"] == "Apply"


def test_the_same_apply_again_changes_nothing(verbs):
    first = apply(verbs, "one", wanted(ports=[PORT]))
    assert apply(verbs, "one", wanted(ports=[PORT])) is first


def test_a_field_of_another_manager_conflicts_and_force_takes_it(verbs):
    apply(verbs, "one", wanted(type="ClusterIP", ports=[PORT]))
    with pytest.raises(StatusError) as caught:
        apply(verbs, "two", wanted(type="NodePort", ports=[PORT]))
    assert caught.value.message == 'Apply failed with 1 conflict: conflict with "one": .spec.type'
    assert caught.value.details["causes"][0]["reason"] == "FieldManagerConflict"
    after = apply(verbs, "two", wanted(type="NodePort", ports=[PORT]), force=True)
    assert after["spec"]["type"] == "NodePort"
    assert "f:type" in entries(after)["two"]["f:spec"]
    assert "f:type" not in entries(after)["one"]["f:spec"]


def test_a_field_that_is_stated_no_more_goes_unless_another_owns_it(verbs):
    labels = {"a": "1", "b": "2"}
    apply(verbs, "one", wanted(ports=[PORT], selector={"x": "y"}) | {"metadata": {"name": "s", "labels": labels}})
    apply(verbs, "two", wanted() | {"metadata": {"name": "s", "labels": {"b": "2"}}})
    after = apply(verbs, "one", wanted(ports=[PORT]))
    assert after["metadata"]["labels"] == {"b": "2"}
    assert "selector" not in after["spec"]


def test_a_plain_write_takes_fields_over(verbs):
    apply(verbs, "one", wanted(type="ClusterIP", ports=[PORT]))
    options = Write(manager="hand")
    after = verbs.patch("services", "s", {"spec": {"type": "NodePort"}}, MERGE, "default", options=options)
    assert "f:type" in entries(after)["hand"]["f:spec"]
    with pytest.raises(StatusError, match=r'conflict with "hand" using v1: .spec.type'):
        apply(verbs, "one", wanted(type="ClusterIP", ports=[PORT]))


def test_apply_needs_a_manager(verbs):
    with pytest.raises(StatusError, match="fieldManager: Required value: is required for apply patch"):
        apply(verbs, "", wanted(ports=[PORT]))
