"""Instances that stop, come back, or are released: a node goes only when its instance is gone for certain."""

import pytest

from yunqiao.controllers.nodes.kinds import SHUTDOWN
from yunqiao.controllers.nodes.parting import SECOND_LOOK
from yunqiao.controllers.nodes.rules import Rules
from yunqiao.model.errors import Lost, NotYet, Refused

MINUTE = 60.0


async def cluster_of(bench, number):
    for one in range(1, number + 1):
        bench.cloud.add(f"i-w{one}", private_ip=f"10.0.1.{one}")
        bench.cluster.join(f"w{one}", f"10.0.1.{one}", provider_id=f"cn-hangzhou.i-w{one}")
    await bench.run(20)


def release(bench, *numbers):
    for number in numbers:
        bench.cloud.release(f"i-w{number}")
        bench.cluster.hear(f"w{number}", "Unknown")


async def test_the_node_of_a_released_instance_goes_after_two_looks_some_minutes_apart(bench):
    await cluster_of(bench, 3)
    release(bench, 1)
    await bench.run(SECOND_LOOK - 5)
    assert bench.cluster.names() == ["w1", "w2", "w3"]
    await bench.run(10)
    assert bench.cluster.names() == ["w2", "w3"]
    assert bench.reasons("w1") == ["InitializedNode", "DeletedNode"]


async def test_a_node_whose_kubelet_is_heard_of_stays(bench):
    await cluster_of(bench, 3)
    bench.cloud.release("i-w1")
    await bench.run(30 * MINUTE, step=5)
    assert "w1" in bench.cluster.names()
    assert "its kubelet is heard of" in bench.text("w1", "InstanceNotFound")


async def test_a_stopped_instance_is_no_released_one(bench):
    await cluster_of(bench, 3)
    bench.cloud.world.states["ecs"].instances["i-w1"].status = "Stopped"
    bench.cluster.hear("w1", "Unknown")
    await bench.run(30 * MINUTE, step=5)
    assert "w1" in bench.cluster.names()
    assert SHUTDOWN in bench.taints("w1")


@pytest.mark.parametrize("reason", ["financial", "security"])
@pytest.mark.parametrize("ready", ["True", "Unknown"])
async def test_the_node_of_a_locked_instance_stays_whatever_is_heard_of_it(bench, reason, ready):
    """A lock stops the machine sooner or later; it is there, with its disks, until it is released."""
    await cluster_of(bench, 2)
    instance = bench.cloud.world.states["ecs"].instances["i-w1"]
    instance.locks = [reason]
    bench.cluster.hear("w1", ready)
    await bench.run(30 * MINUTE, step=5)
    assert bench.cluster.names() == ["w1", "w2"]
    assert SHUTDOWN not in bench.taints("w1")
    instance.status = "Stopped"
    bench.cluster.hear("w1", "Unknown")
    await bench.run(60 * MINUTE, step=5)
    assert bench.cluster.names() == ["w1", "w2"]
    assert SHUTDOWN in bench.taints("w1")


@pytest.mark.parametrize("status", ["Starting", "Stopping"])
async def test_an_instance_between_two_states_is_neither_gone_nor_shut_down(bench, status):
    await cluster_of(bench, 2)
    bench.cloud.world.states["ecs"].instances["i-w1"].status = status
    bench.cluster.hear("w1", "Unknown")
    await bench.run(30 * MINUTE, step=5)
    assert bench.cluster.names() == ["w1", "w2"]
    assert SHUTDOWN not in bench.taints("w1")


async def test_a_node_that_is_still_heard_of_is_not_shut_down(bench):
    await cluster_of(bench, 1)
    bench.cloud.world.states["ecs"].instances["i-w1"].status = "Stopped"
    await bench.run(10 * MINUTE, step=5)
    assert SHUTDOWN not in bench.taints("w1")


async def test_a_machine_that_starts_again_loses_the_shutdown_taint(bench):
    await cluster_of(bench, 1)
    instance = bench.cloud.world.states["ecs"].instances["i-w1"]
    instance.status = "Stopped"
    bench.cluster.hear("w1", "Unknown")
    await bench.run(5)
    assert SHUTDOWN in bench.taints("w1")
    instance.status = "Running"
    bench.cluster.hear("w1", "True")
    await bench.run(5)
    assert SHUTDOWN not in bench.taints("w1")


