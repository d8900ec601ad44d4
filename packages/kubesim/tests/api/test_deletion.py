"""How objects go, and what goes with them."""

import pytest

from kubesim.errors import StatusError

MERGE = "application/merge-patch+json"


def present(verbs, resource, name, namespace="default"):
    return verbs.storage.get(resource, (namespace, name))


def configmap(verbs, name, owner=None, **metadata):
    if owner:
        reference = {"apiVersion": "v1", "kind": "ConfigMap"}
        reference |= {"name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"], "blockOwnerDeletion": True}
        metadata["ownerReferences"] = [reference]
    return verbs.create("configmaps", {"metadata": {"name": name, **metadata}}, "default")


def pod(verbs, name, **spec):
    containers = [{"name": "c", "image": "i"}]
    return verbs.create("pods", {"metadata": {"name": name}, "spec": {"containers": containers, **spec}}, "default")


def test_a_finalizer_holds_an_object_until_it_is_removed(verbs):
    configmap(verbs, "c", finalizers=["a.b/c"])
    waiting = verbs.delete("configmaps", "c", "default")
    assert waiting["metadata"]["deletionTimestamp"]
    assert verbs.delete("configmaps", "c", "default") is waiting
    verbs.patch("configmaps", "c", {"metadata": {"finalizers": None}}, MERGE, "default")
    assert present(verbs, "configmaps", "c") is None


def test_no_finalizer_is_added_while_an_object_goes(verbs):
    configmap(verbs, "c", finalizers=["a.b/c"])
    verbs.delete("configmaps", "c", "default")
    with pytest.raises(StatusError, match="no new finalizers can be added if the object is being deleted"):
        verbs.patch("configmaps", "c", {"metadata": {"finalizers": ["a.b/c", "d.e/f"]}}, MERGE, "default")


def test_preconditions_protect_another_object_of_that_name(verbs):
    made = configmap(verbs, "c")
    with pytest.raises(StatusError, match=r"the UID in the precondition \(0\) does not match the UID in record"):
        verbs.delete("configmaps", "c", "default", uid="0")
    with pytest.raises(StatusError, match="ResourceVersion in the precondition"):
        verbs.delete("configmaps", "c", "default", resource_version="1")
    verbs.delete("configmaps", "c", "default", uid=made["metadata"]["uid"])
    assert present(verbs, "configmaps", "c") is None


def test_a_pod_on_a_node_waits_for_its_kubelet(verbs):
    pod(verbs, "p", nodeName="n", terminationGracePeriodSeconds=7)
    assert verbs.delete("pods", "p", "default")["metadata"]["deletionGracePeriodSeconds"] == 7
    assert present(verbs, "pods", "p")
    verbs.delete("pods", "p", "default", grace=0)
    assert present(verbs, "pods", "p") is None


def test_a_pod_on_no_node_goes_at_once(verbs):
    pod(verbs, "p")
    verbs.delete("pods", "p", "default")
    assert present(verbs, "pods", "p") is None


def test_dependents_go_with_their_last_owner(verbs):
    owner = configmap(verbs, "owner")
    child = configmap(verbs, "child", owner)
    configmap(verbs, "grandchild", child)
    verbs.delete("configmaps", "owner", "default")
    assert present(verbs, "configmaps", "child") is None
    assert present(verbs, "configmaps", "grandchild") is None


def test_an_object_whose_owners_are_all_gone_is_collected(verbs):
    owner = configmap(verbs, "owner")
    configmap(verbs, "kept", owner)
    gone = {"metadata": owner["metadata"] | {"uid": "no-such-uid"}}
    assert configmap(verbs, "late", gone)["metadata"]["name"] == "late"
    assert present(verbs, "configmaps", "late") is None
    assert present(verbs, "configmaps", "kept")


def test_a_foreground_deletion_waits_for_the_dependents(verbs):
    owner = configmap(verbs, "owner")
    configmap(verbs, "child", owner, finalizers=["a.b/c"])
    verbs.delete("configmaps", "owner", "default", propagation="Foreground")
    assert present(verbs, "configmaps", "owner")["metadata"]["finalizers"] == ["foregroundDeletion"]
    verbs.patch("configmaps", "child", {"metadata": {"finalizers": None}}, MERGE, "default")
    assert present(verbs, "configmaps", "child") is None
    assert present(verbs, "configmaps", "owner") is None


def test_orphans_stay_without_their_owner(verbs):
    owner = configmap(verbs, "owner")
    configmap(verbs, "child", owner)
    verbs.delete("configmaps", "owner", "default", propagation="Orphan")
    assert not present(verbs, "configmaps", "child")["metadata"].get("ownerReferences")


def test_a_namespace_goes_when_it_is_empty_and_takes_nothing_new_meanwhile(verbs):
    verbs.create("namespaces", {"metadata": {"name": "n"}})
    verbs.create("configmaps", {"metadata": {"name": "c", "finalizers": ["a.b/c"]}}, "n")
    verbs.create("secrets", {"metadata": {"name": "s"}}, "n")
    verbs.delete("namespaces", "n")
    assert verbs.get("namespaces", "n")["status"]["phase"] == "Terminating"
    assert verbs.list("secrets", "n")["items"] == []
    with pytest.raises(StatusError, match="because it is being terminated") as caught:
        verbs.create("configmaps", {"metadata": {"name": "late"}}, "n")
    assert caught.value.code == 403
    verbs.patch("configmaps", "c", {"metadata": {"finalizers": None}}, MERGE, "n")
    assert present(verbs, "namespaces", "n", "") is None


def test_a_collection_is_deleted_by_selector(verbs):
    configmap(verbs, "a", labels={"x": "1"})
    configmap(verbs, "b")
    verbs.delete_collection("configmaps", "default", labels="x=1")
    assert [each["metadata"]["name"] for each in verbs.list("configmaps", "default")["items"]] == ["b"]
