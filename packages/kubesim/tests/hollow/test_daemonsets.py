CONTAINER = {"name": "nginx", "image": "registry.example/nginx:1.14.2"}


def daemonset(**pod_spec):
    template = {"metadata": {"labels": {"app": "agent"}}, "spec": {"containers": [CONTAINER]} | pod_spec}
    spec = {"selector": {"matchLabels": {"app": "agent"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent"}, "spec": spec}


def nodes_of(world):
    return sorted(each["spec"].get("nodeName", "") for each in world.pods(ready=True))


async def test_each_node_that_tolerates_it_gets_one_pod(world):
    world.create("daemonsets.apps", daemonset())
    await world.eventually(lambda: nodes_of(world) == ["w1", "w2", "w3"])
    status = await world.eventually(lambda: world.get("daemonsets.apps", "agent")["status"])
    await world.eventually(lambda: world.get("daemonsets.apps", "agent")["status"].get("numberAvailable") == 3)
    status = world.get("daemonsets.apps", "agent")["status"]
    assert (status["desiredNumberScheduled"], status["currentNumberScheduled"], status["numberReady"]) == (3, 3, 3)


async def test_a_selector_and_a_toleration_lead_to_the_control_plane(world):
    """As the manifests of cloud controllers do it."""
    tolerations = [{"key": "node-role.kubernetes.io/master", "operator": "Exists", "effect": "NoSchedule"}]
    selector = {"node-role.kubernetes.io/master": ""}
    world.create("daemonsets.apps", daemonset(tolerations=tolerations, nodeSelector=selector, hostNetwork=True))
    await world.eventually(lambda: nodes_of(world) == ["cp"])
    assert world.pods()[0]["status"]["podIP"] == world.node_ip("cp")


async def test_a_node_that_no_longer_suits_loses_its_pod_and_gets_it_back(world):
    for node in ("w1", "w2"):
        world.merge("nodes", node, {"metadata": {"labels": {"disk": "ssd"}}}, "")
    world.create("daemonsets.apps", daemonset(nodeSelector={"disk": "ssd"}))
    await world.eventually(lambda: nodes_of(world) == ["w1", "w2"])
    world.merge("nodes", "w3", {"metadata": {"labels": {"disk": "ssd"}}}, "")
    await world.eventually(lambda: nodes_of(world) == ["w1", "w2", "w3"])


async def test_a_cordoned_node_keeps_and_still_gets_its_daemon(world):
    world.merge("nodes", "w1", {"spec": {"unschedulable": True}}, "")
    world.create("daemonsets.apps", daemonset())
    await world.eventually(lambda: nodes_of(world) == ["w1", "w2", "w3"])


async def test_a_new_template_replaces_the_pods_one_by_one(world):
    world.create("daemonsets.apps", daemonset())
    await world.eventually(lambda: nodes_of(world) == ["w1", "w2", "w3"])

    def change(obj):
        obj["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:2"

    world.edit("daemonsets.apps", "agent", change)
    fewest = 3

    def watched():
        nonlocal fewest
        fewest = min(fewest, len(world.pods(ready=True)))
        images = {each["spec"]["containers"][0]["image"] for each in world.pods()}
        return images == {"nginx:2"} and nodes_of(world) == ["w1", "w2", "w3"]

    await world.eventually(watched)
    assert fewest == 2
