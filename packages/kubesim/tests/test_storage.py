"""The store: revisions, history, watchers."""

import asyncio

import pytest

from kubesim import storage as module
from kubesim.storage import Expired, Storage


def thing(name: str, value: int = 0) -> dict:
    return {"metadata": {"name": name}, "value": value}


def names(objects: list[dict]) -> list[str]:
    return [obj["metadata"]["name"] for obj in objects]


def test_every_write_gets_the_next_revision_whatever_the_resource():
    storage = Storage()
    first = storage.put("a", ("", "x"), thing("x"))
    second = storage.put("b", ("", "y"), thing("y"))
    assert int(second["metadata"]["resourceVersion"]) == int(first["metadata"]["resourceVersion"]) + 1


def test_a_replaced_object_stays_as_it_was_for_whoever_holds_it():
    storage = Storage()
    held = storage.put("a", ("", "x"), thing("x", 1))
    storage.put("a", ("", "x"), thing("x", 2))
    assert held["value"] == 1
    assert storage.get("a", ("", "x"))["value"] == 2


def test_lists_are_in_the_order_of_namespace_and_name():
    storage = Storage()
    for key in (("b", "a"), ("a", "z"), ("a", "b"), ("ab", "c")):
        storage.put("a", key, thing("/".join(key)))
    assert names(storage.all("a")) == ["a/b", "a/z", "ab/c", "b/a"]
    assert names(storage.all("a", "a")) == ["a/b", "a/z"]


def test_the_past_is_listed_by_undoing_what_came_after():
    storage = Storage()
    storage.put("a", ("", "kept"), thing("kept", 1))
    storage.put("a", ("", "gone"), thing("gone"))
    then = storage.revision
    storage.put("a", ("", "kept"), thing("kept", 2))
    storage.remove("a", ("", "gone"))
    storage.put("a", ("", "new"), thing("new"))
    past = storage.all_at("a", then)
    assert names(past) == ["gone", "kept"]
    assert past[1]["value"] == 1


def test_a_revision_older_than_the_history_is_expired():
    storage = Storage(history=2)
    for number in range(4):
        storage.put("a", ("", "x"), thing("x", number))
    with pytest.raises(Expired, match="too old resource version"):
        storage.since("a", storage.revision - 3)
    assert len(storage.since("a", storage.revision - 2)) == 2


def test_forgetting_expires_every_earlier_revision_of_every_resource():
    storage = Storage()
    storage.put("a", ("", "x"), thing("x"))
    then = storage.revision
    storage.put("b", ("", "x"), thing("x"))
    storage.forget()
    for resource in ("a", "b", "never-written"):
        with pytest.raises(Expired):
            storage.since(resource, then)
        assert storage.since(resource, storage.revision) == []


async def test_a_watcher_sees_what_came_before_it_asked_and_what_comes_after():
    storage = Storage()
    start = storage.revision
    storage.put("a", ("", "x"), thing("x"))
    watcher = storage.watch("a", start)
    storage.remove("a", ("", "x"))
    assert [change.action for change in await watcher.wait(1)] == ["ADDED", "DELETED"]
    waiting = asyncio.create_task(watcher.wait(1))
    await asyncio.sleep(0)
    storage.put("a", ("", "y"), thing("y"))
    assert [change.key for change in await waiting] == [("", "y")]


async def test_a_wait_that_times_out_leaves_nothing_pending():
    storage = Storage()
    watcher = storage.watch("a", storage.revision)
    waiting = asyncio.create_task(watcher.wait(0))
    asyncio.get_running_loop().call_soon(storage.put, "a", ("", "x"), thing("x"))
    taken = await waiting + await watcher.wait(0)
    assert [change.key for change in taken] == [("", "x")]
    assert await watcher.wait(0.01) == []


async def test_a_watcher_that_does_not_keep_up_is_cut_off(monkeypatch):
    monkeypatch.setattr(module, "BACKLOG", 3)
    storage = Storage()
    watcher = storage.watch("a", storage.revision)
    for number in range(5):
        storage.put("a", ("", "x"), thing("x", number))
    assert watcher.closed
    assert await watcher.wait(1) == []
