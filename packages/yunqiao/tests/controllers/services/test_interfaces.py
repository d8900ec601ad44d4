"""Network interfaces of addresses: together for whoever waits, 100 a call, and what is missing is told from outside."""

import asyncio

import pytest

from yunqiao.cloud.place import Whereabouts
from yunqiao.controllers.services.asked import Address, Findings, Interface
from yunqiao.controllers.services.interfaces import Interfaces
from yunqiao.model.errors import Lost, Refused


class Time:
    """A clock whose sleepers all come back when every task has had its turn."""

    def __init__(self):
        self.time = 0.0

    def now(self):
        return self.time

    async def sleep(self, _):
        for _ in range(5):
            await asyncio.sleep(0)


class Cloud:
    """Answers for a VPC of 10.0.0.0/8 and fd00::/16 in which every address but the lost ones has an interface."""

    def __init__(self, lost=()):
        self.lost, self.calls, self.fails = set(lost), [], False

    async def send(self, call):
        self.calls.append(call)
        if self.fails:
            raise Lost("the connection ended")
        if call.action == "DescribeVpcAttribute":
            return {"CidrBlock": "10.0.0.0/8", "Ipv6CidrBlock": "fd00::/16"}
        texts = [value for name, value in call.params.items() if "Address." in name]
        return {"NetworkInterfaceSets": {"NetworkInterfaceSet": [
            {"NetworkInterfaceId": f"eni-{one}", "PrivateIpAddress": one if "." in one else "10.9.9.9",
             "Ipv6Sets": {"Ipv6Set": [{"Ipv6Address": one.replace("::", ":0::")}] if ":" in one else []}}
            for one in texts if one not in self.lost
        ]}}  # fmt: skip


NOTHING = Findings()


def finder(cloud, time=None, vpc="vpc-1"):
    return Interfaces(cloud.send, "cn-hangzhou", Whereabouts(vpc), time or Time())


def addresses(*texts):
    return frozenset(Address(one, f"pod-{one}") for one in texts)


async def test_what_is_known_is_not_asked_again_and_what_is_used_no_more_is_forgotten():
    cloud = Cloud()
    interfaces = finder(cloud)
    first = await interfaces.find(addresses("10.0.0.1", "10.0.0.2"), frozenset(), NOTHING)
    assert first.interfaces[Address("10.0.0.1", "pod-10.0.0.1")] == Interface("eni-10.0.0.1", "10.0.0.1")
    second = await interfaces.find(addresses("10.0.0.2"), frozenset(), first)
    assert (len(cloud.calls), len(second.interfaces)) == (1, 1)
    await interfaces.find(addresses("10.0.0.1", "10.0.0.2"), frozenset(), second)
    assert [call.params.get("PrivateIpAddress.1") for call in cloud.calls] == ["10.0.0.1", "10.0.0.1"]


async def test_another_pod_with_the_same_address_is_asked_for_anew():
    cloud = Cloud()
    interfaces = finder(cloud)
    first = await interfaces.find(frozenset({Address("10.0.0.1", "one")}), frozenset(), NOTHING)
    await interfaces.find(frozenset({Address("10.0.0.1", "other")}), frozenset(), first)
    assert len(cloud.calls) == 2


async def test_services_that_wait_together_share_calls_of_100_addresses():
    cloud = Cloud()
    interfaces = finder(cloud)
    wishes = [addresses(*(f"10.0.{n}.{m}" for m in range(30))) for n in range(5)]
    found = await asyncio.gather(*(interfaces.find(wish, frozenset(), NOTHING) for wish in wishes))
    assert [len(one.interfaces) for one in found] == [30] * 5
    assert sorted(sum(".Address" not in name and "PrivateIpAddress." in name for name in call.params)
                  for call in cloud.calls) == [50, 100]  # fmt: skip
    assert {call.params["RegionId"] for call in cloud.calls} == {"cn-hangzhou"}


async def test_the_two_families_go_in_calls_of_their_own_and_spelling_does_not_matter():
    cloud = Cloud()
    found = await finder(cloud).find(addresses("10.0.0.1", "fd00::1"), frozenset(), NOTHING)
    assert found.interfaces[Address("fd00::1", "pod-fd00::1")] == Interface("eni-fd00::1", "fd00:0::1")
    assert len(cloud.calls) == 2


async def test_one_of_the_vpc_is_missing_and_one_of_elsewhere_is_outside():
    time, cloud = Time(), Cloud(lost=["10.0.0.1", "8.8.8.8"])
    interfaces = finder(cloud, time)
    wish = addresses("10.0.0.1", "10.0.0.2", "8.8.8.8")
    found = await interfaces.find(wish, frozenset(), NOTHING)
    assert ([one.text for one in found.missing], [one.text for one in found.outside]) == (["10.0.0.1"], ["8.8.8.8"])
    assert [one.text for one in found.interfaces] == ["10.0.0.2"]


async def test_what_is_missing_is_looked_for_again_less_and_less_often_and_the_ranges_are_not():
    time, cloud = Time(), Cloud(lost=["10.0.0.1"])
    interfaces, found = finder(cloud, time), NOTHING
    waits = []
    for _ in range(7):
        found = await interfaces.find(addresses("10.0.0.1"), frozenset(), found)
        waits.append(found.again_after)
        time.time += found.again_after
    assert waits == [2.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0]
    assert [call.action for call in cloud.calls].count("DescribeVpcAttribute") == 1
    cloud.lost.clear()
    found = await interfaces.find(addresses("10.0.0.1"), frozenset(), found)
    assert (found.missing, found.again_after) == ({}, None)


async def test_one_that_only_fades_is_not_missed():
    cloud = Cloud(lost=["10.0.0.1"])
    found = await finder(cloud).find(frozenset(), addresses("10.0.0.1"), NOTHING)
    assert (found.missing, found.again_after, len(cloud.calls)) == ({}, None, 1)


async def test_a_lost_answer_is_everybodys_and_the_next_question_is_a_new_one():
    cloud = Cloud()
    interfaces = finder(cloud)
    cloud.fails = True
    with pytest.raises(Lost):
        await interfaces.find(addresses("10.0.0.1"), frozenset(), NOTHING)
    cloud.fails = False
    assert len((await interfaces.find(addresses("10.0.0.1"), frozenset(), NOTHING)).interfaces) == 1


async def test_without_a_vpc_nobody_is_guessed():
    with pytest.raises(Refused, match=r"set vpcid in the cloud-config"):
        await finder(Cloud(), vpc="").find(addresses("10.0.0.1"), frozenset(), NOTHING)
