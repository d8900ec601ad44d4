from collections import Counter


def scheduled(world, name="one"):
    conditions = world.get("pods", name)["status"].get("conditions", ())
    return next((each for each in conditions if each["type"] == "PodScheduled"), None)


async def test_the_pods_of_one_owner_are_spread(world):
    world.create("deployments.apps", world.deployment(6))
    await world.eventually(lambda: len(world.pods(ready=True)) == 6)
    assert Counter(each["spec"]["nodeName"] for each in world.pods()) == {"w1": 2, "w2": 2, "w3": 2}


async def test_a_pod_that_no_node_takes_waits_and_says_why(world):
    world.create("pods", world.pod(nodeSelector={"disk": "ssd"}))
    condition = await world.eventually(lambda: scheduled(world))
    assert (condition["status"], condition["reason"]) == ("False", "Unschedulable")
    assert condition["message"] == "0/4 nodes are available: 4 node(s) didn't match Pod's node affinity/selector."
    assert world.get("pods", "one")["status"]["phase"] == "Pending"
    world.merge("nodes", "w2", {"metadata": {"labels": {"disk": "ssd"}}}, "")
    await world.eventually(lambda: world.pods(ready=True))
    assert world.get("pods", "one")["spec"]["nodeName"] == "w2"
    assert scheduled(world)["status"] == "True"


async def test_a_cordoned_node_takes_nothing_new_and_keeps_what_it_has(world):
    world.create("deployments.apps", world.deployment(3))
    await world.eventually(lambda: len(world.pods(ready=True)) == 3)
    world.merge("nodes", "w1", {"spec": {"unschedulable": True}}, "")
    world.merge("deployments.apps", "web", {"spec": {"replicas": 7}})
    await world.eventually(lambda: len(world.pods(ready=True)) == 7)
    assert Counter(each["spec"]["nodeName"] for each in world.pods())["w1"] == 1


async def test_a_full_node_takes_no_more(world):
    for node in ("w1", "w2", "w3"):
        world.merge("nodes", node, {"status": {"allocatable": {"pods": "1"}}}, "", subresource="status")
    await world.quiet()
    world.create("deployments.apps", world.deployment(4))
    await world.eventually(lambda: len(world.pods(ready=True)) == 3 and len(world.pods()) == 4)
    (waiting,) = world.pods(ready=False)
    message = await world.eventually(lambda: scheduled(world, waiting["metadata"]["name"])["message"])
    assert message == "0/4 nodes are available: 3 Too many pods, 1 node(s) had untolerated taint(s)."


async def test_a_pod_of_another_scheduler_is_left_alone(world):
    world.create("pods", world.pod(schedulerName="mine"))
    await world.quiet()
    assert "nodeName" not in world.get("pods", "one")["spec"]
