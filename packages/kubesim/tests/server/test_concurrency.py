"""Twenty writers and several watchers at once: no lost update, and every watcher sees every write once and in order."""

import asyncio
import json
import random

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
MERGE = "application/merge-patch+json"
NAMES = [f"c{number}" for number in range(8)]


async def ask(http, method, path, body=None, kind="application/json"):
    async with http.request(method, path, data=body and json.dumps(body), headers={"Content-Type": kind}) as response:
        return response.status, await response.json()


async def write_at_random(http, seed, accepted):
    chance = random.Random(seed)
    for _ in range(25):
        name = chance.choice(NAMES)
        path, body = f"{CONFIGMAPS}/{name}", {"metadata": {"name": name}, "data": {"by": str(chance.random())}}
        match chance.randrange(4):
            case 0:
                code, obj = await ask(http, "POST", CONFIGMAPS, body)
            case 1:
                code, obj = await ask(http, "PATCH", path, {"data": {"by": str(chance.random())}}, MERGE)
            case 2:
                code, obj = await ask(http, "GET", path)
                if code == 200:
                    code, obj = await ask(http, "PUT", path, obj | {"data": {"n": str(chance.random())}})
            case _:
                await ask(http, "DELETE", path)
                continue
        assert code in (200, 201, 404, 409)
        if code in (200, 201):
            accepted.append((int(obj["metadata"]["resourceVersion"]), name, obj["data"]))


async def collect(http, since, seen, ended):
    async with http.get(CONFIGMAPS, params={"watch": "1", "resourceVersion": since}) as response:
        async for line in response.content:
            event = json.loads(line)
            if event["object"]["metadata"]["name"] == "end":
                ended.set()
                return
            seen.append((event["type"], event["object"]))


def replayed(items, events):
    """The state that a list and the events after it add up to."""
    state = {item["metadata"]["name"]: item for item in items}
    for kind, obj in events:
        name = obj["metadata"]["name"]
        assert (kind == "ADDED") is (name not in state), f"{kind} of {name}"
        state[name] = obj
        if kind == "DELETED":
            del state[name]
    return {name: (obj["metadata"]["resourceVersion"], obj["data"]) for name, obj in state.items()}


async def test_concurrent_writes_are_seen_once_in_order_and_by_everybody(http):
    await ask(http, "POST", CONFIGMAPS, {"metadata": {"name": "c0"}, "data": {"by": "first"}})
    _, before = await ask(http, "GET", CONFIGMAPS)
    accepted, seen = [], [[], [], []]
    ends = [asyncio.Event() for _ in seen]
    since = before["metadata"]["resourceVersion"]
    watching = [asyncio.create_task(collect(http, since, *each)) for each in zip(seen, ends, strict=True)]
    await asyncio.gather(*(write_at_random(http, seed, accepted) for seed in range(20)))
    _, after = await ask(http, "GET", CONFIGMAPS)
    await ask(http, "POST", CONFIGMAPS, {"metadata": {"name": "end"}})
    await asyncio.gather(*watching)
    assert seen[0] == seen[1] == seen[2]
    versions = [int(obj["metadata"]["resourceVersion"]) for _, obj in seen[0]]
    assert versions == sorted(set(versions))
    written = {int(obj["metadata"]["resourceVersion"]): obj for kind, obj in seen[0] if kind != "DELETED"}
    assert len(accepted) > 50
    for version, name, data in accepted:
        assert (written[version]["metadata"]["name"], written[version]["data"]) == (name, data)
    assert set(written) == {version for version, _, _ in accepted}
    assert replayed(before["items"], seen[0]) == replayed(after["items"], [])


async def test_twenty_writers_that_retry_lose_no_update(http):
    await ask(http, "POST", CONFIGMAPS, {"metadata": {"name": "sum"}, "data": {"n": "0"}})

    async def add_one():
        while True:
            _, obj = await ask(http, "GET", f"{CONFIGMAPS}/sum")
            changed = obj | {"data": {"n": str(int(obj["data"]["n"]) + 1)}}
            if (await ask(http, "PUT", f"{CONFIGMAPS}/sum", changed))[0] == 200:
                return

    await asyncio.gather(*(add_one() for _ in range(20)))
    assert (await ask(http, "GET", f"{CONFIGMAPS}/sum"))[1]["data"] == {"n": "20"}
