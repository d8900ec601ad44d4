"""The controller as a process: routes of the sandbox's nodes, over the wire."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.e2e.conftest import Stage, _staged, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

NODES = "/api/v1/nodes"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    """A sandbox with its controller."""
    async with _staged() as staged:
        yield staged


async def routes(stage: Stage) -> dict[str, str]:
    """Instances by range, in all tables."""
    tables = (await stage.cloud("GET", "state"))["vpc"]["route_tables"].values()
    entries = [entry for table in tables for entry in table["entries"].values() if entry["type"] == "Custom"]
    return {entry["destination"]: entry["next_hop_id"] for entry in entries}


async def ranges(stage: Stage) -> dict[str, str]:
    """What the nodes say, once each says which instance it is: their instances by range."""

    async def told() -> dict[str, str]:
        specs = [one["spec"] for one in (await stage.kube("GET", NODES))["items"]]
        found = {one["podCIDR"]: one.get("providerID", "").rpartition(".")[2] for one in specs}
        return found if all(found.values()) else {}

    return await until("all nodes have a providerID", told)


async def routed(stage: Stage, wanted: dict[str, str]) -> None:
    """Wait until the entries are exactly these."""

    async def so() -> bool:
        return await routes(stage) == wanted

    await until(f"the routes are {wanted}", so)


async def told(stage: Stage, name: str) -> None:
    """Wait until a node hears that its network is available."""

    async def so() -> bool:
        return await unavailable(stage, name) == "False"

    await until(f"{name} is told", so)


async def unavailable(stage: Stage, name: str) -> str:
    conditions = (await stage.kube("GET", f"{NODES}/{name}"))["status"].get("conditions", [])
    return next((one["status"] for one in conditions if one["type"] == "NetworkUnavailable"), "")


async def test_every_node_gets_its_route_and_is_told(stage: Stage) -> None:
    wanted = await ranges(stage)
    assert len(wanted) == 4
    await routed(stage, wanted)
    for name in ("worker-1", "worker-2", "worker-3", "control-plane-1"):
        await told(stage, name)


async def test_a_deleted_node_loses_its_route_and_one_that_comes_back_gets_it(stage: Stage) -> None:
    third = f"{NODES}/worker-3"
    wanted = await ranges(stage)
    await routed(stage, wanted)
    node = await stage.kube("GET", third)
    await stage.kube("DELETE", third)
    await routed(stage, {cidr: one for cidr, one in wanted.items() if cidr != node["spec"]["podCIDR"]})
    again = {"name": "worker-3", "labels": node["metadata"]["labels"]}
    await stage.kube("POST", NODES, {"metadata": again, "spec": node["spec"]})
    await routed(stage, wanted)
    await told(stage, "worker-3")


async def test_the_controller_has_routes_and_no_bug(stage: Stage) -> None:
    log = stage.box.controller.log.read_text()
    missing = [line.partition(";")[0] for line in log.splitlines() if "this version has no" in line]
    assert not any("route" in line for line in missing)
    assert "Traceback" not in log
