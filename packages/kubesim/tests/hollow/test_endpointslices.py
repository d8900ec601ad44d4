import pytest

SLICES = "endpointslices.discovery.k8s.io"
NAMED = {"name": "nginx", "image": "x:1", "ports": [{"name": "web", "containerPort": 8080}]}


def slices(world, service="nginx"):
    return world.items(SLICES, labels=f"kubernetes.io/service-name={service}")


async def test_a_service_gets_a_slice_that_names_its_pods(world):
    world.merge("nodes", "w1", {"metadata": {"labels": {"topology.kubernetes.io/zone": "cn-hangzhou-h"}}}, "")
    world.create("services", world.service())
    world.create("pods", world.pod(nodeSelector={"kubernetes.io/hostname": "w1"}))
    await world.eventually(lambda: world.ready_addresses())
    (found,) = slices(world)
    pod = world.get("pods", "one")
    assert found["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] == "endpointslice-controller.k8s.io"
    assert found["metadata"]["ownerReferences"][0]["kind"] == "Service"
    assert found["ports"] == [{"name": "", "protocol": "TCP", "port": 80}]
    reference = {"kind": "Pod", "namespace": "default", "name": "one", "uid": pod["metadata"]["uid"]}
    assert found["endpoints"] == [
        {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {"ready": True, "serving": True, "terminating": False},
            "nodeName": "w1",
            "targetRef": reference,
            "zone": "cn-hangzhou-h",
        }
    ]


async def test_a_pod_on_its_way_out_serves_and_terminates_until_it_is_gone(world):
    world.create("services", world.service())
    world.create("pods", world.pod())
    await world.eventually(lambda: world.ready_addresses())
    world.verbs.delete("pods", "one", "default")
    leaving = {"ready": False, "serving": True, "terminating": True}
    await world.eventually(lambda: [each["conditions"] for each in world.endpoints()] == [leaving])
    await world.eventually(lambda: not world.endpoints())
    assert len(slices(world)) == 1


async def test_a_pod_that_is_not_ready_stands_in_the_slice_as_such(world):
    probed = NAMED | {"readinessProbe": {"tcpSocket": {"port": 9}}}
    world.create("services", world.service(ports=[{"port": 80, "targetPort": "web"}]))
    world.create("pods", world.pod(containers=[probed]))
    unready = {"ready": False, "serving": False, "terminating": False}
    await world.eventually(lambda: [each["conditions"] for each in world.endpoints()] == [unready])
    world.merge("services", "nginx", {"spec": {"publishNotReadyAddresses": True}})
    await world.eventually(lambda: world.ready_addresses())


async def test_pods_whose_named_port_differs_stand_in_different_slices(world):
    other = NAMED | {"ports": [{"name": "web", "containerPort": 9090}]}
    world.create("services", world.service(ports=[{"name": "http", "port": 80, "targetPort": "web"}]))
    world.create("pods", world.pod("one", containers=[NAMED]))
    world.create("pods", world.pod("two", containers=[other]))
    await world.eventually(lambda: len(world.ready_addresses()) == 2)
    found = {each["ports"][0]["port"]: [e["targetRef"]["name"] for e in each["endpoints"]] for each in slices(world)}
    assert found == {8080: ["one"], 9090: ["two"]}


async def test_a_service_without_selector_keeps_the_slices_made_by_hand(world):
    world.create("services", world.service(selector=None))
    by_hand = {
        "metadata": {"name": "by-hand", "labels": {"kubernetes.io/service-name": "nginx"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.9.0.1"]}],
        "ports": [{"port": 80}],
    }
    made = world.create(SLICES, by_hand)
    world.create("pods", world.pod())
    await world.eventually(lambda: world.pods(ready=True))
    await world.quiet()
    assert slices(world) == [made]
    assert not world.items("endpoints")


async def test_a_slice_that_somebody_deletes_is_written_again(world):
    world.create("services", world.service())
    world.create("pods", world.pod())
    await world.eventually(lambda: world.ready_addresses())
    name = slices(world)[0]["metadata"]["name"]
    world.verbs.delete(SLICES, name, "default")
    await world.eventually(lambda: world.ready_addresses())
    assert slices(world)[0]["metadata"]["name"] != name


async def test_more_than_a_hundred_pods_are_spread_over_slices(world):
    world.create("services", world.service())
    world.create("deployments.apps", world.deployment(120))
    await world.eventually(lambda: len(world.ready_addresses()) == 120, 15)
    assert sorted(len(each["endpoints"]) for each in slices(world)) == [20, 100]


async def test_the_slices_go_with_their_service(world):
    world.create("services", world.service())
    world.create("pods", world.pod())
    await world.eventually(lambda: world.ready_addresses())
    world.verbs.delete("services", "nginx", "default")
    await world.eventually(lambda: not world.items(SLICES) and not world.items("endpoints"))


@pytest.mark.parametrize("change", [{"app": "other"}, None])
async def test_a_pod_that_is_no_longer_selected_leaves(world, change):
    world.create("services", world.service())
    world.create("pods", world.pod())
    await world.eventually(lambda: world.ready_addresses())
    world.merge("pods", "one", {"metadata": {"labels": change}})
    await world.eventually(lambda: not world.endpoints())
