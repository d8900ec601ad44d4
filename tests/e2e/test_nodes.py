"""Which nodes are backends while they come, go and change, over the wire."""

import pytest

WORKERS = {f"i-bp1worker0000000000{number}" for number in (1, 2, 3)}
FIRST = "i-bp1worker00000000001"
NODE = "/api/v1/nodes/worker-1"

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def ready(stage, status):
    conditions = (await stage.kube("GET", NODE))["status"]["conditions"]
    changed = [{**one, "status": status} if one["type"] == "Ready" else one for one in conditions]
    await stage.kube("PATCH", f"{NODE}/status", {"status": {"conditions": changed}})


async def test_a_node_that_is_not_ready_goes_and_comes_back(stage):
    await stage.service("unready")
    await stage.until_backends("unready", WORKERS)
    await ready(stage, "False")
    await stage.until_backends("unready", WORKERS - {FIRST})
    await ready(stage, "True")
    await stage.until_backends("unready", WORKERS)


async def test_an_excluded_node_goes_and_comes_back(stage):
    label = "node.kubernetes.io/exclude-from-external-load-balancers"
    await stage.service("excluded")
    await stage.until_backends("excluded", WORKERS)
    await stage.kube("PATCH", NODE, {"metadata": {"labels": {label: ""}}})
    await stage.until_backends("excluded", WORKERS - {FIRST})
    await stage.kube("PATCH", NODE, {"metadata": {"labels": {label: None}}})
    await stage.until_backends("excluded", WORKERS)


async def test_a_cordoned_node_stays_unless_the_service_says_otherwise(stage):
    suffix = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-remove-unscheduled-backend"
    await stage.service("keeps")
    await stage.service("drops", annotations={suffix: "on"})
    await stage.until_backends("keeps", WORKERS)
    await stage.until_backends("drops", WORKERS)
    await stage.kube("PATCH", NODE, {"spec": {"unschedulable": True}})
    await stage.until_backends("drops", WORKERS - {FIRST})
    assert set(await stage.backends("keeps")) == WORKERS
    await stage.kube("PATCH", NODE, {"spec": {"unschedulable": None}})
    await stage.until_backends("drops", WORKERS)


@pytest.mark.parametrize("role", ["control-plane", "master"])
async def test_a_node_with_either_role_of_the_control_plane_is_no_backend(stage, role):
    """The sandbox's control-plane-1 has both labels; worker-1 gets one of them."""
    name = f"role-{role}"
    await stage.service(name)
    await stage.until_backends(name, WORKERS)
    await stage.kube("PATCH", NODE, {"metadata": {"labels": {f"node-role.kubernetes.io/{role}": ""}}})
    await stage.until_backends(name, WORKERS - {FIRST})
    await stage.kube("PATCH", NODE, {"metadata": {"labels": {f"node-role.kubernetes.io/{role}": None}}})
    await stage.until_backends(name, WORKERS)


async def test_a_node_that_turns_out_to_be_another_machine_goes_and_is_told_so(stage):
    await stage.service("lied-to")
    await stage.until_backends("lied-to", WORKERS)
    number = (await stage.kube("GET", NODE))["status"]["nodeInfo"]["systemUUID"]
    await reports(stage, "ffffffff-1111-4222-8333-444455556666")
    await stage.until_backends("lied-to", WORKERS - {FIRST})
    told = await stage.event("worker-1", "NodeNotConfirmed")
    assert f"the ECS instance {FIRST} has the SerialNumber" in told["message"]
    await reports(stage, number)
    await stage.until_backends("lied-to", WORKERS)


async def reports(stage, number):
    """The kubelet of worker-1 says that this is its machine's number."""
    await stage.kube("PATCH", f"{NODE}/status", {"status": {"nodeInfo": {"systemUUID": number}}})


async def test_a_node_that_is_deleted_goes_and_one_that_joins_comes(stage):
    third = "/api/v1/nodes/worker-3"
    await stage.service("shrunk")
    await stage.until_backends("shrunk", WORKERS)
    node = await stage.kube("GET", third)
    await stage.kube("DELETE", third)
    await stage.until_backends("shrunk", WORKERS - {"i-bp1worker00000000003"})
    again = {"name": "worker-3", "labels": node["metadata"]["labels"]}
    await stage.kube("POST", "/api/v1/nodes", {"metadata": again, "spec": node["spec"]})
    await stage.kube("PATCH", f"{third}/status", {"status": {"conditions": node["status"]["conditions"]}})
    await stage.until_backends("shrunk", WORKERS)
