"""Events of hollow controllers and nodes: what kubectl get events shows of a pod's life."""

import pytest

from kubesim.hollow.cluster import Cluster


@pytest.fixture
def recorder(verbs):
    return Cluster(verbs).events


def events(verbs):
    return verbs.list("events")["items"]


def test_an_event_names_its_object_and_its_source(verbs, recorder):
    service = verbs.get("services", "kubernetes", "default")
    recorder.record(service, "Why", "what", "who", type_="Warning")
    (event,) = events(verbs)
    assert event["involvedObject"]["uid"] == service["metadata"]["uid"]
    assert (event["reason"], event["message"], event["type"]) == ("Why", "what", "Warning")
    assert event["source"] == {"component": "who"}


def test_the_same_again_is_counted(verbs, recorder):
    service = verbs.get("services", "kubernetes", "default")
    for message in ("one", "two", "one", "one"):
        recorder.record(service, "Why", message, "who")
    assert sorted((event["message"], event["count"]) for event in events(verbs)) == [("one", 3), ("two", 1)]


def test_events_of_cluster_scoped_objects_go_to_default(verbs, recorder):
    recorder.record(verbs.get("namespaces", "kube-system"), "Why", "what", "who")
    assert events(verbs)[0]["metadata"]["namespace"] == "default"


def test_only_the_latest_are_kept(verbs, recorder, monkeypatch):
    monkeypatch.setattr("kubesim.hollow.events.KEPT", 2)
    service = verbs.get("services", "kubernetes", "default")
    for message in ("one", "two", "three"):
        recorder.record(service, "Why", message, "who")
    assert {event["message"] for event in events(verbs)} == {"two", "three"}


def test_nothing_fails_when_the_namespace_is_gone(verbs, recorder):
    verbs.create("namespaces", {"metadata": {"name": "brief"}})
    account = verbs.get("serviceaccounts", "default", "brief")
    verbs.delete("namespaces", "brief")
    recorder.record(account, "Why", "what", "who")
    assert events(verbs) == []


async def test_a_rollout_and_its_end_are_told_step_by_step(world):
    world.create("deployments.apps", world.deployment(1))
    await world.eventually(lambda: all(pod["status"]["phase"] == "Running" for pod in world.pods()) and world.pods())
    world.verbs.delete("pods", world.pods()[0]["metadata"]["name"], "default")
    await world.eventually(lambda: "Killing" in reasons(world))
    assert {
        ("Deployment", "ScalingReplicaSet", "deployment-controller"),
        ("ReplicaSet", "SuccessfulCreate", "replicaset-controller"),
        ("Pod", "Scheduled", "default-scheduler"),
        ("Pod", "Pulled", "kubelet"),
        ("Pod", "Created", "kubelet"),
        ("Pod", "Started", "kubelet"),
        ("Pod", "Killing", "kubelet"),
    } <= {(each["involvedObject"]["kind"], each["reason"], each["source"]["component"]) for each in events(world.verbs)}


async def test_a_pod_that_fits_nowhere_says_so(world):
    world.create("pods", world.pod("lost", nodeSelector={"no": "where"}))
    await world.eventually(lambda: "FailedScheduling" in reasons(world))


def reasons(world):
    return {event["reason"] for event in events(world.verbs)}
