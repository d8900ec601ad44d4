"""Each layer of Send alone, around a Send that a test scripts."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from yunqiao.cloud import layers
from yunqiao.cloud.coalesce import coalesced
from yunqiao.cloud.codes import Throttled
from yunqiao.cloud.metrics import CallMetrics, metered
from yunqiao.engine.limits import Limits, Priority
from yunqiao.model.errors import Fault, Lost, NotYet, Refused
from yunqiao.model.step import Call, Reply

READ = Call("slb", "DescribeLoadBalancers", {"LoadBalancerName": "a"}, "look at a")
GROUP = Call("slb", "CreateVServerGroup", {"LoadBalancerId": "lb-1"}, "make the group", "lb-1", write=True)
BORN = Call("slb", "CreateLoadBalancer", {"ClientToken": "t"}, "create", write=True)
DELETE = Call("slb", "DeleteLoadBalancer", {"LoadBalancerId": "lb-2"}, "delete", "lb-2", write=True)


class Script:
    """A Send that raises or gives what it is told, in order, then {"n": how many}."""

    def __init__(self, *ends: Exception | Reply) -> None:
        self.ends = list(ends)
        self.sent: list[Call] = []

    async def __call__(self, call: Call) -> Reply:
        self.sent.append(call)
        end = self.ends.pop(0) if self.ends else {"n": len(self.sent)}
        if isinstance(end, Exception):
            raise end
        return end


class Held:
    """A Send whose calls wait until a test lets them go."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Call, asyncio.Future[Reply]]] = []

    async def __call__(self, call: Call) -> Reply:
        future = asyncio.get_running_loop().create_future()
        self.waiting.append((call, future))
        try:
            return await future
        finally:
            self.waiting = [each for each in self.waiting if each[1] is not future]

    async def let_go(self, reply: Reply | Exception) -> None:
        _, future = self.waiting[0]
        future.set_exception(reply) if isinstance(reply, Exception) else future.set_result(reply)
        await settle()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def start(send: Callable[[Call], Awaitable[Reply]], call: Call) -> asyncio.Task[Reply]:
    async def run() -> Reply:
        return await send(call)

    return asyncio.create_task(run())


async def finish(task: asyncio.Task[Reply], clock: Any) -> Reply:
    while not task.done():
        await clock.advance(1)
    return task.result()


@pytest.mark.parametrize("call", [READ, BORN], ids=["a read", "a call with a token"])
async def test_a_lost_call_is_repeated_where_that_is_safe(clock: Any, call: Call) -> None:
    script = Script(Lost("cut"), Lost("cut"))
    reply = await finish(start(layers.retried(clock, jitter=lambda: 1.0)(script), call), clock)
    assert reply == {"n": 3}


async def test_repeating_is_bounded(clock: Any) -> None:
    script = Script(*[Lost("cut")] * 9)
    with pytest.raises(Lost):
        await finish(start(layers.retried(clock)(script), READ), clock)
    assert len(script.sent) == 3


@pytest.mark.parametrize(
    "call", [GROUP, DELETE, Call("slb", "CreateLoadBalancerTCPListener", {}, "x", "lb-1", write=True)]
)
async def test_a_write_without_a_token_is_sent_once(clock: Any, call: Call) -> None:
    script = Script(Lost("cut"))
    with pytest.raises(Lost):
        await layers.retried(clock)(script)(call)
    assert script.sent == [call]


async def test_only_what_was_lost_is_repeated(clock: Any) -> None:
    script = Script(NotYet("busy"))
    with pytest.raises(NotYet):
        await layers.retried(clock)(script)(READ)
    assert script.sent == [READ]


async def test_one_write_is_in_flight_per_lane_and_lanes_run_side_by_side() -> None:
    held = Held()
    send = layers.laned()(held)
    tasks = [start(send, GROUP), start(send, GROUP), start(send, DELETE), start(send, READ)]
    await settle()
    assert [call.action for call, _ in held.waiting] == [
        "CreateVServerGroup",
        "DeleteLoadBalancer",
        "DescribeLoadBalancers",
    ]
    await held.let_go(Refused("no"))
    assert [call.action for call, _ in held.waiting].count("CreateVServerGroup") == 1
    while held.waiting:
        await held.let_go({})
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [Refused, dict, dict, dict]


async def test_a_write_that_gives_up_waiting_leaves_its_lane_free() -> None:
    held = Held()
    send = layers.laned()(held)
    first, second, third = (start(send, GROUP) for _ in range(3))
    await settle()
    second.cancel()
    await settle()
    await held.let_go({"n": 1})
    await held.let_go({"n": 3})
    assert (await first, await third) == ({"n": 1}, {"n": 3})


async def test_identical_reads_at_the_same_time_share_one_answer() -> None:
    held = Held()
    send = coalesced()(held)
    other = Call("slb", READ.action, {"LoadBalancerName": "b"}, "look at b")
    tasks = [start(send, READ), start(send, READ), start(send, other)]
    await settle()
    assert len(held.waiting) == 2
    await held.let_go({"n": 1})
    await held.let_go({"n": 2})
    assert [await task for task in tasks] == [{"n": 1}, {"n": 1}, {"n": 2}]
    again = start(send, READ)
    await settle()
    assert len(held.waiting) == 1
    await held.let_go({"n": 3})
    assert await again == {"n": 3}


