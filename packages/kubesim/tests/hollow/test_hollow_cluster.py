import asyncio
import time
from ipaddress import IPv4Network

import pytest

from kubesim.api.verbs import Verbs
from kubesim.hollow import Hollow, NodeSpec, run
from kubesim.hollow.nodes_file import parse

HERE = {"kubernetes.io/hostname": "w1"}


def ready(world, name):
    conditions = world.get("nodes", name, "")["status"]["conditions"]
    return next(each["status"] for each in conditions if each["type"] == "Ready")


async def test_two_replicas_are_ready_endpoints_well_within_a_second(world):
    await world.quiet()
    started = time.monotonic()
    world.create("services", world.service())
    world.create("deployments.apps", world.deployment(2))
    await world.eventually(lambda: len(world.ready_addresses()) == 2)
    assert time.monotonic() - started < 1


async def test_two_hundred_pods_run_and_answer(world):
    world.create("services", world.service())
    world.create("deployments.apps", world.deployment(200))
    await world.eventually(lambda: len(world.ready_addresses()) == 200, 20)
    await asyncio.sleep(0.3)
    answers = {await world.ask(world.node_port("w1")) for _ in range(200)}
    assert answers == {each["metadata"]["name"] for each in world.pods()}


async def test_a_node_that_stops_is_silent_and_its_pods_are_given_no_more_traffic(world):
    world.create("services", world.service())
    world.create("pods", world.pod("one", nodeSelector=HERE))
    world.create("pods", world.pod("two", nodeSelector={"kubernetes.io/hostname": "w2"}))
    await world.eventually(lambda: len(world.ready_addresses()) == 2)
    await world.hollow.stop_node("w1")
    assert await world.refuses(world.node_port("w1"))
    assert ready(world, "w1") == "Unknown"
    await world.eventually(lambda: len(world.ready_addresses()) == 1)
    await asyncio.sleep(0.03)
    assert {await world.ask(world.node_port("w3")) for _ in range(4)} == {"two"}
    world.hollow.start_node("w1")
    await world.eventually(lambda: len(world.ready_addresses()) == 2)
    await asyncio.sleep(0.03)
    assert {await world.ask(world.node_port("w1")) for _ in range(4)} == {"one", "two"}
    assert ready(world, "w1") == "True"


async def test_a_dead_node_counts_as_ready_until_its_silence_is_noticed(world):
    world.create("services", world.service())
    world.create("pods", world.pod("one", nodeSelector=HERE))
    await world.eventually(world.ready_addresses)
    await world.hollow.stop_node("w1", noticed_after=0.3)
    assert await world.refuses(world.node_port("w1"))
    assert ready(world, "w1") == "True"
    assert world.ready_addresses()
    await world.eventually(lambda: ready(world, "w1") == "Unknown", 1)
    await world.eventually(lambda: not world.ready_addresses())


async def test_a_node_that_comes_back_in_time_was_never_missed(world):
    await world.hollow.stop_node("w1", noticed_after=0.1)
    world.hollow.start_node("w1")
    await asyncio.sleep(0.2)
    assert ready(world, "w1") == "True"


async def test_a_node_without_power_lets_everybody_wait_and_resets_them_when_it_is_back(world):
    world.create("services", world.service())
    world.create("pods", world.pod("one", nodeSelector=HERE))
    (address,) = await world.eventually(world.ready_addresses)
    pod, port = world.hollow.wire.locate(address, 80), world.node_port("w1")
    await world.eventually_asks(port)
    reader, writer = await asyncio.open_connection(*port)
    await world.hollow.stop_node("w1", silently=True)
    for place in (pod, port):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.open_connection(*place), 0.2)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.2)
    world.hollow.start_node("w1")
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(1), 1)
    writer.close()
    await world.eventually(world.ready_addresses)
    assert await world.eventually_asks(port) == "one"


async def test_a_node_without_power_leaves_no_socket_behind(hollow_world):
    async with hollow_world() as world:
        world.create("services", world.service())
        world.create("pods", world.pod("one", nodeSelector=HERE))
        await world.eventually(world.ready_addresses)
        where = world.node_port("w1")
        await world.eventually_asks(where)
        await world.hollow.stop_node("w1", silently=True)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*where)


async def test_a_restarted_node_runs_its_pods_at_their_old_addresses(world):
    world.create("services", world.service())
    world.create("pods", world.pod(nodeSelector=HERE))
    (address,) = await world.eventually(world.ready_addresses)
    await world.hollow.restart_node("w1")
    await world.quiet()
    assert world.ready_addresses() == [address]
    assert await world.ask(world.node_port("w1")) == "one"


async def test_a_removed_node_takes_its_pods_along_and_they_run_elsewhere(world):
    world.create("deployments.apps", world.deployment(3))
    await world.eventually(lambda: len(world.pods(ready=True)) == 3)
    await world.hollow.remove_node("w1")
    nodes = lambda: sorted({each["spec"].get("nodeName", "") for each in world.pods()})  # noqa: E731 - read at each look
    await world.eventually(lambda: nodes() == ["w2", "w3"] and len(world.pods(ready=True)) == 3)
    with pytest.raises(KeyError, match="no hollow node is called 'w1'; there are cp, w2, w3"):
        world.hollow.start_node("w1")


