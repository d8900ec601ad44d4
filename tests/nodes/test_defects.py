"""The known defects ND1 to ND14 of the incumbent's node controller, each shown not to be here."""

import asyncio
import contextlib
import json

import pytest

from yunqiao.cli.controllers import _reference
from yunqiao.controllers.nodes.kinds import UNINITIALIZED
from yunqiao.controllers.nodes.rules import MOST, Rules
from yunqiao.engine import batches
from yunqiao.engine.batches import Batching
from yunqiao.model.errors import Fault, Lost, NotYet, Refused

MINUTE = 60.0
NO_SUCH_ID = Fault(
    "DescribeInstances", 400, "InvalidInstanceIds.Malformed", "The specified InstanceIds is not valid.", "r"
)


def joined(bench, number=1, **more):
    """A node and its instance, initialised."""
    name = f"w{number}"
    bench.cloud.add(f"i-{name}", private_ip=f"10.0.1.{number}")
    bench.cluster.join(name, f"10.0.1.{number}", provider_id=f"cn-hangzhou.i-{name}", **more)
    return name


async def test_nd1_a_node_without_a_provider_id_is_initialised(bench):
    bench.cloud.add("i-one", private_ip="10.0.1.1")
    bench.cluster.join("one", "10.0.1.1")
    await bench.run()
    assert bench.provider_id("one") == "cn-hangzhou.i-one"
    assert UNINITIALIZED not in bench.taints("one")


@pytest.mark.parametrize("bad", ["aws:///eu-1a/i.x", "idc://host.dc1", "cn-nowhere-9.i-x", "talos://x/10.0.0.78"])
async def test_nd2_one_bad_node_keeps_no_other_waiting(bench, bad):
    for number in range(1, 6):
        joined(bench, number)
    bench.cluster.join("bad", "10.0.2.1", provider_id=bad)
    await bench.run()
    assert all(UNINITIALIZED not in bench.taints(f"w{number}") for number in range(1, 6))
    assert UNINITIALIZED in bench.taints("bad")
    assert bench.reasons("bad") == ["NodeNotOurs"]


async def test_nd2_an_instance_id_that_ecs_refuses_is_traced_to_its_node(bench):
    for number in range(1, 51):
        joined(bench, number)
    joined(bench, 66)
    answer = bench.cloud.send

    async def refusing(call):
        if "i-w66" in json.loads(call.params.get("InstanceIds", "[]")):
            bench.cloud.calls.append(call)
            raise Refused(str(NO_SUCH_ID), NO_SUCH_ID)
        return await answer(call)

    bench.site.send = bench.site.instances.send = refusing
    await bench.run()
    assert [name for name in bench.cluster.names() if UNINITIALIZED in bench.taints(name)] == ["w66"]
    assert bench.cloud.count("DescribeInstances") <= 14
    assert bench.reasons("w66") == ["SyncNodeFailed"]


@pytest.mark.parametrize("trouble", [Lost("no answer"), NotYet("too fast", 2.0)])
@pytest.mark.parametrize(
    "action", ["DescribeInstances", "DescribeNetworkInterfaces", "ModifyNetworkInterfaceAttribute"]
)
async def test_nd3_a_failed_initialisation_is_tried_again_in_seconds(bench, action, trouble):
    bench.cloud.failing[action] = trouble
    joined(bench)
    await bench.run(5)
    assert UNINITIALIZED in bench.taints("w1")
    bench.cloud.failing.clear()
    await bench.run(10)
    assert UNINITIALIZED not in bench.taints("w1")


async def test_nd4_no_patch_shows_the_node_usable_without_its_condition_and_none_says_what_another_said(new_bench):
    bench = new_bench(rules=Rules("cn-hangzhou", "vpc-test", routes=True))
    joined(bench)
    await bench.run()
    status, rest = bench.cluster.writes
    assert (status.subresource, rest.subresource) == ("status", "")
    assert set(status.body) == {"metadata", "status"}
    assert set(rest.body) == {"metadata", "spec"}


async def test_nd5_a_taint_that_somebody_adds_meanwhile_is_kept(bench):
    joined(bench)
    other = {"key": "example.com/quarantine", "effect": "NoExecute", "timeAdded": "2026-01-01T00:00:00Z"}

    def meanwhile(step):
        if step.subresource == "":
            bench.cluster.before_write = None
            taints = bench.cluster.raw("w1")["spec"]["taints"]
            bench.cluster.change("w1", {"spec": {"taints": [*taints, other]}})

    bench.cluster.before_write = meanwhile
    await bench.run()
    taints = bench.cluster.raw("w1")["spec"]["taints"]
    assert other in taints
    assert UNINITIALIZED not in bench.taints("w1")


async def test_nd6_a_node_that_registered_anew_meanwhile_is_not_deleted(bench):
    joined(bench)
    joined(bench, 2)
    await bench.run()
    bench.cloud.release("i-w1")
    bench.cluster.hear("w1", "Unknown")
    bench.cluster.before_write = lambda _: anew()

    def anew():
        bench.cluster.before_write = None
        bench.cluster.verbs.delete("nodes", "w1")
        bench.cloud.add("i-w1b", private_ip="10.0.9.1")
        bench.cluster.join("w1", "10.0.9.1")

    await bench.run(15 * MINUTE)
    assert bench.provider_id("w1") == "cn-hangzhou.i-w1b"
    assert "DeletedNode" not in bench.reasons("w1")


