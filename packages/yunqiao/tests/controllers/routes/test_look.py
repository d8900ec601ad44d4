"""How many calls a look takes, and what one bad answer means for the rest."""

import json

import pytest

from yunqiao.cloud.codes import outcome
from yunqiao.controllers.routes import look
from yunqiao.model.errors import Fault, Refused


class Answers:
    """A Send with an answer per action."""

    def __init__(self, **answers):
        self.answers, self.calls = answers, []

    async def send(self, call):
        self.calls.append(call)
        answer = self.answers[call.action]
        return answer(call) if callable(answer) else answer


def instances(call):
    ids = json.loads(call.params["InstanceIds"])
    if "bad" in ids:
        raise outcome(Fault(call.action, 400, "InvalidInstanceIds.Malformed", "words", ""), "ecs")
    return {"Instances": {"Instance": [{"InstanceId": one} for one in ids if one != "gone"]}}


async def test_a_hundred_instances_a_call():
    cloud = Answers(DescribeInstances=instances)
    found = await look.instances(cloud.send, "r", [f"i-{number:03}" for number in range(250)])
    assert (len(found), len(cloud.calls)) == (250, 3)


async def test_an_id_that_is_refused_hides_nobody():
    cloud = Answers(DescribeInstances=instances)
    found = await look.instances(cloud.send, "r", ["bad", "gone", "i-1", "i-2"])
    assert {name: one is not None for name, one in found.items()} == {
        "bad": False, "gone": False, "i-1": True, "i-2": True,
    }  # fmt: skip


async def test_what_is_forbidden_is_not_asked_for_in_halves():
    def forbidden(call):
        raise outcome(Fault(call.action, 403, "Forbidden.RAM", "words", ""), "ecs")

    cloud = Answers(DescribeInstances=forbidden)
    with pytest.raises(Refused, match="ecs:DescribeInstances"):
        await look.instances(cloud.send, "r", ["i-1", "i-2"])
    assert len(cloud.calls) == 1


def listed(*tables):
    items = [
        {"RouteTableId": name, "RouteTableType": kind, "VSwitchIds": {"VSwitchId": list(vswitches)}}
        for name, kind, vswitches in tables
    ]
    return Answers(DescribeRouteTableList={"RouterTableList": {"RouterTableListType": items}})


async def test_the_vpcs_own_table_and_those_of_nodes_are_used():
    cloud = listed(("own", "System", ["vsw-1"]), ("ours", "Custom", ["vsw-2"]), ("theirs", "Custom", ["vsw-3"]))
    assert await look.tables(cloud.send, "r", "vpc-1", ["vsw-1", "vsw-2"]) == ("ours", "own")


async def test_a_vpc_without_tables_is_told():
    with pytest.raises(Refused, match="vpcid"):
        await look.tables(listed().send, "r", "vpc-1", [])


async def test_few_ranges_of_a_long_table_take_one_call(scene):
    there = [scene.route(cidr=f"172.16.{number}.0/24") for number in range(150)]
    entry = {"RouteTableId": "vtb-1", "DestinationCidrBlock": "172.16.3.0/24", "Status": "Available"}
    cloud = Answers(DescribeRouteEntryList={"RouteEntrys": {"RouteEntry": [entry]}})
    unclear = {("vtb-1", "172.16.3.0/24"), ("vtb-1", "172.16.4.0/24")}
    seen = await look.spots(cloud.send, scene.rules, scene.seen(*there), unclear)
    (call,) = cloud.calls
    assert call.params["DestCidrBlockList.2"] == "172.16.4.0/24"
    assert len(seen.tables["vtb-1"].routes) == 149