async def test_a_node_that_joins_takes_pods_and_serves_ports(world):
    world.create("services", world.service())
    address = world.node_ip("w1").rpartition(".")[0] + ".77"
    world.hollow.add_node(NodeSpec("w9", address, IPv4Network("10.244.9.0/24")))
    world.create("pods", world.pod(nodeSelector={"kubernetes.io/hostname": "w9"}))
    await world.eventually(world.ready_addresses)
    await asyncio.sleep(0.03)
    assert await world.ask(world.node_port("w9")) == "one"


async def test_a_virtual_node_runs_pods_and_serves_no_port(world):
    world.create("services", world.service())
    address = world.node_ip("w1").rpartition(".")[0] + ".78"
    world.hollow.add_node(NodeSpec("vk", address, IPv4Network("10.244.8.0/24"), kind="virtual-kubelet"))
    world.create("pods", world.pod(nodeSelector={"type": "virtual-kubelet"}))
    await world.eventually(world.ready_addresses)
    await asyncio.sleep(0.03)
    assert await world.ask(world.node_port("w1")) == "one"
    assert await world.refuses(world.node_port("vk"))
    assert "podCIDR" not in world.get("nodes", "vk", "")["spec"]


async def test_a_node_of_somebody_else_is_left_alone(world):
    foreign = {"metadata": {"name": "foreign"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    made = world.create("nodes", foreign)
    await world.quiet()
    assert world.get("nodes", "foreign", "") == made


async def test_what_the_file_says_stands_in_the_node():
    verbs = Verbs()
    entry = {
        "name": "n1",
        "internalIP": "127.201.0.1",
        "podCIDR": "10.244.0.0/24",
        "providerID": "cn-hangzhou.i-1",
        "systemUUID": "abc",
        "labels": {"disk": "ssd"},
        "taints": [{"key": "k", "effect": "NoSchedule"}],
        "capacity": {"cpu": "8"},
        "unschedulable": True,
    }
    async with Hollow(verbs, parse({"nodes": [entry]}, "f")):
        await asyncio.sleep(0.05)
        node = verbs.get("nodes", "n1")
    assert node["spec"]["providerID"] == "cn-hangzhou.i-1"
    assert node["metadata"]["labels"]["disk"] == "ssd"
    assert node["status"]["nodeInfo"]["systemUUID"] == "abc"
    assert node["status"]["capacity"]["cpu"] == "8"
    assert {each["key"] for each in node["spec"]["taints"]} == {"k", "node.kubernetes.io/unschedulable"}


async def test_a_node_that_waits_for_a_cloud_controller_takes_no_pod_until_it_is_initialised(world):
    address = world.node_ip("w1").rpartition(".")[0] + ".77"
    world.hollow.add_node(NodeSpec("new", address, IPv4Network("10.244.8.0/24"), external=True))
    node = world.get("nodes", "new", "")
    assert node["metadata"]["annotations"] == {"alpha.kubernetes.io/provided-node-ip": address}
    assert "providerID" not in node["spec"]
    world.create("services", world.service())
    world.create("pods", world.pod(nodeSelector={"kubernetes.io/hostname": "new"}))
    await world.quiet()
    assert not world.ready_addresses()
    others = [each for each in node["spec"]["taints"] if "uninitialized" not in each["key"]]
    assert len(others) == len(node["spec"]["taints"]) - 1
    world.merge("nodes", "new", {"spec": {"taints": others or None}}, "")
    await world.eventually(world.ready_addresses)


async def test_a_node_that_moves_registers_anew_at_its_other_address(world):
    before = world.get("nodes", "w1", "")
    elsewhere = world.node_ip("w1").rpartition(".")[0] + ".78"
    spec = NodeSpec("w1", elsewhere, IPv4Network("10.244.8.0/24"), provider_id="cn-hangzhou.i-other")
    await world.hollow.move_node(spec)
    after = world.get("nodes", "w1", "")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert world.node_ip("w1") == elsewhere
    assert after["spec"]["providerID"] == "cn-hangzhou.i-other"


async def test_without_privilege_port_80_is_mapped_and_node_ports_still_reach_it(hollow_world):
    async with hollow_world(lowest_port=1024) as world:
        world.create("services", world.service())
        world.create("pods", world.pod())
        (address,) = await world.eventually(world.ready_addresses)
        await asyncio.sleep(0.03)
        assert world.hollow.wire.locate(address, 80)[1] == 20080
        assert await world.ask(world.hollow.wire.locate(address, 80)) == "one"
        assert await world.ask(world.node_port("w1")) == "one"


async def test_run_serves_a_file_until_it_is_cancelled(tmp_path):
    path = tmp_path / "nodes.yaml"
    path.write_text("nodes:\n- {name: n1, internalIP: 127.201.0.2, podCIDR: 10.244.0.0/24}\n")
    verbs = Verbs()
    task = asyncio.create_task(run(verbs, path))
    await asyncio.sleep(0.1)
    assert [each["metadata"]["name"] for each in verbs.list("nodes")["items"]] == ["n1"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == {asyncio.current_task()}
