import asyncio
import json
from collections import Counter


async def serving(world, replicas=2, **spec):
    world.create("services", world.service(**spec))
    world.create("deployments.apps", world.deployment(replicas))
    await world.eventually(lambda: len(world.ready_addresses()) == replicas)
    await asyncio.sleep(0.03)


async def health(world, node):
    number = world.get("services", "nginx")["spec"]["healthCheckNodePort"]
    reader, writer = await asyncio.open_connection(world.node_ip(node), number)
    writer.write(b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split()[1]), head.decode(), json.loads(body)


async def test_every_node_forwards_to_every_pod_in_turn(world):
    await serving(world)
    for node in ("cp", "w1", "w2", "w3"):
        answers = Counter([await world.ask(world.node_port(node)) for _ in range(6)])
        assert sorted(answers.values()) == [3, 3]


async def test_policy_local_answers_only_where_a_pod_is(world):
    await serving(world, 1, externalTrafficPolicy="Local")
    (pod,) = world.pods()
    home = pod["spec"]["nodeName"]
    away = next(name for name in ("w1", "w2", "w3") if name != home)
    assert await world.ask(world.node_port(home)) == pod["metadata"]["name"]
    assert await world.refuses(world.node_port(away))
    status, head, body = await health(world, home)
    assert status == 200
    assert "X-Load-Balancing-Endpoint-Weight: 1" in head
    service = {"namespace": "default", "name": "nginx"}
    assert body == {"service": service, "localEndpoints": 1, "serviceProxyHealthy": True}
    assert (await health(world, away))[0] == 503


async def test_changing_the_policy_opens_and_closes_ports(world):
    await serving(world, 1, externalTrafficPolicy="Local")
    home = world.pods()[0]["spec"]["nodeName"]
    away = next(name for name in ("w1", "w2", "w3") if name != home)
    number = world.get("services", "nginx")["spec"]["healthCheckNodePort"]
    world.merge("services", "nginx", {"spec": {"externalTrafficPolicy": "Cluster"}})
    await world.quiet()
    assert await world.ask(world.node_port(away))
    assert await world.refuses((world.node_ip(home), number))


async def test_a_service_without_endpoints_refuses_and_then_answers(world):
    world.create("services", world.service())
    await world.quiet()
    assert await world.refuses(world.node_port("w1"))
    world.create("pods", world.pod())
    await world.eventually(lambda: world.ready_addresses())
    await asyncio.sleep(0.03)
    assert await world.ask(world.node_port("w1")) == "one"


async def test_the_last_pod_on_its_way_out_still_answers(world):
    await serving(world, 1)
    (pod,) = world.pods()
    world.verbs.delete("deployments.apps", "web", "default")
    await world.eventually(lambda: not world.ready_addresses())
    await asyncio.sleep(0.03)
    assert await world.ask(world.node_port("w2")) == pod["metadata"]["name"]


async def test_an_established_connection_outlives_a_change_of_endpoints(world):
    await serving(world, 1)
    reader, writer = await asyncio.open_connection(*world.node_port("w1"))
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    first = (await reader.readuntil(b" on ")).rpartition(b"\n")[2]
    await reader.readline()
    world.merge("deployments.apps", "web", {"spec": {"replicas": 4}})
    await world.eventually(lambda: len(world.ready_addresses()) == 4)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert (await reader.readuntil(b" on ")).rpartition(b"\n")[2] == first
    writer.close()


async def test_no_request_is_lost_while_pods_come_and_go(world):
    await serving(world, 3)
    stop = asyncio.Event()
    asked = 0

    async def client(node):
        nonlocal asked
        while not stop.is_set():
            assert (await world.ask(world.node_port(node))).startswith("web-")
            asked += 1

    clients = [asyncio.create_task(client(node)) for node in ("w1", "w2", "w3")]
    for replicas in (6, 1, 4):
        world.merge("deployments.apps", "web", {"spec": {"replicas": replicas}})
        await world.eventually(lambda wanted=replicas: len(world.ready_addresses()) == wanted)
        await asyncio.sleep(0.25)
    stop.set()
    await asyncio.gather(*clients)
    assert asked > 100


async def test_a_slice_made_by_hand_is_served_too(world):
    world.create("pods", world.pod(labels={"app": "other"}))
    await world.eventually(lambda: world.pods(ready=True))
    world.create("services", world.service(selector=None))
    by_hand = {
        "metadata": {"name": "by-hand", "labels": {"kubernetes.io/service-name": "nginx"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [world.get("pods", "one")["status"]["podIP"]]}],
        "ports": [{"port": 80}],
    }
    world.create("endpointslices.discovery.k8s.io", by_hand)
    await asyncio.sleep(0.05)
    assert await world.ask(world.node_port("w3")) == "one"


async def test_a_deleted_service_is_served_no_more(world):
    await serving(world, 1)
    place = world.node_port("w1")
    world.verbs.delete("services", "nginx", "default")
    await asyncio.sleep(0.05)
    assert await world.refuses(place)