@pytest.mark.parametrize(
    "trouble", [Lost("no answer"), NotYet("too fast", 30.0), Refused("ecs:DescribeInstances is not allowed")]
)
async def test_nothing_is_deleted_while_the_api_fails(bench, trouble):
    await cluster_of(bench, 5)
    release(bench, 1)
    bench.cloud.failing["DescribeInstances"] = trouble
    await bench.run(60 * MINUTE, step=5)
    assert "w1" in bench.cluster.names()
    bench.cloud.failing.clear()
    await bench.run(SECOND_LOOK - 10)
    assert "w1" in bench.cluster.names()
    await bench.run(15 * MINUTE, step=5)
    assert "w1" not in bench.cluster.names()


async def test_one_look_that_finds_it_again_begins_all_over(bench):
    await cluster_of(bench, 5)
    bench.cloud.hidden = {"i-w1"}
    bench.cluster.hear("w1", "Unknown")
    await bench.run(SECOND_LOOK - 60)
    bench.cloud.hidden = set()
    bench.cluster.hear("w1", "False")
    await bench.run(5)
    bench.cloud.hidden = {"i-w1"}
    bench.cluster.hear("w1", "Unknown")
    await bench.run(SECOND_LOOK - 60)
    assert "w1" in bench.cluster.names()


async def test_a_share_of_the_cluster_that_goes_at_once_is_kept_and_said(bench):
    await cluster_of(bench, 20)
    release(bench, 1, 2, 3, 4, 5)
    await bench.run(30 * MINUTE, step=5)
    assert len(bench.cluster.names()) == 20
    text = bench.text("w1", "DeleteNodeWithheld")
    assert "those of 4 other nodes (5 of 20); more than 4 at once are not deleted" in text
    withheld = {one.name: one.value for one in bench.story.figures()}
    assert withheld["yunqiao_node_deletions_withheld"] == 5
    bench.cluster.verbs.delete("nodes", "w4")
    bench.cluster.verbs.delete("nodes", "w5")
    await bench.run(15 * MINUTE, step=5)
    assert len(bench.cluster.names()) == 15
    assert {one.name: one.value for one in bench.story.figures()}["yunqiao_node_deletions_withheld"] == 0


async def test_a_node_on_an_instance_of_another_account_is_never_deleted(bench):
    await cluster_of(bench, 5)
    bench.cluster.join("theirs", "10.7.0.1", provider_id="cn-hangzhou.i-theirs", taints=())
    bench.cluster.hear("theirs", "Unknown")
    await bench.run(60 * MINUTE, step=5)
    assert "theirs" in bench.cluster.names()
    assert "is not found and never was" in bench.text("theirs", "InstanceNotFound")


async def test_a_new_leader_waits_anew(bench):
    await cluster_of(bench, 5)
    release(bench, 1)
    await bench.run(SECOND_LOOK - 10)
    bench.restart()
    await bench.run(SECOND_LOOK - 10)
    assert "w1" in bench.cluster.names()
    await bench.run(20)
    assert "w1" not in bench.cluster.names()


async def test_a_node_that_is_heard_of_again_in_the_last_moment_stays(bench):
    await cluster_of(bench, 5)
    release(bench, 1)
    bench.cluster.before_write = lambda _: bench.cluster.hear("w1", "True")
    await bench.run(30 * MINUTE, step=5)
    assert "w1" in bench.cluster.names()


async def test_a_deletion_that_is_not_allowed_is_said(bench):
    await cluster_of(bench, 5)
    release(bench, 1)

    async def refuse(_):
        raise Refused("nodes may not be deleted")

    bench.site.delete = refuse
    await bench.run(10 * MINUTE)
    assert "DeleteNodeFailed" in bench.reasons("w1")


async def test_a_machine_that_moved_is_its_new_instance(new_bench):
    """Deleted and registered anew under its name, on another instance with another address."""
    bench = new_bench(rules=Rules("cn-hangzhou", "vpc-test", routes=True))
    await cluster_of(bench, 2)
    bench.cluster.verbs.delete("nodes", "w1")
    bench.cloud.release("i-w1")
    bench.cloud.add("i-new", private_ip="10.0.2.1")
    bench.cluster.join("w1", "10.0.2.1")
    await bench.run(20)
    assert bench.provider_id("w1") == "cn-hangzhou.i-new"
    assert ("InternalIP", "10.0.2.1") in bench.addresses("w1")
