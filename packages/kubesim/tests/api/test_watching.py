"""Watches in process."""

import asyncio
from contextlib import aclosing

MERGE = "application/merge-patch+json"


async def take(events, count):
    found = []
    async with asyncio.timeout(5), aclosing(events):
        async for event in events:
            found.append(event)
            if len(found) == count:
                break
    return found


def configmap(verbs, name, **labels):
    return verbs.create("configmaps", {"metadata": {"name": name, "labels": labels}}, "default")


def told(events):
    return [(event["type"], event["object"]["metadata"].get("name")) for event in events]


async def test_a_watch_from_a_revision_shows_what_happened_since(verbs):
    since = str(verbs.storage.revision)
    configmap(verbs, "c")
    verbs.patch("configmaps", "c", {"data": {"a": "1"}}, MERGE, "default")
    verbs.delete("configmaps", "c", "default")
    events = await take(verbs.watch("configmaps", "default", since=since), 3)
    assert told(events) == [("ADDED", "c"), ("MODIFIED", "c"), ("DELETED", "c")]
    revisions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert revisions == sorted(set(revisions))


async def test_a_watch_without_revision_begins_with_what_there_is(verbs):
    configmap(verbs, "a")
    assert told(await take(verbs.watch("configmaps", "default"), 1)) == [("ADDED", "a")]


async def test_objects_enter_and_leave_a_selector(verbs):
    since = str(verbs.storage.revision)
    configmap(verbs, "c")
    verbs.patch("configmaps", "c", {"metadata": {"labels": {"w": "1"}}}, MERGE, "default")
    verbs.patch("configmaps", "c", {"metadata": {"labels": None}}, MERGE, "default")
    events = await take(verbs.watch("configmaps", "default", since=since, labels="w=1"), 2)
    assert told(events) == [("ADDED", "c"), ("DELETED", "c")]
    assert events[1]["object"]["metadata"]["labels"] == {"w": "1"}
    assert int(events[1]["object"]["metadata"]["resourceVersion"]) == verbs.storage.revision


async def test_a_start_that_is_too_old_is_an_error_event(verbs):
    events = [event async for event in verbs.watch("services", since="1")]
    assert [event["type"] for event in events] == ["ERROR"]
    status = events[0]["object"]
    assert (status["code"], status["reason"]) == (410, "Expired")
    assert status["message"].startswith("too old resource version: 1 (")


async def test_initial_events_end_with_a_bookmark(verbs):
    configmap(verbs, "a")
    since = str(verbs.storage.revision)
    events = await take(verbs.watch("configmaps", "default", since=since, initial_events=True), 2)
    assert [event["type"] for event in events] == ["ADDED", "BOOKMARK"]
    assert events[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert events[1]["object"]["metadata"]["resourceVersion"] == since


async def test_bookmarks_come_while_nothing_happens(verbs):
    since = str(verbs.storage.revision)
    configmap(verbs, "elsewhere")
    events = await take(verbs.watch("nodes", since=since, bookmarks=0.01), 1)
    assert events[0]["type"] == "BOOKMARK"
    assert int(events[0]["object"]["metadata"]["resourceVersion"]) == verbs.storage.revision


async def test_other_namespaces_are_not_seen(verbs):
    since = str(verbs.storage.revision)
    verbs.create("configmaps", {"metadata": {"name": "other"}}, "kube-system")
    configmap(verbs, "mine")
    assert told(await take(verbs.watch("configmaps", "default", since=since), 1)) == [("ADDED", "mine")]
