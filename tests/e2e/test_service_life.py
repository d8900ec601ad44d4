"""One Service from creation to deletion, and what changes on the way, over the wire."""

import pytest

PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
WORKERS = {f"i-bp1worker0000000000{number}" for number in (1, 2, 3)}

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_service_gets_an_address_marks_and_traffic_and_leaves_nothing(stage, until):
    await stage.deployment("web", 2)
    await stage.service("web")
    address = await stage.address("web")
    service, balancer = await stage.get("web"), await stage.balancer("web")
    labels = service["metadata"]["labels"]
    assert address == balancer["address"]
    assert service["metadata"]["finalizers"] == ["service.k8s.alibaba/resources"]
    assert labels["service.k8s.alibaba/loadbalancer-id"] == balancer["id"]
    assert len(labels["service.beta.kubernetes.io/hash"]) == 56
    cluster = balancer["tags"]["ack.aliyun.com"]
    node_port = service["spec"]["ports"][0]["nodePort"]
    assert [one["settings"]["Description"] for one in balancer["listeners"].values()] == [
        f"k8s/8080/web/default/{cluster}"
    ]
    assert [one["name"] for one in balancer["groups"].values()] == [f"k8s/{node_port}/web/default/{cluster}"]
    assert await stage.backends("web") == dict.fromkeys(WORKERS, 100)
    assert (await stage.event("web", "EnsuredLoadBalancer"))["type"] == "Normal"

    pods = await stage.pods("web", 2)
    tally = await stage.answers(address)
    assert set(tally.pods) == set(pods)
    assert not tally.failures

    await stage.delete("web")
    state = await stage.cloud("GET", "state")
    assert balancer["id"] not in state["slb"]["load_balancers"]
    assert address not in [one["address"] for one in state["listening"]]


async def test_scaling_changes_who_answers(stage, until):
    await stage.deployment("scaled", 1)
    await stage.service("scaled")
    address = await stage.address("scaled")
    await stage.pods("scaled", 1)
    await stage.answers(address, 1)
    await stage.kube("PATCH", "/apis/apps/v1/namespaces/default/deployments/scaled", {"spec": {"replicas": 4}})
    pods = await stage.pods("scaled", 4)

    async def all_answer():
        return set((await stage.answers(address, 12)).pods) == set(pods)

    await until("all four pods answer", all_answer)


async def test_in_local_mode_only_nodes_with_pods_are_backends(stage):
    await stage.deployment("local", 2)
    nodes = set((await stage.pods("local", 2)).values())
    await stage.service("local", externalTrafficPolicy="Local")
    address = await stage.address("local")
    instances = {f"i-bp1worker0000000000{name.rpartition('-')[2]}" for name in nodes}
    await stage.until_backends("local", instances)
    assert set((await stage.backends("local")).values()) == {2 // len(nodes)}
    assert not (await stage.answers(address)).failures

    await stage.kube("PATCH", "/apis/apps/v1/namespaces/default/deployments/local", {"spec": {"replicas": 1}})
    (node,) = (await stage.pods("local", 1)).values()
    await stage.until_backends("local", {f"i-bp1worker0000000000{node.rpartition('-')[2]}"})
    assert not (await stage.answers(address)).failures


async def test_another_port_moves_the_listener_and_the_address_stays(stage, until):
    await stage.deployment("moved", 1)
    await stage.service("moved")
    address = await stage.address("moved")
    await stage.change("moved", spec={"ports": [{"port": 9090, "targetPort": 80}]})

    async def moved():
        return set((await stage.balancer("moved"))["listeners"]) == {"tcp/9090"}

    await until("only port 9090 has a listener", moved)
    await stage.pods("moved", 1)
    assert not (await stage.answers(address, 10, port=9090)).failures
    assert await stage.address("moved") == address


async def test_two_ports_are_two_listeners(stage, until):
    ports = [{"name": "one", "port": 7001, "targetPort": 80}, {"name": "two", "port": 7002, "targetPort": 80}]
    await stage.service("ports", ports=ports)
    await stage.address("ports")

    async def both():
        found = (await stage.balancer("ports"))["listeners"]
        return {slot: one["status"] for slot, one in found.items()} == {"tcp/7001": "running", "tcp/7002": "running"}

    await until("two listeners run", both)


async def test_an_annotation_that_changes_reaches_the_listener(stage, until):
    await stage.service("noted")
    await stage.address("noted")
    await stage.change("noted", metadata={"annotations": {f"{PREFIX}scheduler": "wrr"}})

    async def scheduler():
        return (await stage.balancer("noted"))["listeners"]["tcp/8080"]["settings"]["Scheduler"] == "wrr"

    await until("the scheduler is wrr", scheduler)


async def test_a_service_that_becomes_clusterip_gives_everything_back(stage, until):
    await stage.service("changed")
    await stage.address("changed")
    await stage.change("changed", spec={"type": "ClusterIP"})

    async def given_back():
        service = await stage.get("changed")
        meta = service["metadata"]
        return not (meta.get("finalizers") or meta.get("labels") or service["status"]["loadBalancer"])

    await until("finalizer, labels and address are gone", given_back)
    assert await stage.balancer("changed") is None


async def test_a_service_without_selector_takes_slices_made_by_hand(stage):
    """In Local mode the slice decides: its endpoint's node is the one backend."""
    await stage.service("handmade", selector=None, externalTrafficPolicy="Local")
    await stage.deployment("behind", 1)
    ((pod, node),) = (await stage.pods("behind", 1)).items()
    ip = (await stage.kube("GET", f"/api/v1/namespaces/default/pods/{pod}"))["status"]["podIP"]
    metadata = {"name": "handmade-1", "labels": {"kubernetes.io/service-name": "handmade"}}
    endpoint = {"addresses": [ip], "nodeName": node, "conditions": {"ready": True}}
    ports = [{"port": 80, "protocol": "TCP"}]
    body = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata,
            "addressType": "IPv4", "endpoints": [endpoint], "ports": ports}  # fmt: skip
    await stage.kube("POST", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", body)
    address = await stage.address("handmade")
    await stage.until_backends("handmade", {f"i-bp1worker0000000000{node.rpartition('-')[2]}"})
    assert set((await stage.answers(address, 5)).pods) == {pod}


async def test_two_services_have_a_balancer_each(stage):
    await stage.service("first")
    await stage.service("second")
    addresses = {await stage.address("first"), await stage.address("second")}
    assert len(addresses) == 2
    await stage.delete("first")
    assert await stage.address("second") in addresses
    assert await stage.balancer("second")


async def test_an_internet_balancer_has_an_address_outside_of_the_vswitches(stage):
    await stage.deployment("public", 1)
    await stage.service("public", annotations={f"{PREFIX}address-type": "internet"})
    address = await stage.address("public")
    assert (await stage.balancer("public"))["address_type"] == "internet"
    assert address.split(".")[2] == "224"  # as the world file of the sandbox says
    assert not (await stage.answers(address, 5)).failures
