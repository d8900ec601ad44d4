def taints(world, node="w1"):
    found = world.get("nodes", node, "")["spec"].get("taints") or ()
    return sorted((each["key"].removeprefix("node.kubernetes.io/"), each["effect"]) for each in found)


def set_condition(kind, status):
    def change(node):
        conditions = [each for each in node["status"]["conditions"] if each["type"] != kind]
        node["status"]["conditions"] = [*conditions, {"type": kind, "status": status}]

    return change


async def test_a_node_that_is_not_ready_is_tainted_and_its_pods_are_not_ready(world):
    world.create("services", world.service())
    world.create("pods", world.pod(nodeSelector={"kubernetes.io/hostname": "w1"}))
    await world.eventually(lambda: world.ready_addresses())
    world.edit("nodes", "w1", set_condition("Ready", "False"), "", "status")
    await world.eventually(lambda: taints(world) == [("not-ready", "NoExecute"), ("not-ready", "NoSchedule")])
    await world.eventually(lambda: not world.pods(ready=True) and not world.ready_addresses())
    world.edit("nodes", "w1", set_condition("Ready", "True"), "", "status")
    await world.eventually(lambda: not taints(world) and world.ready_addresses())


async def test_a_cordoned_node_is_tainted_until_it_is_uncordoned(world):
    world.merge("nodes", "w1", {"spec": {"unschedulable": True}}, "")
    await world.eventually(lambda: taints(world) == [("unschedulable", "NoSchedule")])
    world.merge("nodes", "w1", {"spec": {"unschedulable": None}}, "")
    await world.eventually(lambda: not taints(world))


async def test_a_node_without_route_is_tainted(world):
    world.edit("nodes", "w1", set_condition("NetworkUnavailable", "True"), "", "status")
    await world.eventually(lambda: taints(world) == [("network-unavailable", "NoSchedule")])


async def test_taints_of_others_stay(world):
    mine = {"key": "node.cloudprovider.kubernetes.io/uninitialized", "value": "true", "effect": "NoSchedule"}
    world.merge("nodes", "w1", {"spec": {"taints": [mine], "unschedulable": True}}, "")
    await world.eventually(lambda: len(taints(world)) == 2)
    world.merge("nodes", "w1", {"spec": {"unschedulable": None}}, "")
    await world.eventually(lambda: world.get("nodes", "w1", "")["spec"]["taints"] == [mine])


async def test_a_taint_that_evicts_takes_the_pods_that_do_not_tolerate_it(world):
    tolerations = [{"key": "maintenance", "operator": "Exists"}]
    short = [{"key": "maintenance", "operator": "Exists", "tolerationSeconds": 1}]
    selector = {"kubernetes.io/hostname": "w1"}
    world.create("pods", world.pod("goes", nodeSelector=selector))
    world.create("pods", world.pod("stays", nodeSelector=selector, tolerations=tolerations))
    world.create("pods", world.pod("lingers", nodeSelector=selector, tolerations=short))
    await world.eventually(lambda: len(world.pods(ready=True)) == 3)
    world.merge("nodes", "w1", {"spec": {"taints": [{"key": "maintenance", "effect": "NoExecute"}]}}, "")
    names = lambda: sorted(each["metadata"]["name"] for each in world.pods())  # noqa: E731 - read at each look
    await world.eventually(lambda: names() == ["lingers", "stays"])
    await world.eventually(lambda: names() == ["stays"])


async def test_the_pods_of_a_deleted_node_are_deleted(world):
    world.create("pods", world.pod(nodeSelector={"kubernetes.io/hostname": "w1"}))
    await world.eventually(lambda: world.pods(ready=True))
    await world.hollow.stop_node("w1")
    world.verbs.delete("nodes", "w1")
    await world.eventually(lambda: not world.items("pods"))
