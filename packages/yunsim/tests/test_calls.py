"""The one path of a call: written down, limited, struck by faults, done."""

from datetime import UTC, datetime
from typing import Any

import pytest

from yunsim import worldfile
from yunsim.calls import Cloud, Journal
from yunsim.errors import ApiError
from yunsim.faults import Fault, LostAnswerError
from yunsim.founding import found
from yunsim.wire import read_call
from yunsim.world import SteppedClock

REGION = {"RegionId": "cn-hangzhou"}
NEW = REGION | {"AddressType": "internet", "InstanceChargeType": "PayByCLCU"}


@pytest.fixture
def cloud() -> Cloud:
    world = found(worldfile.load())
    world.clock = SteppedClock(frozen_at=datetime(2026, 1, 1, tzinfo=UTC))
    return Cloud(world)


async def count(cloud: Cloud) -> int:
    return int((await cloud.send("slb", "DescribeLoadBalancers", REGION))["TotalCount"])


async def refusal(cloud: Cloud, product: str, action: str, params: dict[str, str]) -> ApiError:
    with pytest.raises(ApiError) as refused:
        await cloud.send(product, action, params)
    return refused.value


async def test_an_answer_carries_a_request_id_that_the_journal_knows(cloud: Cloud):
    answer = await cloud.send("slb", "DescribeLoadBalancers", REGION)
    (entry,) = cloud.journal.since(0)
    assert entry.request_id == answer["RequestId"]
    assert (entry.product, entry.action, entry.params) == ("slb", "DescribeLoadBalancers", REGION)
    assert (entry.outcome, entry.number) == ("ok", 1)


async def test_the_journal_tells_refusals_by_their_code_and_reads_on_from_a_number(cloud: Cloud):
    await count(cloud)
    await refusal(cloud, "slb", "DescribeLoadBalancerAttribute", REGION | {"LoadBalancerId": "lb-none"})
    (entry,) = cloud.journal.since(1)
    assert entry.outcome == "InvalidLoadBalancerId.NotFound"


def test_the_journal_keeps_no_secret():
    entry = Journal().begin("sts", "AssumeRoleWithOIDC", {"OIDCToken": "hush", "RoleArn": "r"}, "id")
    assert entry.params == {"OIDCToken": "***", "RoleArn": "r"}


async def test_an_unknown_action_is_not_found(cloud: Cloud):
    assert (await refusal(cloud, "slb", "MakeCoffee", {})).code == "InvalidAction.NotFound"
    assert (await refusal(cloud, "slb", "perform", {})).code == "InvalidAction.NotFound"
    assert (await refusal(cloud, "fc", "Invoke", {})).code == "InvalidProduct.NotFound"


async def test_a_call_from_the_wire_needs_its_signature(cloud: Cloud, v1: Any):
    credentials = {"key": "LTAI-yunsim", "secret": worldfile.load().keys[0].secret}
    await cloud.receive(read_call(v1("DescribeLoadBalancers", **credentials, **REGION)), "R-1")
    with pytest.raises(ApiError, match="SignatureDoesNotMatch"):
        await cloud.receive(read_call(v1("DescribeLoadBalancers", **credentials | {"secret": "x"}, **REGION)), "R-2")
    assert [(entry.caller, entry.outcome) for entry in cloud.journal.since(0)] == [
        ("LTAI-yunsim", "ok"),
        ("", "SignatureDoesNotMatch"),
    ]


async def test_calls_above_the_rate_are_throttled_and_change_nothing(cloud: Cloud):
    cloud.limits.set({"slb.Create*": 1})
    await cloud.send("slb", "CreateLoadBalancer", NEW)
    assert (await refusal(cloud, "slb", "CreateLoadBalancer", NEW)).code == "Throttling.User"
    assert await count(cloud) == 1


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Fault("throttle"), 400, "Throttling.User"),
        (Fault("unavailable"), 503, "ServiceUnavailable"),
        (Fault("unavailable", status=502, code=""), 502, ""),
        (Fault("quota", code="InstanceBackendServerNumberOverLimit"), 400, "InstanceBackendServerNumberOverLimit"),
        (Fault("error", status=400, code="SystemBusy"), 400, "SystemBusy"),
    ],
)
async def test_a_fault_answers_in_place_of_the_action(cloud: Cloud, fault: Fault, status: int, code: str):
    cloud.faults.add(fault)
    error = await refusal(cloud, "slb", "CreateLoadBalancer", NEW)
    assert (error.status, error.code) == (status, code)
    cloud.faults.remove()
    assert await count(cloud) == 0