async def test_nd7_an_instance_whose_id_is_part_of_another_is_another(bench):
    bench.cloud.add("i-abc", private_ip="10.0.1.1", instance_type="ecs.g7.large")
    bench.cloud.add("i-abcd", private_ip="10.0.1.2", instance_type="ecs.c7.xlarge")
    bench.cluster.join("long", "10.0.1.2", provider_id="cn-hangzhou.i-abcd")
    bench.cluster.join("short", "10.0.1.1", provider_id="cn-hangzhou.i-abc")
    await bench.run()
    types = {name: bench.labels(name)["node.kubernetes.io/instance-type"] for name in ("long", "short")}
    assert types == {"long": "ecs.c7.xlarge", "short": "ecs.g7.large"}


async def test_nd8_every_page_is_asked_for_in_full_size_and_no_call_names_more_than_a_hundred(bench):
    for number in range(1, 131):
        joined(bench, number)
    await bench.run()
    describes = [call for call in bench.cloud.calls if call.action.startswith("Describe")]
    assert all(call.params["MaxResults"] == str(MOST) for call in describes)
    assert max(len(json.loads(call.params.get("InstanceIds", "[]"))) for call in describes) <= MOST
    assert max(sum(name.startswith("NetworkInterfaceId.") for name in call.params) for call in describes) <= MOST
    assert not [name for name in bench.cluster.names() if UNINITIALIZED in bench.taints(name)]


async def test_nd9_instances_that_are_hidden_from_us_do_not_cost_their_nodes(bench):
    names = [joined(bench, number) for number in range(1, 11)]
    await bench.run()
    bench.cloud.hidden = {f"i-{name}" for name in names}
    for name in names[:2]:
        bench.cluster.hear(name, "Unknown")
    await bench.run(30 * MINUTE)
    assert bench.cluster.names() == sorted(names)
    assert "check region, account and RAM permissions" in bench.text("w1", "DeleteNodeWithheld")


async def test_nd10_a_node_of_another_region_is_not_asked_of_this_one(bench):
    bench.cluster.join("far", "10.0.1.1", provider_id="cn-beijing.i-far")
    await bench.run(10 * MINUTE)
    assert bench.cloud.calls == []
    assert UNINITIALIZED in bench.taints("far")
    assert "another region than cn-hangzhou" in bench.text("far", "NodeNotOurs")


async def test_nd11_what_has_not_changed_costs_one_call_for_a_hundred_nodes_and_no_request_to_kubernetes(bench):
    for number in range(1, 201):
        joined(bench, number)
    await bench.run(4 * MINUTE)
    bench.cloud.calls.clear()
    bench.cluster.writes.clear()
    await bench.run(60 * MINUTE, step=20.0)
    assert bench.cluster.writes == []
    assert [call.action for call in bench.cloud.calls] == ["DescribeInstances"] * 2 * 12


async def test_nd12_a_node_ip_that_the_kubelet_was_given_leaves_the_host_name(bench):
    bench.cloud.add("i-one", private_ip="10.0.1.1", public_ip="203.0.113.7")
    told = {"alpha.kubernetes.io/provided-node-ip": "10.0.1.1"}
    bench.cluster.join("one", "10.0.1.1", provider_id="cn-hangzhou.i-one", annotations=told)
    await bench.run()
    assert bench.addresses("one") == [("InternalIP", "10.0.1.1"), ("ExternalIP", "203.0.113.7"), ("Hostname", "one")]


async def test_nd13_work_ends_when_it_is_cancelled(bench):
    joined(bench)
    before = asyncio.all_tasks()
    work = asyncio.create_task(
        batches.run(bench.queue, bench.story.reconcile, bench.story.report, Batching(MOST, 1.0, 3), bench.time)
    )
    await asyncio.sleep(0)
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
    assert asyncio.all_tasks() == before


def working(bench):
    """The node controller at work, as a process runs it."""
    bench.hear()
    batching = Batching(MOST, 1.0, 3)
    return asyncio.create_task(
        batches.run(bench.queue, bench.story.reconcile, bench.story.report, batching, bench.time)
    )


async def ended(work):
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait_for(work, 5.0)


@pytest.mark.parametrize(
    "hangs", ["DescribeNetworkInterfaces", "DescribeInstances", "ModifyNetworkInterfaceAttribute", "patch"]
)
async def test_nd13_work_ends_when_it_is_cancelled_inside_a_call(new_bench, hangs):
    """But for the question about instances, which is asked for all controllers: another may wait for the answer."""
    bench = new_bench(rules=Rules("cn-hangzhou", "vpc-test", routes=True))
    bench.cloud.add("i-w1", private_ip="10.0.1.1")
    bench.cluster.join("w1", "10.0.1.1")
    inside, answer = asyncio.Event(), asyncio.Event()
    send, patch = bench.cloud.send, bench.cluster.patch

    async def hanging_send(call):
        if call.action == hangs:
            inside.set()
            await answer.wait()
        return await send(call)

    async def hanging_patch(step):
        if hangs == "patch":
            inside.set()
            await answer.wait()
        return await patch(step)

    bench.site.send = bench.site.instances.send = hanging_send
    bench.site.patch = hanging_patch
    before = asyncio.all_tasks()
    work = working(bench)
    await asyncio.wait_for(inside.wait(), 5.0)
    await ended(work)
    left = asyncio.all_tasks() - before
    assert not left or hangs == "DescribeInstances"
    assert UNINITIALIZED in bench.taints("w1")

    answer.set()
    bench.queue.add("w1")
    work = working(bench)
    while UNINITIALIZED in bench.taints("w1"):
        await asyncio.sleep(0)
    await ended(work)
    await asyncio.gather(*left)
    assert asyncio.all_tasks() == before


async def test_nd14_events_are_about_the_object_and_not_about_its_name(bench):
    joined(bench)
    (node,) = bench.cluster.all()
    about = _reference(node)
    assert (about.kind, about.name, about.namespace) == ("Node", "w1", "")
    assert about.uid == bench.cluster.raw("w1")["metadata"]["uid"] != "w1"
