"""A balancer that somebody made by hand is used in the place of one of its own: what is put there, and what is not."""

import json
from collections import Counter

from tests.annotations.flying import elapse
from tests.annotations.lives import CHAPTERS, tells_of
from tests.annotations.places import NODE_PORT, PORT
from tests.annotations.stage import Stage

OWN_GROUP = f"k8s/{NODE_PORT}/nginx/default/abcdefghij"


def lent_group(stage: Stage, lent: str, name: str) -> str:
    """A group that somebody made, with a server of theirs in it."""
    theirs = json.dumps([{"ServerId": "i-w2", "Port": "9000", "Weight": "10", "Type": "ecs", "Description": "theirs"}])
    made = stage.do("CreateVServerGroup", LoadBalancerId=lent, VServerGroupName=name, BackendServers=theirs)
    return str(made["VServerGroupId"])


def lent_listener(stage: Stage, lent: str, group: str, number: int = PORT) -> None:
    """A listener that somebody made, on one of their groups."""
    which = {"LoadBalancerId": lent, "ListenerPort": number}
    stage.do("CreateLoadBalancerTCPListener", VServerGroupId=group, Bandwidth=-1, Description="theirs", **which)
    stage.do("StartLoadBalancerListener", **which)


def ours(stage: Stage, name: str) -> dict[str, int]:
    """The weights of our backends in a group; theirs must be there, untouched."""
    found = stage.groups()[name]
    theirs = [(one["ServerId"], one["Weight"]) for one in found if one["Description"] == "theirs"]
    assert theirs == ([] if name == OWN_GROUP else [("i-w2", 10)])
    return {one["ServerId"]: one["Weight"] for one in found if one["Description"] != "theirs"}


@tells_of("id", chapters=CHAPTERS)
async def test_a_borrowed_balancer_gets_our_groups_and_keeps_everything_else(stage: Stage) -> None:
    lent, other = stage.lend(), stage.lend()
    stage.do("SetLoadBalancerDeleteProtection", LoadBalancerId=other, DeleteProtection="off")
    writes = await stage.wear({"id": lent})
    assert [call.action for call in writes] == ["CreateVServerGroup"]
    assert stage.published() == [(stage.do("DescribeLoadBalancerAttribute", LoadBalancerId=lent)["Address"], "")]
    for asked in ({"id": other}, {}, {"id": 65 * "x"}):
        assert await stage.wear(asked) == []
        assert any("stays there until it goes" in text or "-id: " in text for text in stage.warnings())
        stage.bench.told.clear()
    stage.do("DeleteLoadBalancer", LoadBalancerId=other)
    lent_listener(stage, lent, lent_group(stage, lent, "theirs"))
    stage.bench.cluster.delete()
    await stage.settle()
    assert stage.bench.cluster.service is None
    assert stage.balancer["DeleteProtection"] == "on"
    assert stage.groups().keys() == {"theirs"}
    assert stage.listener("tcp")["Description"] == "theirs"


@tells_of("id", chapters=("bad",))
async def test_a_balancer_that_is_not_there_is_told_and_none_is_made(stage: Stage) -> None:
    for asked in ("lb-nowhere", 65 * "x"):
        assert await stage.wear({"id": asked, "address-type": "intranet"}) == []
        assert any(asked[:57] in text for text in stage.warnings())


async def test_a_balancer_of_another_cluster_is_never_borrowed(stage: Stage) -> None:
    lent = stage.lend()
    stage.do(
        "TagResources", ResourceType="instance", ResourceId__1=lent, Tag__1__Key="ack.aliyun.com", Tag__1__Value="c"
    )
    assert await stage.wear({"id": lent}) == []
    assert any(lent in text for text in stage.warnings())


