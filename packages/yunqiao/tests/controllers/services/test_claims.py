"""A kubelet's word is checked before traffic follows it."""

import asyncio

import msgspec
import pytest

from yunqiao.cloud.codes import outcome
from yunqiao.cloud.instances import Instances
from yunqiao.controllers.services.claims import ABSENT_AGAIN, Claims
from yunqiao.model.candidate import candidate
from yunqiao.model.cluster import Metadata, Node, NodeAddress, NodeInfo, NodeSpec, NodeStatus, Service
from yunqiao.model.errors import Fault, Lost, Refused
from yunqiao.model.snapshot import Snapshot

NUMBER = "0fd1e7a4-1111-4222-8333-444455556666"
OTHER = "ffffffff-1111-4222-8333-444455556666"
SERVICE = Service(metadata=Metadata(name="nginx", namespace="default"))


class Time:
    def now(self):
        return 1000.0

    async def sleep(self, seconds):
        await asyncio.sleep(0)


class Cloud:
    """Shows the instances i-w1, i-w2, ... with the same number each."""

    def __init__(self):
        self.calls, self.trouble, self.hidden, self.vpcs = 0, None, set(), {}
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, call):
        self.calls += 1
        await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        shown = [one for one in msgspec.json.decode(call.params["InstanceIds"]) if one not in self.hidden]
        items = [
            {"InstanceId": one, "SerialNumber": NUMBER, "VpcAttributes": {"VpcId": self.vpcs.get(one, "vpc-ours")}}
            for one in shown
        ]
        return {"Instances": {"Instance": items}}


def node(name, number=NUMBER, provider_id=None, labels=None, ip=""):
    addresses = [NodeAddress(type="InternalIP", address=ip)] if ip else []
    return Node(
        metadata=Metadata(name=name, uid=name, labels=labels or {}),
        spec=NodeSpec(provider_id=provider_id if provider_id is not None else f"cn-hangzhou.i-{name}"),
        status=NodeStatus(addresses=addresses, node_info=NodeInfo(system_uuid=number)),
    )


class Scene:
    def __init__(self):
        self.cloud, self.changes, self.told = Cloud(), 0, []
        self.claims = Claims(
            Instances(self.cloud.send, "cn-hangzhou", Time()), "cn-hangzhou", "vpc-ours", self.change, self.tell
        )

    def change(self):
        self.changes += 1

    def tell(self, name, text):
        self.told.append((name, text))

    async def check(self, *nodes):
        names = [one.metadata.name for one in nodes if self.claims.noticed(None, one)]
        return await self.claims.check(names)

    def judged(self, *nodes):
        """Names of the candidates, those that are not confirmed with a question mark."""
        found = tuple(one for one in map(candidate, nodes) if one is not None)
        judged = self.claims.judge(Snapshot(SERVICE, candidates=found)).candidates
        return [one.name if one.confirmed else f"{one.name}?" for one in judged]


@pytest.fixture
def scene():
    return Scene()


async def test_a_claim_counts_once_ecs_bears_it_out(scene):
    w1 = node("w1")
    assert scene.judged(w1) == ["w1?"]
    assert await scene.check(w1) == {"w1": None}
    assert (scene.judged(w1), scene.changes, scene.told) == (["w1"], 1, [])


async def test_a_machine_with_another_number_takes_no_traffic_and_is_told_so(scene):
    liar = node("liar", OTHER, "cn-hangzhou.i-w1")
    await scene.check(node("w1"), liar)
    assert scene.judged(node("w1"), liar) == ["w1"]
    ((name, text),) = scene.told
    assert name == "liar"
    assert f'its systemUUID is "{OTHER}", but the ECS instance i-w1' in text


async def test_what_a_kubelet_reports_anew_is_checked_anew(scene):
    await scene.check(node("w1"))
    changed = node("w1", OTHER)
    assert scene.judged(changed) == ["w1?"]
    await scene.check(changed)
    assert scene.judged(changed) == []
    await scene.check(node("w1"))
    assert scene.judged(node("w1")) == ["w1"]


async def test_a_claim_that_is_known_is_not_checked_again(scene):
    await scene.check(node("w1"))
    assert not scene.claims.noticed(node("w1"), node("w1"))


async def test_an_instance_of_another_region_takes_no_traffic_and_no_call(scene):
    far = node("far", provider_id="cn-beijing.i-w1")
    await scene.check(far)
    assert (scene.judged(far), scene.cloud.calls) == ([], 0)
    assert "is in cn-beijing" in scene.told[0][1]


