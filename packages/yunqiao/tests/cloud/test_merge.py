import asyncio

import pytest

from yunqiao.cloud.clb.listeners import list_listeners
from yunqiao.cloud.clb.merging import MERGING
from yunqiao.cloud.merge import TOGETHER, merged
from yunqiao.model.errors import NotYet, Stale
from yunqiao.model.step import Call


class Cloud:
    """Answers with a listener for each balancer that is asked for; `trouble` fails calls for more than one."""

    def __init__(self, trouble=None, token=""):
        self.calls, self.trouble, self.token = [], trouble, token

    async def send(self, call):
        self.calls.append(call)
        ids = [value for name, value in call.params.items() if name.startswith("LoadBalancerId.")]
        if len(ids) > 1 and self.trouble:
            raise self.trouble
        listeners = [{"LoadBalancerId": one, "ListenerPort": int(one[3:])} for one in ids]
        return {"Listeners": listeners, "NextToken": self.token if len(ids) > 1 else ""}


async def ask(cloud, clock, *numbers):
    send = merged(MERGING, clock)(cloud.send)
    asked = asyncio.gather(*(send(list_listeners(f"lb-{number}")) for number in numbers), return_exceptions=True)
    await clock.advance(TOGETHER)
    return await asked


def ports(replies):
    return [[one["ListenerPort"] for one in reply["Listeners"]] for reply in replies]


async def test_reads_that_wait_together_are_one_call_and_each_gets_its_part(clock):
    cloud = Cloud()
    assert ports(await ask(cloud, clock, 1, 2, 3)) == [[1], [2], [3]]
    assert len(cloud.calls) == 1


async def test_no_more_than_ten_are_joined(clock):
    cloud = Cloud()
    assert ports(await ask(cloud, clock, *range(25))) == [[number] for number in range(25)]
    assert len(cloud.calls) == 3


async def test_one_alone_is_sent_as_it_is(clock):
    cloud = Cloud()
    assert ports(await ask(cloud, clock, 7)) == [[7]]
    assert cloud.calls == [list_listeners("lb-7")]


@pytest.mark.parametrize("cloud", [Cloud(trouble=Stale("lb-2 does not exist")), Cloud(token="more")])
async def test_where_the_one_call_fails_or_has_further_pages_each_asks_alone(cloud, clock):
    assert ports(await ask(cloud, clock, 1, 2)) == [[1], [2]]
    assert len(cloud.calls) == 3


async def test_being_throttled_is_everybodys_answer(clock):
    cloud = Cloud(trouble=NotYet("slow down", 5.0))
    assert [type(reply) for reply in await ask(cloud, clock, 1, 2)] == [NotYet, NotYet]
    assert len(cloud.calls) == 1


async def test_other_calls_and_further_pages_pass_at_once(clock):
    cloud = Cloud()
    send = merged(MERGING, clock)(cloud.send)
    await send(list_listeners("lb-1", "token"))
    await send(Call("slb", "DescribeVServerGroups", {}, "other"))
    assert len(cloud.calls) == 2


async def test_a_caller_that_gives_up_does_not_end_it_for_the_others(clock):
    cloud = Cloud()
    send = merged(MERGING, clock)(cloud.send)
    first, second = (asyncio.ensure_future(send(list_listeners(f"lb-{number}"))) for number in (1, 2))
    await clock.settle()
    first.cancel()
    await clock.advance(TOGETHER)
    assert ports([await second]) == [[2]]
