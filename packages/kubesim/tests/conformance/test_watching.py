"""Watches: where they start, what a selector sees, bookmarks, and both forms of being too late."""

import pytest


async def test_changes_come_in_order_from_the_version_asked_for(api):
    path, first = api.path("configmaps"), await api.configmap("a")
    await api.patch(f"{path}/a", {"data": {"x": "1"}})
    await api.configmap("b")
    await api.delete(f"{path}/a")
    async with api.watch(path, resourceVersion=first.version) as events:
        seen = await events.some(3)
    assert [(event["type"], event["object"]["metadata"]["name"]) for event in seen] == [
        ("MODIFIED", "a"),
        ("ADDED", "b"),
        ("DELETED", "a"),
    ]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in seen]
    assert versions == sorted(set(versions))
    assert versions[0] > int(first.version)


async def test_without_a_version_the_present_comes_first(api):
    await api.configmap("a")
    async with api.watch(api.path("configmaps"), fieldSelector="metadata.name!=kube-root-ca.crt") as events:
        assert await events.types(1) == [("ADDED", "a")]
        await api.configmap("b")
        assert await events.types(1) == [("ADDED", "b")]


async def test_a_selector_sees_objects_enter_and_leave(api):
    path, made = api.path("configmaps"), await api.configmap("a")
    async with api.watch(path, resourceVersion=made.version, labelSelector="in=yes") as events:
        await api.patch(f"{path}/a", {"metadata": {"labels": {"in": "yes"}}})
        await api.patch(f"{path}/a", {"data": {"x": "1"}})
        await api.patch(f"{path}/a", {"metadata": {"labels": {"in": "no"}}})
        seen = await events.some(3)
    assert [event["type"] for event in seen] == ["ADDED", "MODIFIED", "DELETED"]
    assert seen[2]["object"]["metadata"]["labels"] == {"in": "yes"}


async def test_initial_events_end_with_a_bookmark_that_says_so(api):
    await api.configmap("a")
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    chosen = {"fieldSelector": "metadata.name!=kube-root-ca.crt"}
    async with api.watch(api.path("configmaps"), **query, **chosen) as events:
        added, end = await events.some(2)
        assert (added["type"], added["object"]["metadata"]["name"]) == ("ADDED", "a")
        assert end["type"] == "BOOKMARK"
        assert end["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        version = int(end["object"]["metadata"]["resourceVersion"])
        assert version >= int(added["object"]["metadata"]["resourceVersion"])
        await api.configmap("b")
        assert await events.types(1) == [("ADDED", "b")]


async def test_initial_events_need_a_match(api):
    refused = await api.get(api.path("configmaps"), watch="1", sendInitialEvents="true")
    assert (refused.code, refused.body["reason"]) == (422, "Invalid")
    assert "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan" in refused.body["message"]


async def test_a_start_that_is_too_old_is_an_error_in_the_stream(api):
    async with api.watch(api.path("configmaps"), resourceVersion="1") as events:
        event = await events.next()
    assert (events.code, event["type"]) == (200, "ERROR")
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
    assert event["object"]["message"].startswith("too old resource version: 1 (")


@pytest.mark.usefixtures("simulated")
async def test_too_old_may_also_be_the_answer_itself(api):
    fault = {"kind": "410", "path": f"{api.namespace}/configmaps.*watch=1"}
    await api.post("/_kubesim/faults", fault)
    refused = await api.get(api.path("configmaps"), watch="1", resourceVersion="5")
    assert (refused.code, refused.body["reason"]) == (410, "Expired")


async def test_one_object_is_watched_by_its_path_or_its_name(api):
    made = await api.configmap("a")
    await api.configmap("b")
    for path, query in (
        (api.path("configmaps", "a"), {}),
        (api.path("configmaps"), {"fieldSelector": "metadata.name=a"}),
    ):
        async with api.watch(path, resourceVersion=made.version, **query) as events:
            await api.patch(api.path("configmaps", "b"), {"data": {"x": path[-3:]}})
            await api.patch(api.path("configmaps", "a"), {"data": {"x": path[-3:]}})
            assert await events.types(1) == [("MODIFIED", "a")]


async def test_a_list_and_a_watch_from_it_leave_no_gap(api):
    path = api.path("configmaps")
    await api.configmap("a")
    listed = await api.get(path)
    for name in ("b", "c", "d"):
        await api.configmap(name)
    async with api.watch(path, resourceVersion=listed.version) as events:
        assert await events.types(3) == [("ADDED", "b"), ("ADDED", "c"), ("ADDED", "d")]