async def test_an_instance_of_another_vpc_takes_no_traffic(scene):
    scene.cloud.vpcs = {"i-w2": "vpc-theirs"}
    await scene.check(node("w1"), node("w2"))
    assert scene.judged(node("w1"), node("w2")) == ["w1"]
    assert "is in vpc-theirs, and load balancers of vpc-ours" in scene.told[0][1]


async def test_where_nobody_tells_the_vpc_nodes_of_any_are_taken(scene):
    scene.claims.vpc_id, scene.cloud.vpcs = "", {"i-w2": "vpc-theirs"}
    await scene.check(node("w1"), node("w2"))
    assert scene.judged(node("w1"), node("w2")) == ["w1", "w2"]


async def test_an_instance_that_is_not_shown_is_looked_for_again(scene):
    scene.cloud.hidden = {"i-w1"}
    w1 = node("w1")
    assert await scene.check(w1) == {"w1": ABSENT_AGAIN}
    assert (scene.judged(w1), scene.changes) == (["w1?"], 0)
    assert "ecs:DescribeInstances" in scene.told[0][1]


async def test_what_passes_by_itself_is_tried_again_and_not_told(scene):
    scene.cloud.trouble = Lost("the connection ended")
    outcomes = await scene.check(node("w1"))
    scene.claims.report("w1", outcomes["w1"])
    assert (scene.judged(node("w1")), scene.told) == (["w1?"], [])
    scene.cloud.trouble = None
    assert await scene.claims.check(["w1"]) == {"w1": None}


async def test_a_permission_that_is_missing_is_told_on_the_node_once(scene):
    scene.cloud.trouble = Refused("ecs:DescribeInstances is not allowed")
    for _ in range(2):
        outcomes = await scene.check(node("w1"))
        scene.claims.report("w1", outcomes["w1"])
    assert [name for name, text in scene.told if "ecs:DescribeInstances is not allowed" in text] == ["w1"]


async def test_the_same_refusal_is_one_event_whatever_the_number_of_the_request(scene):
    for number in range(2):
        fault = Fault("DescribeInstances", 403, "Forbidden.RAM", "not allowed", f"request-{number}")
        scene.cloud.trouble = outcome(fault, "ecs")
        outcomes = await scene.check(node("w1"))
        scene.claims.report("w1", outcomes["w1"])
    assert len(scene.told) == 1


async def test_what_a_kubelet_reports_while_ecs_is_asked_is_checked_as_well(scene):
    scene.cloud.gate.clear()
    asking = asyncio.create_task(scene.check(node("w1")))
    while not scene.cloud.calls:
        await asyncio.sleep(0)
    assert scene.claims.noticed(node("w1"), node("w1", OTHER))
    scene.cloud.gate.set()
    await asking
    assert scene.judged(node("w1", OTHER)) == ["w1?"]
    await scene.claims.check(["w1"])
    assert scene.judged(node("w1", OTHER)) == []


async def test_a_node_that_goes_while_ecs_is_asked_leaves_nothing_behind(scene):
    scene.cloud.gate.clear()
    asking = asyncio.create_task(scene.check(node("w1", OTHER)))
    while not scene.cloud.calls:
        await asyncio.sleep(0)
    scene.claims.noticed(node("w1", OTHER), None)
    scene.cloud.gate.set()
    await asking
    assert (scene.claims.doubts, scene.told) == ({}, [])


async def test_virtual_nodes_and_machines_elsewhere_claim_nothing(scene):
    virtual = node("v", provider_id="", labels={"type": "virtual-kubelet"})
    hybrid = node("h", provider_id="ack-hybrid://h")
    assert await scene.check(virtual, hybrid) == {}
    assert scene.judged(virtual, hybrid) == ["v"]


async def test_a_node_that_is_gone_is_forgotten(scene):
    await scene.check(node("w1", OTHER))
    scene.claims.noticed(node("w1", OTHER), None)
    assert scene.claims.doubts == {}
    assert scene.judged(node("w1")) == ["w1?"]


async def test_a_hundred_nodes_are_one_call(scene):
    await scene.check(*(node(f"w{number}") for number in range(100)))
    assert (scene.cloud.calls, scene.changes) == (1, 1)


async def test_the_same_nodes_are_judged_once_for_all_services(scene):
    found = tuple(map(candidate, [node("w1"), node("w2")]))
    await scene.check(node("w1"), node("w2"))
    first = scene.claims.judge(Snapshot(SERVICE, candidates=found))
    assert scene.claims.judge(Snapshot(SERVICE, candidates=found)).candidates is first.candidates
