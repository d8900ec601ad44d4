"""How many calls a look takes, and what one bad answer means for the rest."""

import pytest

from yunqiao.controllers.routes import look
from yunqiao.model.errors import Refused


class Answers:
    """A Send with an answer per action."""

    def __init__(self, **answers):
        self.answers, self.calls = answers, []

    async def send(self, call):
        self.calls.append(call)
        answer = self.answers[call.action]
        return answer(call) if callable(answer) else answer


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
