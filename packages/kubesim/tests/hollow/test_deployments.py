def revisions(world):
    annotation = "deployment.kubernetes.io/revision"
    return {int(each["metadata"]["annotations"][annotation]): each for each in world.items("replicasets.apps")}


def rolled_out(world, replicas, image=None):
    """Whether the Deployment's status says that all is done, and the pods agree."""
    found = world.get("deployments.apps", "web")
    status = found["status"]
    images = {each["spec"]["containers"][0]["image"] for each in world.pods()}
    counts = [status.get(f"{name}", 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    up_to_date = status["observedGeneration"] == found["metadata"]["generation"]
    return up_to_date and counts == [replicas] * 3 and (image is None or images == {image})


def set_image(image):
    def change(obj):
        obj["spec"]["template"]["spec"]["containers"][0]["image"] = image

    return change


def conditions(world):
    return {each["type"]: each for each in world.get("deployments.apps", "web")["status"]["conditions"]}


async def test_a_deployment_becomes_a_replicaset_and_ready_pods(world):
    world.create("deployments.apps", world.deployment(2))
    await world.eventually(lambda: rolled_out(world, 2))
    (replicaset,) = world.items("replicasets.apps")
    digest = replicaset["metadata"]["labels"]["pod-template-hash"]
    assert replicaset["metadata"]["name"] == f"web-{digest}"
    assert replicaset["spec"]["selector"]["matchLabels"] == {"app": "nginx", "pod-template-hash": digest}
    assert len(world.pods(ready=True)) == 2
    assert all(each["metadata"]["name"].startswith(f"web-{digest}-") for each in world.pods())
    assert conditions(world)["Available"]["status"] == "True"
    assert conditions(world)["Progressing"]["reason"] == "NewReplicaSetAvailable"
    assert world.get("deployments.apps", "web")["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"


async def test_scaling_changes_the_number_of_pods_and_makes_no_new_replicaset(world):
    world.create("deployments.apps", world.deployment(2))
    await world.eventually(lambda: rolled_out(world, 2))
    world.merge("deployments.apps", "web", {"spec": {"replicas": 5}})
    await world.eventually(lambda: rolled_out(world, 5))
    world.merge("deployments.apps", "web", {"spec": {"replicas": 1}})
    await world.eventually(lambda: rolled_out(world, 1) and len(world.items("pods")) == 1)
    assert len(world.items("replicasets.apps")) == 1


async def test_a_new_template_is_rolled_out_within_its_bounds(world):
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    world.create("deployments.apps", world.deployment(3, strategy=rolling))
    await world.eventually(lambda: rolled_out(world, 3))
    world.edit("deployments.apps", "web", set_image("nginx:2"))
    most, least = 0, 99

    def watched():
        nonlocal most, least
        most, least = max(most, len(world.pods())), min(least, len(world.pods(ready=True)))
        return rolled_out(world, 3, "nginx:2")

    await world.eventually(watched)
    assert (most, least) == (4, 3)
    assert {revision: each["spec"]["replicas"] for revision, each in revisions(world).items()} == {1: 0, 2: 3}


async def test_going_back_to_an_old_template_uses_its_replicaset_again(world):
    world.create("deployments.apps", world.deployment(2))
    await world.eventually(lambda: rolled_out(world, 2))
    image = world.pods()[0]["spec"]["containers"][0]["image"]
    world.edit("deployments.apps", "web", set_image("nginx:2"))
    await world.eventually(lambda: rolled_out(world, 2, "nginx:2"))
    world.edit("deployments.apps", "web", set_image(image))
    await world.eventually(lambda: rolled_out(world, 2, image))
    assert sorted(revisions(world)) == [2, 3]
    assert revisions(world)[3]["spec"]["template"]["spec"]["containers"][0]["image"] == image


async def test_a_rollout_whose_pods_never_become_ready_leaves_the_old_ones_serving(world):
    world.create("deployments.apps", world.deployment(2))
    await world.eventually(lambda: rolled_out(world, 2))
    broken = world.container(
        image="other:1", readinessProbe={"tcpSocket": {"port": 9}}, ports=[{"containerPort": 8080}]
    )
    world.merge("deployments.apps", "web", {"spec": {"template": {"spec": {"containers": [broken]}}}})
    await world.eventually(lambda: len(world.pods()) == 3)
    await world.quiet()
    assert len(world.pods(ready=True)) == 2
    status = world.get("deployments.apps", "web")["status"]
    assert (status["updatedReplicas"], status["unavailableReplicas"]) == (1, 1)
    assert conditions(world)["Available"]["status"] == "True"
    assert conditions(world)["Progressing"]["reason"] == "ReplicaSetUpdated"


async def test_a_rollout_without_progress_for_its_deadline_has_failed(world):
    broken = world.container(
        image="other:1", readinessProbe={"tcpSocket": {"port": 9}}, ports=[{"containerPort": 8080}]
    )
    template = {"metadata": {"labels": {"app": "nginx"}}, "spec": {"containers": [broken]}}
    world.create("deployments.apps", world.deployment(1, template=template, progressDeadlineSeconds=1))
    await world.eventually(lambda: conditions(world)["Progressing"]["reason"] == "ProgressDeadlineExceeded")
    assert conditions(world)["Progressing"]["status"] == "False"


async def test_recreate_ends_all_old_pods_before_it_starts_new_ones(world):
    world.create("deployments.apps", world.deployment(2, strategy={"type": "Recreate"}))
    await world.eventually(lambda: rolled_out(world, 2))
    world.edit("deployments.apps", "web", set_image("nginx:2"))
    mixed = False

    def watched():
        nonlocal mixed
        mixed |= len({each["spec"]["containers"][0]["image"] for each in world.items("pods")}) > 1
        return rolled_out(world, 2, "nginx:2")

    await world.eventually(watched)
    assert not mixed


async def test_a_paused_deployment_scales_but_does_not_roll(world):
    world.create("deployments.apps", world.deployment(2))
    await world.eventually(lambda: rolled_out(world, 2))
    world.merge("deployments.apps", "web", {"spec": {"paused": True}})
    world.edit("deployments.apps", "web", set_image("nginx:2"))
    world.merge("deployments.apps", "web", {"spec": {"replicas": 3}})
    await world.eventually(lambda: len(world.pods(ready=True)) == 3)
    assert len(world.items("replicasets.apps")) == 1
    world.merge("deployments.apps", "web", {"spec": {"paused": False}})
    await world.eventually(lambda: rolled_out(world, 3, "nginx:2"))


async def test_only_as_many_old_replicasets_are_kept_as_wanted(world):
    world.create("deployments.apps", world.deployment(1, revisionHistoryLimit=1))
    for number in range(4):
        world.edit("deployments.apps", "web", set_image(f"nginx:{number}"))
        await world.eventually(lambda image=f"nginx:{number}": rolled_out(world, 1, image))
    await world.eventually(lambda: len(world.items("replicasets.apps")) == 2)


async def test_min_ready_seconds_hold_a_rollout_back(world):
    world.create("deployments.apps", world.deployment(1, minReadySeconds=2))
    await world.eventually(lambda: world.get("deployments.apps", "web")["status"].get("readyReplicas") == 1)
    assert world.get("deployments.apps", "web")["status"].get("availableReplicas", 0) == 0
    await world.eventually(lambda: rolled_out(world, 1))


async def test_deleting_a_deployment_takes_all_of_it_along(world):
    world.create("deployments.apps", world.deployment(3))
    await world.eventually(lambda: rolled_out(world, 3))
    world.verbs.delete("deployments.apps", "web", "default")
    await world.eventually(lambda: not world.items("pods") and not world.items("replicasets.apps"))
    await world.quiet()
    assert not world.items("pods")


async def test_foreign_pods_are_left_alone(world):
    world.create("pods", world.pod("alone", {"app": "nginx"}))
    world.create("deployments.apps", world.deployment(2))
    await world.eventually(lambda: rolled_out(world, 2) or len(world.pods(ready=True)) == 3)
    assert "ownerReferences" not in world.get("pods", "alone")["metadata"]
