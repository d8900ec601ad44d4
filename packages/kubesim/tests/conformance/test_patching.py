"""Patches of every type, and server-side apply: who owns a field, who may take it, and what giving it up does."""

import json

import pytest

APPLIED = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {}\n"


@pytest.fixture
async def service(api):
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 81}]
    await api.post(api.path("services"), {"metadata": {"name": "s"}, "spec": {"ports": ports}})
    return api.path("services", "s")


def ports(answer):
    return sorted(port["port"] for port in answer.body["spec"]["ports"])


async def test_a_merge_patch_replaces_lists_and_removes_by_null(api, service):
    await api.patch(service, {"metadata": {"labels": {"x": "1", "y": "2"}}})
    changed = await api.patch(service, {"metadata": {"labels": {"x": None}}, "spec": {"ports": [{"port": 90}]}})
    assert (changed.meta["labels"], ports(changed)) == ({"y": "2"}, [90])


async def test_a_strategic_patch_merges_lists_by_their_key(api, service):
    changed = await api.patch(service, {"spec": {"ports": [{"name": "c", "port": 82}]}}, "strategic")
    assert ports(changed) == [80, 81, 82]
    changed = await api.patch(service, {"spec": {"ports": [{"$patch": "delete", "port": 80}]}}, "strategic")
    assert ports(changed) == [81, 82]
    replaced = {"spec": {"ports": [{"$patch": "replace"}, {"name": "d", "port": 83}]}}
    assert ports(await api.patch(service, replaced, "strategic")) == [83]


async def test_a_json_patch_operates_in_order_or_not_at_all(api, service):
    good = [
        {"op": "test", "path": "/spec/ports/0/port", "value": 80},
        {"op": "add", "path": "/spec/ports/-", "value": {"name": "c", "port": 82}},
        {"op": "remove", "path": "/spec/ports/0"},
    ]
    assert ports(await api.patch(service, good, "json")) == [81, 82]
    bad = [{"op": "remove", "path": "/spec/ports/0"}, {"op": "test", "path": "/spec/type", "value": "no"}]
    refused = await api.patch(service, bad, "json")
    assert (refused.code, refused.body["reason"]) == (422, "Invalid")
    assert ports(await api.get(service)) == [81, 82]
    assert (await api.patch(service, [{"op": "remove", "path": "/nosuch"}], "json")).code == 422


async def test_a_patch_with_a_version_is_conditional(api, service):
    refused = await api.patch(service, {"metadata": {"resourceVersion": "1", "labels": {"x": "y"}}})
    assert (refused.code, refused.body["reason"]) == (409, "Conflict")


async def test_a_patch_of_an_unknown_type_is_refused(api, service):
    refused = await api.call("PATCH", service, {}, kind="application/json")
    assert (refused.code, refused.body["reason"]) == (415, "UnsupportedMediaType")


async def apply(api, manager, data, **query):
    text = APPLIED.format(json.dumps(data))
    return await api.patch(api.path("configmaps", "a"), text, "apply", fieldManager=manager, **query)


async def test_apply_creates_and_then_changes_nothing(api):
    made = await apply(api, "one", {"x": "1"})
    assert made.code == 201
    again = await apply(api, "one", {"x": "1"})
    assert (again.code, again.version) == (200, made.version)
    (entry,) = made.meta["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("one", "Apply")
    assert entry["fieldsV1"] == {"f:data": {"f:x": {}}}


async def test_two_managers_share_an_object_but_not_a_value(api):
    await apply(api, "one", {"x": "1"})
    shared = await apply(api, "two", {"y": "2"})
    assert shared.body["data"] == {"x": "1", "y": "2"}
    assert (await apply(api, "two", {"x": "1", "y": "2"})).code == 200
    refused = await apply(api, "two", {"x": "other", "y": "2"})
    assert (refused.code, refused.body["reason"]) == (409, "Conflict")
    assert refused.body["message"] == 'Apply failed with 1 conflict: conflict with "one": .data.x'
    assert refused.body["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.x"}
    ]


async def test_force_takes_a_field_over(api):
    await apply(api, "one", {"x": "1"})
    taken = await apply(api, "two", {"x": "2"}, force="true")
    assert taken.body["data"] == {"x": "2"}
    assert [entry["manager"] for entry in taken.meta["managedFields"] if entry["fieldsV1"]] == ["two"]


async def test_a_field_that_is_stated_no_more_goes_unless_another_owns_it(api):
    await apply(api, "one", {"x": "1", "y": "2"})
    await apply(api, "two", {"y": "2"})
    left = await apply(api, "one", {})
    assert left.body["data"] == {"y": "2"}


async def test_an_update_takes_a_field_from_who_applied_it(api):
    await apply(api, "one", {"x": "1"})
    await api.patch(api.path("configmaps", "a"), {"data": {"x": "2"}}, fieldManager="hand")
    refused = await apply(api, "one", {"x": "1"})
    assert refused.body["message"] == 'Apply failed with 1 conflict: conflict with "hand" using v1: .data.x'


async def test_apply_needs_a_manager_and_no_managed_fields(api):
    refused = await api.patch(api.path("configmaps", "a"), APPLIED.format("{}"), "apply")
    assert (refused.code, "fieldManager" in refused.body["message"]) == (422, True)
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, managedFields: [{manager: x}]}\n"
    refused = await api.patch(api.path("configmaps", "a"), text, "apply", fieldManager="one")
    assert (refused.code, refused.body["message"]) == (400, "metadata.managedFields must be nil")


async def test_a_dry_run_of_an_apply_creates_nothing(api):
    assert (await apply(api, "one", {}, dryRun="All")).code == 201
    assert (await api.get(api.path("configmaps", "a"))).code == 404
