"""Faults and the journal, over HTTP."""

import asyncio
import time

import aiohttp
import pytest

NODES = "/api/v1/nodes"


async def order(http, code=201, **fault):
    async with http.post("/_kubesim/faults", json=fault) as response:
        assert response.status == code
        return await response.json()


async def status(http, path=NODES, method="GET"):
    async with http.request(method, path) as response:
        await response.read()
        return response.status


@pytest.mark.parametrize(("kind", "code"), [("429", 429), ("500", 500), ("410", 410)])
async def test_a_fault_meets_as_many_requests_as_ordered(http, kind, code):
    await order(http, kind=kind, count=2)
    assert [await status(http) for _ in range(3)] == [code, code, 200]


async def test_a_fault_meets_the_requests_that_match(http):
    await order(http, kind="500", method="GET", path="/services", count=0)
    assert await status(http) == 200
    assert await status(http, "/api/v1/services") == 500
    assert await status(http, "/api/v1/services") == 500
    async with http.delete("/_kubesim/faults") as response:
        assert response.status == 204
    assert await status(http, "/api/v1/services") == 200


async def test_throttling_says_when_to_come_back(http):
    await order(http, kind="429", seconds=7)
    async with http.get(NODES) as response:
        assert response.headers["Retry-After"] == "7"


async def test_a_slow_answer_takes_its_time(http):
    await order(http, kind="slow", seconds=0.2)
    started = time.monotonic()
    assert await status(http) == 200
    assert time.monotonic() - started >= 0.2


async def test_a_cut_request_has_no_answer(http):
    await order(http, kind="cut")
    with pytest.raises(aiohttp.ClientError):
        await status(http, method="POST")


async def test_a_hanging_request_has_no_answer_either(http):
    await order(http, kind="hang")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(status(http), 0.1)
    assert await status(http) == 200


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "nonsense"},
        {"kind": "500", "path": "("},
        {"kind": "500", "count": "1"},
        {"kind": "500", "other": 1},
        {"kind": "500", "running": True},
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(http, fault):
    assert "fault" in (await order(http, 400, **fault))["message"]


async def test_the_journal_counts_requests_and_keeps_no_secrets(http):
    await status(http)
    await status(http, "/api/v1/nosuch")
    async with http.get("/_kubesim/requests") as response:
        text = await response.text()
        journal = await response.json()
    assert journal["count"] == 2
    assert journal["codes"] == {"200": 1, "404": 1}
    assert journal["requests"][0] | {"seconds": 0} == {
        "method": "GET",
        "path": NODES,
        "userAgent": "tests/1.0",
        "code": 200,
        "seconds": 0,
    }
    assert "Bearer" not in text
