from kubesim.api.verbs import Verbs
from kubesim.hollow.cluster import Cluster
from kubesim.hollow.replicasets import ReplicaSets

CONTAINER = {"name": "nginx", "image": "registry.example/nginx:1.14.2"}


def replicaset(replicas=2, **spec):
    template = {"metadata": {"labels": {"app": "nginx"}}, "spec": {"containers": [CONTAINER]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "nginx"}}, "template": template} | spec
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "rs"}, "spec": spec}


async def test_a_pod_that_is_deleted_is_replaced_at_once(world):
    world.create("replicasets.apps", replicaset(2))
    await world.eventually(lambda: len(world.pods(ready=True)) == 2)
    gone = world.pods()[0]["metadata"]["name"]
    world.verbs.delete("pods", gone, "default")
    await world.eventually(lambda: len(world.pods(ready=True)) == 2)
    assert gone in [each["metadata"]["name"] for each in world.items("pods")]
    assert gone not in [each["metadata"]["name"] for each in world.pods()]
    await world.eventually(lambda: len(world.items("pods")) == 2)


async def test_a_pod_that_is_relabelled_is_released_and_replaced(world):
    world.create("replicasets.apps", replicaset(1))
    (one,) = await world.eventually(lambda: world.pods(ready=True))
    world.merge("pods", one["metadata"]["name"], {"metadata": {"labels": {"app": "under-examination"}}})
    await world.eventually(lambda: len(world.pods(ready=True)) == 2)
    assert not world.get("pods", one["metadata"]["name"])["metadata"].get("ownerReferences")


async def test_a_pod_without_owner_that_matches_is_adopted(world):
    world.create("pods", world.pod("orphan"))
    world.create("replicasets.apps", replicaset(1))
    await world.eventually(lambda: world.get("pods", "orphan")["metadata"].get("ownerReferences"))
    await world.quiet()
    assert [each["metadata"]["name"] for each in world.items("pods")] == ["orphan"]


async def test_scaling_down_takes_what_is_not_running_first(world):
    world.create("replicasets.apps", replicaset(2))
    await world.eventually(lambda: len(world.pods(ready=True)) == 2)
    kept = {each["metadata"]["name"] for each in world.pods()}
    for node in ("w1", "w2", "w3"):
        world.merge("nodes", node, {"spec": {"unschedulable": True}}, "")
    world.merge("replicasets.apps", "rs", {"spec": {"replicas": 4}})
    await world.eventually(lambda: len(world.pods()) == 4)
    world.merge("replicasets.apps", "rs", {"spec": {"replicas": 2}})
    await world.eventually(lambda: len(world.items("pods")) == 2)
    assert {each["metadata"]["name"] for each in world.pods()} == kept


async def test_the_status_counts_what_there_is(world):
    world.create("replicasets.apps", replicaset(2))
    expected = {"replicas": 2, "fullyLabeledReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}
    await world.eventually(
        lambda: world.get("replicasets.apps", "rs")["status"] == expected | {"observedGeneration": 1}
    )


async def test_a_replicaset_that_is_gone_already_gets_no_new_pods():
    """The memory still holds it: the watch has not brought its end yet."""
    verbs = Verbs()
    verbs.create("namespaces", {"metadata": {"name": "default"}})
    verbs.create("replicasets.apps", replicaset(2), "default")
    cluster = Cluster(verbs)
    cluster.load()
    verbs.delete("replicasets.apps", "rs", "default")
    await ReplicaSets(cluster).reconcile(("default", "rs"))
    assert not verbs.list("pods")["items"]