@tells_of("force-override-listeners", chapters=CHAPTERS)
async def test_listeners_are_made_on_a_borrowed_balancer_only_where_it_is_asked(stage: Stage) -> None:
    lent = stage.lend()
    await stage.wear({"id": lent})
    assert stage.carrying.engine.ports() == {}
    await stage.wear({"id": lent, "force-override-listeners": "true", "scheduler": "wrr"})
    assert (await stage.tell())["backend"] == "w0"
    assert stage.listener("tcp")["Scheduler"] == "wrr"
    for asked in ({"force-override-listeners": "false"}, {}, {"force-override-listeners": "yes"}):
        assert await stage.wear({"id": lent, "scheduler": "wlc", **asked}) == []
        assert stage.listener("tcp")["Scheduler"] == "wrr"
    stage.warned_of("force-override-listeners", "yes")
    await stage.wear({"id": lent, "force-override-listeners": "true"})
    stage.bench.cluster.delete()
    await stage.settle()
    assert stage.groups() == {}
    assert stage.carrying.engine.ports() == {}


async def test_a_port_that_somebody_holds_is_told_and_never_taken(stage: Stage) -> None:
    lent = stage.lend()
    lent_listener(stage, lent, lent_group(stage, lent, "theirs"))
    await stage.wear({"id": lent, "force-override-listeners": "true"})
    assert stage.listener("tcp")["Description"] == "theirs"
    assert any(f"port {PORT}/TCP" in text and '"theirs"' in text for text in stage.warnings())


@tells_of("vgroup-port", chapters=("set", "change", "remove"))
async def test_backends_go_to_the_groups_that_are_named_and_leave_them_again(stage: Stage) -> None:
    lent = stage.lend()
    first, second = (lent_group(stage, lent, name) for name in ("first", "second"))
    lent_listener(stage, lent, first)
    await stage.wear({"id": lent, "vgroup-port": f"{first}:{PORT}"})
    assert ours(stage, "first") == {"i-w0": 100, "i-w1": 100}
    assert {(await stage.tell()).get("backend") for _ in range(4)} == {"w0", "w1"}
    await stage.wear({"id": lent, "vgroup-port": f"{second}:{PORT}"})
    assert (ours(stage, "first"), ours(stage, "second")) == ({}, {"i-w0": 100, "i-w1": 100})
    assert await stage.tell() == {}, "nobody answers in the first group any more"
    stage.by_hand("SetLoadBalancerTCPListenerAttribute", ListenerPort=PORT, VServerGroupId=second)
    await stage.carrying.settled()
    assert {(await stage.tell()).get("backend") for _ in range(4)} == {"w0", "w1"}
    await stage.wear({"id": lent})
    assert (ours(stage, "second"), ours(stage, OWN_GROUP)) == ({}, {"i-w0": 100, "i-w1": 100})
    await stage.wear({"id": lent, "vgroup-port": f"{first}:{PORT}"})
    assert await stage.tell() == {}
    stage.bench.cluster.delete()
    await stage.settle()
    assert ours(stage, "first") == {}


@tells_of("weight", chapters=("set", "change", "remove"))
async def test_a_weight_is_shared_among_our_backends_in_a_group_of_somebody_else(stage: Stage) -> None:
    lent = stage.lend()
    group = lent_group(stage, lent, "shared")
    asked = {"id": lent, "vgroup-port": f"{group}:{PORT}"}
    lent_listener(stage, lent, group)
    await stage.serve("w2", 9000)
    for weight, each, answers in (
        ("60", 30, (3, 3, 1)),
        ("10", 5, (1, 1, 2)),
        ("0", 0, (0, 0, 3)),
        ("60", 30, (3, 3, 1)),
    ):
        await stage.wear(asked | {"weight": weight})
        assert ours(stage, "shared") == {"i-w0": each, "i-w1": each}
        assert await shares(stage, sum(answers)) == answers
    await stage.wear(asked)
    assert ours(stage, "shared") == {"i-w0": 100, "i-w1": 100}
    assert await shares(stage, 21) == (10, 10, 1)


async def shares(stage: Stage, connections: int) -> tuple[int, int, int]:
    """How that many connections are shared among our nodes and their server, all of them healthy."""
    await elapse(5)
    found = Counter([(await stage.tell()).get("backend") for _ in range(connections)])
    return found["w0"], found["w1"], found["w2"]
