NAMED = {"name": "nginx", "image": "x:1", "ports": [{"name": "web", "containerPort": 8080}]}


def subsets(world):
    return world.get("endpoints", "nginx").get("subsets") or []


async def test_older_clients_find_the_pods_in_endpoints(world):
    world.create("services", world.service())
    world.create("pods", world.pod())
    await world.eventually(lambda: subsets(world))
    await world.eventually(lambda: subsets(world)[0].get("addresses"))
    (subset,) = subsets(world)
    assert subset["ports"] == [{"port": 80, "protocol": "TCP"}]
    assert subset["addresses"][0]["ip"] == world.get("pods", "one")["status"]["podIP"]
    assert subset["addresses"][0]["targetRef"]["name"] == "one"


async def test_pods_that_are_not_ready_are_listed_apart(world):
    world.create("services", world.service(ports=[{"port": 80, "targetPort": "web"}]))
    world.create("pods", world.pod(containers=[NAMED | {"readinessProbe": {"tcpSocket": {"port": 9}}}]))
    await world.eventually(lambda: subsets(world))
    assert "addresses" not in subsets(world)[0]
    assert len(subsets(world)[0]["notReadyAddresses"]) == 1


async def test_a_pod_on_its_way_out_is_listed_no_more(world):
    world.create("services", world.service())
    world.create("pods", world.pod())
    await world.eventually(lambda: subsets(world)[0].get("addresses"))
    world.verbs.delete("pods", "one", "default")
    await world.eventually(lambda: not subsets(world))
    assert world.items("pods")


async def test_endpoints_made_by_hand_are_left_alone(world):
    world.create("services", world.service(selector=None))
    made = world.create(
        "endpoints",
        {"metadata": {"name": "nginx"}, "subsets": [{"addresses": [{"ip": "10.9.0.1"}], "ports": [{"port": 80}]}]},
    )
    world.create("pods", world.pod())
    await world.eventually(lambda: world.pods(ready=True))
    await world.quiet()
    assert world.get("endpoints", "nginx") == made
