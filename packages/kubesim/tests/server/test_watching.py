"""Watches over HTTP, and what can befall them."""

import asyncio
import json

import aiohttp
import pytest

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


async def create(http, name):
    async with http.post(CONFIGMAPS, json={"metadata": {"name": name}}) as response:
        return await response.json()


async def line(response):
    async with asyncio.timeout(5):
        text = await response.content.readline()
    return json.loads(text) if text else None


async def order(http, **fault):
    async with http.post("/_kubesim/faults", json=fault) as response:
        assert response.status == 201
        return await response.json()


async def test_events_arrive_as_they_happen(http):
    first = await create(http, "a")
    since = first["metadata"]["resourceVersion"]
    async with http.get(f"{CONFIGMAPS}?watch=1&resourceVersion={since}") as response:
        await create(http, "b")
        event = await line(response)
    assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "b")
    assert event["object"]["kind"] == "ConfigMap"


async def test_a_watch_ends_after_its_time(http):
    async with http.get(f"{CONFIGMAPS}?watch=true&resourceVersion=0&timeoutSeconds=1") as response:
        assert await response.text() == ""


async def test_a_watch_can_come_as_tables(http):
    await create(http, "a")
    headers = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    async with http.get(f"{CONFIGMAPS}?watch=1", headers=headers) as response:
        first = await line(response)
        await create(http, "b")
        second = await line(response)
    assert first["object"]["rows"][0]["cells"][0] == "a"
    assert [len(each["object"]["columnDefinitions"]) > 0 for each in (first, second)] == [True, False]


async def test_a_watch_of_the_past_is_told_in_the_stream(http):
    async with http.get(f"{CONFIGMAPS}?watch=1&resourceVersion=1") as response:
        assert response.status == 200
        event = await line(response)
        assert (event["type"], event["object"]["code"]) == ("ERROR", 410)
        assert await line(response) is None


async def test_a_compaction_makes_older_revisions_too_old(http):
    made = await create(http, "a")
    await create(http, "b")
    async with http.post("/_kubesim/compact") as response:
        assert response.status == 204
    since = made["metadata"]["resourceVersion"]
    async with http.get(f"{CONFIGMAPS}?watch=1&resourceVersion={since}") as response:
        assert (await line(response))["object"]["reason"] == "Expired"


async def test_410_can_be_ordered_in_both_forms(http):
    await order(http, kind="410", path="configmaps.*watch=1")
    async with http.get(f"{CONFIGMAPS}?watch=1") as response:
        assert (response.status, (await response.json())["reason"]) == (410, "Expired")
    await order(http, kind="410-in-stream", path="configmaps.*watch=1")
    async with http.get(f"{CONFIGMAPS}?watch=1") as response:
        assert response.status == 200
        assert (await line(response))["object"]["code"] == 410
    async with http.get(CONFIGMAPS) as response:
        assert response.status == 200


async def test_a_running_watch_can_be_cut(http):
    async with http.get(f"{CONFIGMAPS}?watch=1&resourceVersion=0") as response:
        assert (await order(http, kind="cut", running=True, path="configmaps"))["met"] == 1
        with pytest.raises(aiohttp.ClientPayloadError):
            await line(response)


async def test_a_running_watch_can_fall_silent_or_expire(http):
    async with (
        http.get(f"{CONFIGMAPS}?watch=1&resourceVersion=0") as silent,
        http.get("/api/v1/secrets?watch=1&resourceVersion=0") as ended,
    ):
        await order(http, kind="hang", running=True, path="configmaps")
        await order(http, kind="410-in-stream", running=True, path="secrets")
        assert (await line(ended))["type"] == "ERROR"
        await create(http, "a")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(silent.content.readline(), 0.1)


async def test_a_client_that_leaves_ends_its_watch(http, running):
    async with http.get(f"{CONFIGMAPS}?watch=1&resourceVersion=0"):
        assert len(running.server.faults.watches) == 1
    async with asyncio.timeout(5):
        while running.server.faults.watches:
            await asyncio.sleep(0.01)
