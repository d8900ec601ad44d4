"""Every fault, as a caller in process meets it and as a client over HTTP does."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Protocol

import aiohttp
import pytest

from yunsim import worldfile
from yunsim.calls import Cloud
from yunsim.errors import ApiError
from yunsim.faults import Fault, LostAnswerError
from yunsim.founding import found
from yunsim.limits import DOCUMENTED
from yunsim.serving import serving
from yunsim.world import SteppedClock

FILE = worldfile.load()
REGION = {"RegionId": FILE.region}
KEY = {"key": FILE.keys[0].id, "secret": FILE.keys[0].secret}
VERSIONS = {"slb": "2014-05-15", "vpc": "2016-04-28", "ecs": "2014-05-26"}


class Way(Protocol):
    """A way to a cloud: `call` raises ApiError or LostAnswerError."""

    cloud: Cloud

    async def call(self, product: str, action: str, **params: str) -> dict[str, Any]: ...

    async def fault(self, **fault: Any) -> None: ...

    async def advance(self, seconds: float) -> None: ...


class InProcess:
    def __init__(self) -> None:
        self.cloud = Cloud(found(FILE))

    async def call(self, product: str, action: str, **params: str) -> dict[str, Any]:
        return await self.cloud.send(product, action, REGION | params)

    async def fault(self, **fault: Any) -> None:
        self.cloud.faults.add(Fault(**fault))

    async def advance(self, seconds: float) -> None:
        assert isinstance(self.cloud.world.clock, SteppedClock)
        self.cloud.world.clock.advance(seconds)


class OverHttp:
    def __init__(self, url: str, cloud: Cloud, session: aiohttp.ClientSession, sign: Any) -> None:
        self.url, self.cloud, self.session, self.sign = url, cloud, session, sign

    async def call(self, product: str, action: str, **params: str) -> dict[str, Any]:
        request = self.sign(action, version=VERSIONS[product], **KEY, **REGION, **params)
        try:
            async with self.session.post(self.url + request.target) as response:
                body = await response.json(content_type=None) if response.content_type != "text/html" else {}
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            raise LostAnswerError from error
        if response.status != 200:
            raise ApiError(response.status, body.get("Code", ""), body.get("Message", ""))
        return dict(body)

    async def fault(self, **fault: Any) -> None:
        await self._control("faults", fault)

    async def advance(self, seconds: float) -> None:
        await self._control("clock", {"advance": seconds})

    async def _control(self, path: str, body: Any) -> None:
        async with self.session.post(f"{self.url}/_yunsim/{path}", json=body) as response:
            assert response.status == 200, await response.text()


@pytest.fixture(params=["in process", "over HTTP"])
async def way(request: pytest.FixtureRequest, v1: Any) -> AsyncIterator[Way]:
    if request.param == "in process":
        yield InProcess()
        return
    async with serving(FILE, "127.0.0.1", 0) as server, aiohttp.ClientSession() as session:
        yield OverHttp(server.url, server.cloud, session, v1)


async def make(way: Way) -> str:
    made = await way.call("slb", "CreateLoadBalancer", AddressType="internet", InstanceChargeType="PayByCLCU")
    return str(made["LoadBalancerId"])


async def count(way: Way) -> int:
    return int((await way.call("slb", "DescribeLoadBalancers"))["TotalCount"])


async def refusal(way: Way, product: str, action: str, **params: str) -> tuple[int, str]:
    with pytest.raises(ApiError) as refused:
        await way.call(product, action, **params)
    return refused.value.status, refused.value.code


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        ({"kind": "error", "status": 400, "code": "SystemBusy"}, (400, "SystemBusy")),
        ({"kind": "throttle"}, (400, "Throttling.User")),
        ({"kind": "quota"}, (400, "QuotaExceeded")),
        (
            {"kind": "quota", "code": "InstanceBackendServerNumberOverLimit"},
            (400, "InstanceBackendServerNumberOverLimit"),
        ),
        ({"kind": "unavailable"}, (503, "ServiceUnavailable")),
        ({"kind": "unavailable", "status": 502, "code": ""}, (502, "")),
        ({"kind": "error", "status": 500, "code": "InternalError"}, (500, "InternalError")),
    ],
    ids=lambda each: str(each),
)
async def test_a_fault_answers_in_place_of_the_action(way: Way, fault: dict[str, Any], answer: tuple[int, str]):
    await way.fault(action="Create*", **fault)
    assert await refusal(way, "slb", "CreateLoadBalancer") == answer
    assert await count(way) == 0


@pytest.mark.parametrize(("kind", "made"), [("lost_before", 0), ("lost_after", 1)])
async def test_an_answer_is_lost_before_or_after_the_effect(way: Way, kind: str, made: int):
    await way.fault(kind=kind, action="Create*", count=1)
    with pytest.raises(LostAnswerError):
        await make(way)
    assert await count(way) == made


async def test_a_late_call_takes_effect_some_seconds_after_its_sender_gave_up(way: Way):
    await way.fault(kind="late", action="Create*", count=1, seconds=30)
    with pytest.raises(LostAnswerError):
        await make(way)
    assert await count(way) == 0
    assert way.cloud.journal.since(0)[0].outcome == "lost"
    await way.advance(31)
    assert await count(way) == 1
    assert way.cloud.journal.since(0)[0].outcome == "late ok"


async def test_a_late_call_comes_even_when_nobody_calls_any_more(way: Way):
    await way.fault(kind="late", action="Create*", count=1, seconds=0.01)
    with pytest.raises(LostAnswerError):
        await make(way)
    async with asyncio.timeout(5):
        while not way.cloud.world.states["slb"].load_balancers:
            await asyncio.sleep(0.005)


async def test_a_late_call_that_is_refused_by_then_is_told_so_by_the_journal(way: Way):
    balancer = await make(way)
    await way.fault(kind="late", action="SetLoadBalancerName", seconds=5)
    with pytest.raises(LostAnswerError):
        await way.call("slb", "SetLoadBalancerName", LoadBalancerId=balancer, LoadBalancerName="late")
    await way.call("slb", "DeleteLoadBalancer", LoadBalancerId=balancer)
    await way.advance(6)
    assert await count(way) == 0
    assert way.cloud.journal.since(1)[0].outcome == "late InvalidLoadBalancerId.NotFound"


async def test_late_calls_come_in_the_order_of_their_times(way: Way):
    balancer = await make(way)
    for name, seconds in (("second", 20), ("first", 10)):
        await way.fault(kind="late", action="SetLoadBalancerName", params={"LoadBalancerName": name}, seconds=seconds)
        with pytest.raises(LostAnswerError):
            await way.call("slb", "SetLoadBalancerName", LoadBalancerId=balancer, LoadBalancerName=name)
    await way.advance(30)
    told = await way.call("slb", "DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
    assert told["LoadBalancerName"] == "second"


@pytest.mark.parametrize(
    ("product", "action", "code"),
    [
        ("slb", "SetLoadBalancerName", "ServiceIsConfiguring"),
        ("slb", "AddVServerGroupBackendServers", "BackendServer.configuring"),
        ("vpc", "CreateRouteEntries", "TaskConflict"),
        ("ecs", "StopInstance", "OperationConflict"),
    ],
)
async def test_a_busy_resource_refuses_writes_in_its_products_words_and_answers_reads(
    way: Way, product: str, action: str, code: str
):
    await way.fault(kind="busy")
    assert await refusal(way, product, action) == (400, code)
    assert await count(way) == 0


async def test_a_fault_of_one_resource_leaves_the_others_alone(way: Way):
    first, second = await make(way), await make(way)
    await way.fault(kind="busy", params={"LoadBalancerId": first})
    assert (await refusal(way, "slb", "DeleteLoadBalancer", LoadBalancerId=first))[1] == "ServiceIsConfiguring"
    await way.call("slb", "DeleteLoadBalancer", LoadBalancerId=second)
    assert await count(way) == 1


async def test_a_stale_read_answers_from_before_the_last_writes_and_from_some_seconds_ago(way: Way):
    await way.fault(kind="stale", writes=1, count=1)
    await make(way)
    assert (await count(way), await count(way)) == (0, 1)
    await way.advance(61)
    await way.fault(kind="stale", seconds=60)
    await make(way)
    assert await count(way) == 1
    await way.advance(61)
    assert await count(way) == 2


async def test_a_slow_call_takes_its_time_and_then_its_effect(way: Way):
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    way.cloud.sleep = sleep
    await way.fault(kind="slow", action="Create*", seconds=7)
    await make(way)
    assert (waited, await count(way)) == ([7], 1)


async def test_the_documented_rates_hold_for_a_minute_of_the_worlds_time(way: Way):
    way.cloud.limits.set(DOCUMENTED)
    balancer = await make(way)
    name = {"LoadBalancerId": balancer, "LoadBalancerName": "shop"}
    for _ in range(90):
        await way.call("slb", "SetLoadBalancerName", **name)
    assert await refusal(way, "slb", "SetLoadBalancerName", **name) == (400, "Throttling.User")
    assert await count(way) == 1
    await way.advance(60)
    await way.call("slb", "SetLoadBalancerName", **name)