async def test_nobody_gets_an_answer_from_before_a_write_of_ours() -> None:
    held = Held()
    send = coalesced()(held)
    early, write = start(send, READ), start(send, GROUP)
    await settle()
    next(future for call, future in held.waiting if call is GROUP).set_result({})
    await write
    late = start(send, READ)
    await settle()
    assert len(held.waiting) == 2
    await held.let_go({"n": "before"})
    await held.let_go({"n": "after"})
    assert (await early, await late) == ({"n": "before"}, {"n": "after"})


async def test_a_caller_that_gives_up_does_not_end_the_read_for_others() -> None:
    held = Held()
    send = coalesced()(held)
    first, second = start(send, READ), start(send, READ)
    await settle()
    first.cancel()
    await settle()
    await held.let_go({"n": 1})
    assert await second == {"n": 1}
    lonely = start(send, READ)
    await settle()
    lonely.cancel()
    await settle()
    assert held.waiting == []


async def test_a_failed_read_fails_for_all_who_share_it() -> None:
    held = Held()
    send = coalesced()(held)
    tasks = [start(send, READ), start(send, READ)]
    await settle()
    await held.let_go(Lost("cut"))
    assert [type(end) for end in await asyncio.gather(*tasks, return_exceptions=True)] == [Lost, Lost]


async def test_a_throttled_answer_slows_the_limits(clock: Any) -> None:
    limits = Limits(clock)
    fault = Fault(GROUP.action, 400, "Throttling.User", "Too fast.", "r")
    send = layers.throttled(limits, lambda _: Priority.CREATE)(Script(Throttled("fast", 7.0, fault)))
    with pytest.raises(NotYet):
        await send(GROUP)
    assert limits.allowed("slb", GROUP.action) == 45
    task = start(send, GROUP)
    await clock.advance(6.9)
    assert not task.done()
    await clock.advance(0.2)
    assert task.done()


async def test_being_busy_does_not_slow_the_limits(clock: Any) -> None:
    limits = Limits(clock)
    fault = Fault(GROUP.action, 400, "OperationBusy", "Wait.", "r")
    with pytest.raises(NotYet):
        await layers.throttled(limits, lambda _: 0)(Script(NotYet("busy", 1.0, fault)))(GROUP)
    assert limits.allowed("slb", GROUP.action) == 90


async def test_every_call_is_one_line_with_its_why_and_request_id(clock: Any, caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("test.calls")
    fault = Fault(GROUP.action, 400, "OverQuota", "Full.", "r-2")
    send = layers.logged(log, clock)(Script({"RequestId": "r-1"}, Refused(str(fault), fault), KeyError("bug")))
    with caplog.at_level(logging.INFO, "test.calls"):
        await send(READ)
        with pytest.raises(Refused):
            await send(GROUP)
        with pytest.raises(KeyError):
            await send(GROUP)
    assert [record.getMessage() for record in caplog.records] == [
        "DescribeLoadBalancers (look at a) 0 ms ok (RequestId r-1)",
        "CreateVServerGroup (make the group) 0 ms Refused: CreateVServerGroup: OverQuota: Full. (RequestId r-2)",
        "CreateVServerGroup (make the group) 0 ms KeyError",
    ]


async def test_calls_are_counted_and_timed_by_action_and_outcome(clock: Any) -> None:
    metrics = CallMetrics()

    async def slow(call: Call) -> Reply:
        await clock.sleep(0.2)
        if call.write:
            raise Lost("cut")
        return {}

    send = metered(metrics, clock)(slow)
    await finish(start(send, READ), clock)
    with pytest.raises(Lost):
        await finish(start(send, GROUP), clock)
    assert metrics.count("DescribeLoadBalancers", "ok") == 1
    assert metrics.count("CreateVServerGroup") == metrics.count("CreateVServerGroup", "Lost") == 1
    durations = metrics.by_outcome["slb", "DescribeLoadBalancers", "ok"]
    assert durations.seconds == pytest.approx(0.2)
    assert durations.buckets[4] == 1  # 0.1 to 0.25 s


async def test_a_dry_run_reads_but_does_not_write() -> None:
    script = Script()
    told: list[Call] = []

    def instead(call: Call) -> Reply:
        told.append(call)
        return {"LoadBalancerId": "lb-dry"}

    send = layers.dry_run(instead)(script)
    assert await send(GROUP) == {"LoadBalancerId": "lb-dry"}
    await send(READ)
    assert (told, script.sent) == ([GROUP], [READ])


async def test_layers_stack_from_the_outside_in(clock: Any) -> None:
    outer: list[Call] = []
    inner: list[Call] = []
    script = Script(Lost("cut"))
    send = layers.stack(
        script, layers.recorded(outer), layers.retried(clock, jitter=lambda: 0.0), layers.recorded(inner)
    )
    await send(READ)
    assert (len(outer), len(inner)) == (1, 2)