@pytest.mark.parametrize(("kind", "made"), [("lost_before", 0), ("lost_after", 1)])
async def test_an_answer_is_lost_before_or_after_the_effect(cloud: Cloud, kind: Any, made: int):
    cloud.faults.add(Fault(kind, action="Create*", count=1))
    with pytest.raises(LostAnswerError):
        await cloud.send("slb", "CreateLoadBalancer", NEW)
    assert cloud.journal.since(0)[-1].outcome == "lost"
    assert await count(cloud) == made


async def test_a_fault_strikes_the_calls_it_is_told_to_and_as_often_as_told(cloud: Cloud):
    fault = cloud.faults.add(Fault("throttle", product="slb", action="Describe*", skip=1, count=2))
    outcomes = []
    for _ in range(5):
        try:
            await count(cloud)
            outcomes.append("ok")
        except ApiError as refused:
            outcomes.append(refused.code)
    assert outcomes == ["ok", "Throttling.User", "Throttling.User", "ok", "ok"]
    assert fault.happened == 2
    assert (await cloud.send("slb", "CreateLoadBalancer", NEW))["LoadBalancerId"]


async def test_a_probable_fault_strikes_now_and_then_and_the_same_in_every_run(cloud: Cloud):
    cloud.faults.add(Fault("throttle", probability=0.5))
    struck = [bool(cloud.faults.struck("slb", "X", {})) for _ in range(200)]
    assert 60 < sum(struck) < 140
    again = Cloud(cloud.world)
    again.faults.add(Fault("throttle", probability=0.5))
    assert [bool(again.faults.struck("slb", "X", {})) for _ in range(200)] == struck


async def test_slow_calls_and_latency_take_the_time_they_are_told(cloud: Cloud):
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    cloud.sleep, cloud.latency = sleep, 0.1
    await count(cloud)
    cloud.faults.add(Fault("slow", seconds=5))
    await count(cloud)
    assert waited == [0.1, 5.1]


async def test_a_stale_read_answers_from_before_the_last_writes(cloud: Cloud):
    cloud.faults.add(Fault("stale", writes=2))
    seen = []
    for _ in range(4):
        await cloud.send("slb", "CreateLoadBalancer", NEW)
        seen.append(await count(cloud))
    assert seen == [0, 0, 1, 2]
    cloud.faults.remove()
    assert await count(cloud) == 4


async def test_a_stale_read_answers_from_some_seconds_ago(cloud: Cloud):
    clock = cloud.world.clock
    assert isinstance(clock, SteppedClock)
    cloud.faults.add(Fault("stale", seconds=10))
    seen = []
    for _ in range(4):
        await cloud.send("slb", "CreateLoadBalancer", NEW)
        clock.advance(6)
        seen.append(await count(cloud))
    assert seen == [0, 1, 2, 3]
    clock.advance(10)
    assert await count(cloud) == 4


async def test_writes_see_the_present_even_when_reads_do_not(cloud: Cloud):
    cloud.faults.add(Fault("stale", writes=9))
    made = (await cloud.send("slb", "CreateLoadBalancer", NEW))["LoadBalancerId"]
    await cloud.send("slb", "SetLoadBalancerName", REGION | {"LoadBalancerId": made, "LoadBalancerName": "shop"})
    error = await refusal(cloud, "slb", "DescribeLoadBalancerAttribute", REGION | {"LoadBalancerId": made})
    assert error.code == "InvalidLoadBalancerId.NotFound"


async def test_removing_one_fault_leaves_the_others(cloud: Cloud):
    first, second = cloud.faults.add(Fault("throttle")), cloud.faults.add(Fault("slow"))
    cloud.faults.remove([first.id])
    assert cloud.faults.active == [second]
