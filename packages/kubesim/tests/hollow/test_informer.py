import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from kubesim.api.verbs import Verbs
from kubesim.hollow.informer import Informer
from kubesim.storage import Storage


@pytest.fixture
def verbs():
    verbs = Verbs(Storage(history=3))
    verbs.create("namespaces", {"metadata": {"name": "default"}})
    return verbs


def config_map(name, **data):
    return {"metadata": {"name": name}, "data": data}


@asynccontextmanager
async def following(informer):
    task = asyncio.create_task(informer.run())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def recorded(informer):
    seen = []
    informer.on_change(lambda old, new: seen.append((name_of(old), name_of(new))))
    return seen


def name_of(obj):
    return obj["metadata"]["name"] + "".join(obj.get("data", {}).values()) if obj else None


async def settle():
    for _ in range(5):
        await asyncio.sleep(0.001)


async def test_what_is_there_and_what_changes_is_told(verbs):
    verbs.create("configmaps", config_map("a"), "default")
    informer = Informer(verbs, "configmaps")
    seen = recorded(informer)
    async with following(informer):
        verbs.update("configmaps", config_map("a", k="1"), "default")
        await settle()
        verbs.delete("configmaps", "a", "default")
        await settle()
    assert seen == [(None, "a"), ("a", "a1"), ("a1", None)]


async def test_a_late_handler_is_told_what_there_is(verbs):
    verbs.create("configmaps", config_map("a"), "default")
    informer = Informer(verbs, "configmaps")
    informer.relist()
    assert recorded(informer) == [(None, "a")]


async def test_own_writes_are_told_once(verbs):
    informer = Informer(verbs, "configmaps")
    seen = recorded(informer)
    async with following(informer):
        informer.saw(verbs.create("configmaps", config_map("a"), "default"))
        verbs.delete("configmaps", "a", "default")
        informer.lost(("default", "a"))
        await settle()
    assert seen == [(None, "a"), ("a", None)]


async def test_an_old_event_does_not_bring_back_what_is_gone(verbs):
    informer = Informer(verbs, "configmaps")
    seen = recorded(informer)
    async with following(informer):
        verbs.create("configmaps", config_map("a"), "default")
        informer.saw(verbs.update("configmaps", config_map("a", k="2"), "default"))
        verbs.delete("configmaps", "a", "default")
        informer.lost(("default", "a"))
        informer.saw(verbs.create("configmaps", config_map("a", k="3"), "default"))
        await settle()
    assert seen == [(None, "a2"), ("a2", None), (None, "a3")]


async def test_listing_anew_tells_what_went_and_what_came(verbs):
    verbs.create("configmaps", config_map("a"), "default")
    informer = Informer(verbs, "configmaps")
    informer.relist()
    seen = recorded(informer)
    verbs.delete("configmaps", "a", "default")
    verbs.create("configmaps", config_map("b"), "default")
    informer.relist()
    assert seen == [(None, "a"), ("a", None), (None, "b")]


async def test_a_watch_that_breaks_with_410_goes_on(verbs):
    informer = Informer(verbs, "configmaps")
    async with following(informer):
        await settle()
        verbs.storage.forget()
        for watcher in list(verbs.storage._table("configmaps").watchers):
            watcher.close()
        verbs.create("namespaces", {"metadata": {"name": "other"}})
        verbs.storage.forget()
        verbs.create("configmaps", config_map("a"), "default")
        await settle()
        assert ("default", "a") in informer.objects
        verbs.delete("configmaps", "a", "default")
        await settle()
        assert not informer.objects
