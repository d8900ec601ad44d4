"""A second route table, made through the API for a vSwitch: the controller, a process, finds it through the nodes."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from tests.e2e.conftest import Stage, _logged, _staged, until

from yunqiao.cli.sandboxed.places import KEY_ID, KEY_SECRET, REGION, VIRTUAL_NODES, VPC, VSWITCHES

pytestmark = pytest.mark.asyncio(loop_scope="module")

NODES = "/api/v1/nodes"
ANY_RANGE = "WARNING yunqiao: --cluster-cidr is not set: whatever pod range a node has is taken for one of the cluster"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    """A sandbox without a controller."""
    async with _staged() as staged:
        await _logged(staged.box.controller, "cluster ")
        assert await staged.box.controller.stop() == 0
        yield staged


async def call(stage: Stage, action: str, **parameters: str) -> Any:
    """Call a VPC action with the official SDK."""
    asked = CommonRequest(stage.box.cloud.removeprefix("http://"), "2016-04-28", action)
    asked.set_protocol_type("http")
    asked.set_method("POST")
    for name, value in {"RegionId": REGION, **parameters}.items():
        asked.add_query_param(name, value)
    client = AcsClient(KEY_ID, KEY_SECRET, REGION)
    return json.loads(await asyncio.to_thread(client.do_action_with_exception, asked))


async def routes(stage: Stage) -> dict[str, dict[str, str]]:
    """Instances by range, by table."""
    tables = (await stage.cloud("GET", "state"))["vpc"]["route_tables"]
    return {
        name: {
            entry["destination"]: entry["next_hop_id"]
            for entry in table["entries"].values()
            if (entry["type"], entry["status"]) == ("Custom", "Available")
        }
        for name, table in tables.items()
    }


async def nodes(stage: Stage) -> list[Any]:
    return list((await stage.kube("GET", NODES))["items"])


async def ranges(stage: Stage) -> dict[str, str]:
    """What the nodes say: their instances by range."""
    specs = [one["spec"] for one in await nodes(stage)]
    return {one["podCIDR"]: one["providerID"].rpartition(".")[2] for one in specs}


async def made(stage: Stage, *vswitches: str) -> str:
    """A new table, given to these vSwitches."""
    table = str((await call(stage, "CreateRouteTable", VpcId=VPC))["RouteTableId"])
    for one in vswitches:
        await call(stage, "AssociateRouteTable", RouteTableId=table, VSwitchId=one)
    return table


async def routed(stage: Stage, wanted: dict[str, dict[str, str]]) -> None:
    """Wait until the tables have exactly these entries."""

    async def so() -> bool:
        return await routes(stage) == wanted

    await until(f"the routes are {wanted}", so)


async def available(stage: Stage) -> None:
    """Wait until every node hears that its network is available."""

    async def so() -> bool:
        told = [
            one["status"]
            for node in await nodes(stage)
            for one in node["status"].get("conditions", [])
            if one["type"] == "NetworkUnavailable"
        ]
        return told == ["False"] * len(await nodes(stage))

    await until("all nodes are told", so)


async def test_every_node_has_its_route_in_the_tables_of_all_vswitches_with_nodes(stage: Stage) -> None:
    (system,) = await routes(stage)
    second, unused = await made(stage, VSWITCHES["i"][0]), await made(stage, VIRTUAL_NODES[0])
    controller = await stage.controller("--controllers=node,route")
    await _logged(controller, ANY_RANGE)
    wanted = await ranges(stage)
    assert len(wanted) == 4
    await routed(stage, {system: wanted, second: wanted, unused: {}})
    await available(stage)


async def test_a_node_that_goes_leaves_no_entry_in_either_and_one_that_comes_is_in_both(stage: Stage) -> None:
    before = await routes(stage)
    third = f"{NODES}/worker-3"
    node = await stage.kube("GET", third)
    await stage.kube("DELETE", third)
    await routed(stage, {table: without(entries, node["spec"]["podCIDR"]) for table, entries in before.items()})
    again = {"name": "worker-3", "labels": node["metadata"]["labels"]}
    await stage.kube("POST", NODES, {"metadata": again, "spec": node["spec"]})
    await routed(stage, before)
    await available(stage)


async def test_who_names_the_clusters_range_is_not_warned(stage: Stage) -> None:
    before = await routes(stage)
    assert await stage.programs[-1].stop() == 0
    controller = await stage.controller("--controllers=node,route", "--cluster-cidr=10.244.0.0/16")
    log = await _logged(controller, "DescribeRouteEntryList")
    assert ANY_RANGE not in log
    assert await routes(stage) == before


def without(entries: dict[str, str], cidr: str) -> dict[str, str]:
    return {one: instance for one, instance in entries.items() if one != cidr}
