"""What ECS says of instances is asked once for all who need it."""

import asyncio
import json

from yunqiao.cloud.codes import outcome
from yunqiao.cloud.instances import KEPT, Instances
from yunqiao.model.errors import Fault, Lost, Refused


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self):
        self.time = 1000.0

    def now(self):
        return self.time

    async def sleep(self, seconds):
        self.time += seconds
        await asyncio.sleep(0)


class Cloud:
    """Shows every instance but those whose name says otherwise."""

    def __init__(self):
        self.asked, self.trouble, self.gate = [], None, asyncio.Event()
        self.gate.set()

    async def send(self, call):
        ids = json.loads(call.params["InstanceIds"])
        self.asked.append(ids)
        await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        if any(one.startswith("bad") for one in ids):
            raise outcome(Fault(call.action, 400, "InvalidInstanceIds.Malformed", "words", ""), "ecs")
        return {"Instances": {"Instance": [{"InstanceId": one} for one in ids if one != "gone"]}}


def directory():
    cloud, time = Cloud(), Time()
    return Instances(cloud.send, "cn-hangzhou", time), cloud, time


def ids(number, start=0):
    return [f"i-{one:03}" for one in range(start, start + number)]


async def test_a_hundred_instances_a_call():
    instances, cloud, _ = directory()
    found = await instances.find(ids(250))
    assert (sorted(found), [len(asked) for asked in cloud.asked]) == (ids(250), [100, 100, 50])


async def test_those_who_ask_at_the_same_time_ask_together():
    instances, cloud, _ = directory()
    first, second = await asyncio.gather(instances.find(ids(60)), instances.find(ids(60, start=40)))
    assert len(cloud.asked) == 1
    assert (sorted(first), sorted(second)) == (ids(60), ids(60, start=40))


async def test_what_is_on_its_way_is_waited_for_and_not_asked_again():
    instances, cloud, _ = directory()
    cloud.gate.clear()
    first = asyncio.create_task(instances.find(ids(3)))
    while not cloud.asked:
        await asyncio.sleep(0)
    second = asyncio.create_task(instances.find(ids(5)))
    while len(cloud.asked) < 2:
        await asyncio.sleep(0)
    cloud.gate.set()
    await first
    assert sorted(await second) == ids(5)
    assert cloud.asked == [ids(3), ids(2, start=3)]


async def test_one_who_gives_up_waiting_takes_no_answer_from_the_others():
    instances, cloud, _ = directory()
    cloud.gate.clear()
    first = asyncio.create_task(instances.find(ids(3)))
    while not cloud.asked:
        await asyncio.sleep(0)
    second = asyncio.create_task(instances.find(ids(3)))
    await asyncio.sleep(0)
    first.cancel()
    cloud.gate.set()
    assert sorted(await second) == ids(3)
    assert len(cloud.asked) == 1


async def test_an_answer_counts_for_whoever_does_not_need_a_newer_one():
    instances, cloud, time = directory()
    await instances.find(ids(3))
    time.time += 60
    await instances.find(ids(3), since=time.now() - 120)
    assert len(cloud.asked) == 1
    await instances.find(ids(3), since=time.now())
    assert len(cloud.asked) == 2


async def test_what_is_on_its_way_does_not_count_for_whoever_needs_a_newer_answer():
    instances, cloud, time = directory()
    cloud.gate.clear()
    first = asyncio.create_task(instances.find(ids(3)))
    while not cloud.asked:
        await asyncio.sleep(0)
    second = asyncio.create_task(instances.find(ids(3), since=time.now()))
    while len(cloud.asked) < 2:
        await asyncio.sleep(0)
    cloud.gate.set()
    await asyncio.gather(first, second)
    assert cloud.asked == [ids(3), ids(3)]


async def test_what_is_not_shown_may_be_shown_the_next_moment():
    instances, cloud, time = directory()
    assert await instances.find(["gone"]) == {"gone": None}
    await instances.find(["gone"])
    assert len(cloud.asked) == 1
    time.time += 5
    await instances.find(["gone"])
    assert len(cloud.asked) == 2


async def test_an_id_that_is_refused_hides_nobody():
    instances, _, _ = directory()
    found = await instances.find(["bad", "gone", "i-1", "i-2"])
    assert (found["gone"], found["i-1"].id, found["i-2"].id) == (None, "i-1", "i-2")
    assert isinstance(found["bad"], Refused)


async def test_what_is_forbidden_is_not_asked_for_in_halves():
    instances, cloud, _ = directory()
    cloud.trouble = outcome(Fault("DescribeInstances", 403, "Forbidden.RAM", "words", ""), "ecs")
    found = await instances.find(["i-1", "i-2"])
    assert len(cloud.asked) == 1
    assert all("ecs:DescribeInstances" in str(told) for told in found.values())


async def test_a_whole_hundred_of_wrong_ids_is_not_asked_for_one_by_one():
    instances, cloud, _ = directory()
    found = await instances.find([f"bad-{number}" for number in range(100)])
    assert len(found) == 100
    assert len(cloud.asked) < 40


async def test_trouble_is_not_kept():
    instances, cloud, _ = directory()
    cloud.trouble = Lost("the connection ended")
    assert isinstance((await instances.find(["i-1"]))["i-1"], Lost)
    cloud.trouble = None
    assert (await instances.find(["i-1"]))["i-1"].id == "i-1"


async def test_what_nobody_has_asked_about_for_long_is_forgotten():
    instances, cloud, time = directory()
    await instances.find(["i-1"])
    time.time += KEPT + 1
    await instances.find(["i-2"])
    await instances.find(["i-1"])
    assert cloud.asked == [["i-1"], ["i-2"], ["i-1"]]
