import asyncio

import pytest

PLAIN = {"name": "app", "image": "app:1"}
NGINX = {"name": "web", "image": "nginx:1"}


def place(world, name="one", port=80):
    return world.hollow.wire.locate(world.get("pods", name)["status"]["podIP"], port)


async def running(world, **spec):
    world.create("pods", world.pod(**spec))
    await world.eventually(lambda: world.pods(ready=True))


async def test_a_node_registers_and_is_ready(world):
    node = world.get("nodes", "w1", "")
    conditions = {each["type"]: each["status"] for each in node["status"]["conditions"]}
    pressures = {"MemoryPressure": "False", "DiskPressure": "False", "PIDPressure": "False"}
    assert conditions == pressures | {"Ready": "True"}
    assert node["spec"]["podCIDR"] == "10.244.1.0/24"
    assert node["status"]["nodeInfo"]["systemUUID"]
    await world.eventually(lambda: not world.get("nodes", "w1", "")["spec"].get("taints"))


async def test_a_node_renews_its_lease(world):
    lease = await world.eventually(lambda: world.get("leases.coordination.k8s.io", "w1", "kube-node-lease"))
    assert lease["spec"]["holderIdentity"] == "w1"
    assert lease["spec"]["renewTime"]
    assert lease["metadata"]["ownerReferences"][0]["uid"] == world.get("nodes", "w1", "")["metadata"]["uid"]


async def test_a_pod_runs_and_answers_at_its_address(world):
    await running(world)
    status = world.get("pods", "one")["status"]
    assert status["phase"] == "Running"
    assert status["podIP"].startswith("10.244.")
    assert status["containerStatuses"][0]["ready"]
    assert status["containerStatuses"][0]["state"]["running"]["startedAt"]
    assert await world.ask(place(world)) == "one"


async def test_a_pod_that_declares_no_port_listens_where_a_service_expects_it(world):
    world.create("services", world.service(ports=[{"port": 80, "targetPort": 3000}]))
    await running(world, containers=[PLAIN])
    await world.eventually(lambda: world.ready_addresses())
    await asyncio.sleep(0.01)
    assert await world.ask(place(world, port=3000)) == "one"


async def test_a_pod_that_declares_its_ports_listens_there_alone(world):
    world.create("services", world.service(ports=[{"port": 80, "targetPort": 3000}]))
    await running(world, containers=[PLAIN | {"ports": [{"containerPort": 8080}]}])
    await world.quiet()
    assert await world.ask(place(world, port=8080)) == "one"
    assert await world.refuses(place(world, port=3000))


async def test_a_deleted_pod_goes_on_answering_for_its_grace_and_is_gone_then(world):
    await running(world)
    where = place(world)
    world.verbs.delete("pods", "one", "default")
    await asyncio.sleep(0.05)
    assert await world.ask(where) == "one"
    await world.eventually(lambda: not world.items("pods"))
    assert await world.refuses(where)


SLEEPS = [
    {"sleep": {"seconds": 1}},
    {"exec": {"command": ["sleep", "1"]}},
    {"exec": {"command": ["/bin/sh", "-c", "nginx -t; sleep 1"]}},
]


@pytest.mark.parametrize("hook", SLEEPS)
async def test_a_deleted_pod_serves_as_ever_while_its_pre_stop_hook_sleeps(hollow_world, hook):
    async with hollow_world(grace=1.3) as world:
        await running(world, containers=[NGINX | {"lifecycle": {"preStop": hook}}])
        where = place(world)
        world.verbs.delete("pods", "one", "default")
        await asyncio.sleep(0.1)
        assert not await asks_to_leave(where)
        await asyncio.sleep(1)
        assert await asks_to_leave(where)
        await world.eventually(lambda: not world.items("pods"))
        assert await world.refuses(where)


async def test_no_pre_stop_hook_outlasts_the_grace(world):
    await running(world, containers=[NGINX | {"lifecycle": {"preStop": {"sleep": {"seconds": 20}}}}])
    world.verbs.delete("pods", "one", "default")
    await world.eventually(lambda: not world.items("pods"), 1)


async def asks_to_leave(where):
    reader, writer = await asyncio.open_connection(*where)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return b"Connection: close" in head


async def test_a_pod_deleted_without_grace_is_silent_at_once(world):
    await running(world)
    where = place(world)
    world.verbs.delete("pods", "one", "default", grace=0)
    await asyncio.sleep(0.02)
    assert await world.refuses(where)


async def test_a_pod_with_the_same_name_as_one_just_gone_is_another_pod(world):
    await running(world)
    first = world.get("pods", "one")
    world.verbs.delete("pods", "one", "default", grace=0)
    await running(world)
    assert world.get("pods", "one")["metadata"]["uid"] != first["metadata"]["uid"]
    assert await world.ask(place(world)) == "one"


@pytest.mark.parametrize("probe", [{"httpGet": {"path": "/healthz", "port": "web"}}, {"tcpSocket": {"port": 8080}}])
async def test_a_pod_is_ready_when_its_probe_succeeds(world, probe):
    ports = [{"name": "web", "containerPort": 8080}]
    await running(world, containers=[PLAIN | {"ports": ports, "readinessProbe": probe | {"periodSeconds": 1}}])


async def test_a_pod_whose_probe_fails_runs_and_is_not_ready(world):
    ports = [{"name": "web", "containerPort": 8080}]
    probe = {"httpGet": {"path": "/healthz", "port": 8081}}
    world.create("pods", world.pod(containers=[PLAIN | {"ports": ports, "readinessProbe": probe}]))
    await world.eventually(lambda: world.get("pods", "one")["status"]["phase"] == "Running")
    await world.quiet()
    (ready,) = [each for each in world.get("pods", "one")["status"]["conditions"] if each["type"] == "Ready"]
    assert (ready["status"], ready["reason"]) == ("False", "ContainersNotReady")
    assert ready["message"] == "containers with unready status: [app]"


async def test_a_readiness_gate_is_opened_by_its_owner(world):
    gates = [{"conditionType": "example.com/registered"}]
    world.create("pods", world.pod(readinessGates=gates))
    await world.eventually(lambda: world.get("pods", "one")["status"]["phase"] == "Running")
    await world.quiet()
    assert not world.pods(ready=True)

    def open_gate(pod):
        pod["status"]["conditions"].append({"type": "example.com/registered", "status": "True"})

    world.edit("pods", "one", open_gate, subresource="status")
    await world.eventually(lambda: world.pods(ready=True))
