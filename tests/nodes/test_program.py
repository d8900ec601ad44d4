"""The real programs together: nodes that wait for a cloud controller, and say nothing of themselves, become usable."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import yaml

from yunqiao.cli.sandboxed.places import REGION, Place, on_loopback
from yunqiao.cli.sandboxed.programs import Program, start
from yunqiao.cli.sandboxed.ranges import free_range
from yunqiao.cli.sandboxed.sandbox import cloud_config, environment
from yunqiao.controllers.nodes.kinds import UNINITIALIZED

SECONDS = 20.0


def waiting(place: Place) -> dict:
    """The nodes file, with kubelets that have an external cloud provider and no providerID; one is a virtual one."""
    content = place.nodes()
    for node in content["nodes"]:
        del node["providerID"]
        node["cloudProvider"] = "external"
    virtual = {
        "name": "vk",
        "internalIP": place.address("0.200"),
        "podCIDR": "10.244.9.0/24",
        "kind": "virtual-kubelet",
    }
    return {**content, "nodes": [*content["nodes"], virtual]}


@pytest.fixture
async def programs(tmp_path: Path) -> AsyncIterator[dict[str, Program]]:
    with free_range() as number:
        place = on_loopback(number)
        (tmp_path / "world.yaml").write_text(yaml.safe_dump(place.world()))
        (tmp_path / "nodes.yaml").write_text(yaml.safe_dump(waiting(place)))
        started: dict[str, Program] = {}
        try:
            started["yunsim"] = await start(
                "yunsim", ["serve", "--listen=127.0.0.1:0", f"--world={tmp_path}/world.yaml"], tmp_path, {}
            )
            arguments = ["serve", f"--nodes={tmp_path}/nodes.yaml", f"--write-kubeconfig={tmp_path}/kubeconfig"]
            started["kubesim"] = await start("kubesim", [*arguments, "--insecure-http"], tmp_path, {})
            yield started
        finally:
            for program in started.values():
                await program.stop()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


async def test_nodes_that_say_nothing_of_themselves_become_usable(programs, tmp_path):
    cloud, _ = await programs["yunsim"].listening(), await programs["kubesim"].listening()
    (tmp_path / "cloud-config").write_text(cloud_config())
    metrics = free_port()
    programs["controller"] = await start(
        "cloud-controller-manager",
        ["--controllers=node", f"--cloud-config={tmp_path}/cloud-config", f"--kubeconfig={tmp_path}/kubeconfig",
         "--health-probe-bind-addr=0", f"--metrics-bind-addr=127.0.0.1:{metrics}"],
        tmp_path, environment(cloud),
    )  # fmt: skip
    kubeconfig = yaml.safe_load((tmp_path / "kubeconfig").read_text())
    server = kubeconfig["clusters"][0]["cluster"]["server"]
    token = {"Authorization": f"Bearer {kubeconfig['users'][0]['user']['token']}"}
    async with aiohttp.ClientSession() as session:
        nodes = await usable(session, server + "/api/v1/nodes", token, programs["controller"])
        async with session.get(f"http://127.0.0.1:{metrics}/metrics") as answer:
            shown = await answer.text()
    assert {name: node["spec"].get("providerID", "") for name, node in nodes.items()} == {
        "control-plane-1": f"{REGION}.i-bp1controlplane00001",
        "worker-1": f"{REGION}.i-bp1worker00000000001",
        "worker-2": f"{REGION}.i-bp1worker00000000002",
        "worker-3": f"{REGION}.i-bp1worker00000000003",
        "vk": "",
    }
    assert nodes["worker-3"]["metadata"]["labels"]["topology.kubernetes.io/zone"] == f"{REGION}-i"
    assert 'yunqiao_nodes{kind="ecs"} 4' in shown
    assert 'yunqiao_nodes{kind="virtual"} 1' in shown
    assert 'yunqiao_cloud_call_seconds_count{product="ecs",action="DescribeInstances",outcome="ok"} 1\n' in shown
    assert await programs["controller"].stop() == 0


async def usable(session: aiohttp.ClientSession, url: str, token: dict[str, str], controller: Program) -> dict:
    """The nodes by name, once none of them waits any more."""
    end = time.monotonic() + SECONDS
    while True:
        async with session.get(url, headers=token) as answer:
            nodes = {node["metadata"]["name"]: node for node in (await answer.json())["items"]}
        taints = [taint["key"] for node in nodes.values() for taint in node["spec"].get("taints", [])]
        if len(nodes) == 5 and UNINITIALIZED not in taints:
            return nodes
        assert time.monotonic() < end, controller.tail()
        await asyncio.sleep(0.05)
