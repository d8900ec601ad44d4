"""Who leads, and that whoever does goes on where the other ended, over the wire."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

WORKERS = {f"i-bp1worker0000000000{number}" for number in (1, 2, 3)}
WORKER = "/api/v1/nodes/worker-1"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("action", ["CreateLoadBalancer", "CreateVServerGroup"])
async def test_a_controller_that_is_killed_in_the_middle_is_succeeded_without_anything_made_twice(
    bare_stage, until, logged, action
):
    """Its call is slow and takes effect; it is killed before it hears of that."""
    name = f"orphan-{action.lower()}"
    before = {one["id"] for one in await bare_stage.balancers()}
    since = (await bare_stage.cloud("GET", "calls"))["last"]
    first = await bare_stage.controller("--leader-elect=false")
    await logged(first, "cluster ")
    await bare_stage.cloud("POST", "faults", {"kind": "lost_after", "action": action, "count": 1})
    await bare_stage.cloud("POST", "faults", {"kind": "slow", "action": "Describe*", "seconds": 1, "skip": 2})
    await bare_stage.service(name)

    async def called():
        return action in await bare_stage.actions(since)

    await until(f"{action} was called", called)
    first.process.kill()
    await first.process.wait()
    for fault in (await bare_stage.cloud("GET", "faults"))["faults"]:
        await bare_stage.cloud("DELETE", f"faults?id={fault['id']}")
    await bare_stage.controller("--leader-elect=false")
    await bare_stage.address(name)
    (balancer,) = [one for one in await bare_stage.balancers() if one["id"] not in before]
    assert len(balancer["groups"]) == 1
    assert [one["status"] for one in balancer["listeners"].values()] == ["running"]
    await bare_stage.until_backends(name, WORKERS)


async def test_what_changed_while_no_controller_ran_is_seen_at_the_start(bare_stage):
    first = await bare_stage.controller("--leader-elect=false")
    await bare_stage.service("kept")
    await bare_stage.service("dropped")
    address = await bare_stage.address("kept")
    await bare_stage.address("dropped")
    await first.stop()
    label = {"node.kubernetes.io/exclude-from-external-load-balancers": ""}
    await bare_stage.kube("PATCH", WORKER, {"metadata": {"labels": label}})
    await bare_stage.kube("DELETE", "/api/v1/namespaces/default/services/dropped")
    await bare_stage.controller("--leader-elect=false")
    await bare_stage.until_backends("kept", WORKERS - {"i-bp1worker00000000001"})
    await bare_stage.delete("dropped")
    assert await bare_stage.address("kept") == address
    await bare_stage.kube("PATCH", WORKER, {"metadata": {"labels": dict.fromkeys(label)}})
    await bare_stage.until_backends("kept", WORKERS)


async def test_of_two_controllers_one_leads_and_the_other_takes_over_when_it_stops(bare_stage, logged):
    first = await bare_stage.controller(quick=True)
    await logged(first, "leading as")
    second = await bare_stage.controller(quick=True)
    await logged(second, "waiting to lead as")
    await bare_stage.service("led")
    await bare_stage.address("led")
    assert "leading as" not in second.log.read_text()
    assert await first.stop() == 0
    await logged(second, "leading as", 3)  # the lock is given back, so nobody waits for it to run out
    own = (await bare_stage.balancer("led"))["id"]
    await bare_stage.delete("led")
    assert own not in [one["id"] for one in await bare_stage.balancers()]


async def test_a_leader_of_old_holds_the_lock_on_endpoints(bare_stage, logged):
    """With --leader-elect-resource-lock=endpoints an older leader is waited for while it renews."""
    held = {"holderIdentity": "an-older-controller", "leaseDurationSeconds": 2, "leaderTransitions": 4}
    path = "/api/v1/namespaces/kube-system/endpoints"

    def annotated():
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        record = json.dumps({**held, "acquireTime": now, "renewTime": now})
        return {"name": "ccm", "annotations": {"control-plane.alpha.kubernetes.io/leader": record}}

    await bare_stage.kube("PATCH", f"{path}/ccm", {"metadata": annotated()})  # the sandbox's controller has made it
    ours = await bare_stage.controller("--leader-elect-resource-lock=endpoints", quick=True)
    await logged(ours, "waiting to lead as")
    for _ in range(3):
        await asyncio.sleep(1)  # the other one renews once a second, longer than its lease lasts
        await bare_stage.kube("PATCH", f"{path}/ccm", {"metadata": annotated()})
    assert "leading as" not in ours.log.read_text()
    await logged(ours, "leading as", 8)
    record = (await bare_stage.kube("GET", f"{path}/ccm"))["metadata"]["annotations"]
    assert '"an-older-controller"' not in record["control-plane.alpha.kubernetes.io/leader"]


async def test_a_leader_that_gets_no_answer_from_the_api_server_steps_down(bare_stage, logged):
    """Its connections stay open and silent: it gives up within its deadline, before another may take the lease."""
    leader = await bare_stage.controller(quick=True)
    await logged(leader, "leading as")
    await bare_stage.kube("POST", "/_kubesim/faults", {"kind": "hang", "path": "leases", "count": 0})
    assert await asyncio.wait_for(leader.process.wait(), 8) == 1
    log = leader.log.read_text()
    assert "could not be renewed for 2 s; exiting" in log
    assert "Traceback" not in log
