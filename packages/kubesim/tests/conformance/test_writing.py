"""Creating, replacing and what is refused: names, versions, fields, dry runs."""

import asyncio

import pytest


async def test_an_object_is_created_with_what_the_server_fills_in(api):
    made = await api.configmap("a", {"x": "y"})
    assert made.code == 201
    assert {"uid", "resourceVersion", "creationTimestamp", "managedFields"} <= set(made.meta)
    assert made.meta["managedFields"][0]["manager"] == "conformance"
    assert (await api.get(api.path("configmaps", "a"))).body == made.body


async def test_a_generated_name_begins_with_what_was_asked(api):
    made = await api.post(api.path("configmaps"), {"metadata": {"generateName": "gen-"}})
    assert made.meta["name"].startswith("gen-")
    assert len(made.meta["name"]) == len("gen-") + 5


async def test_a_name_is_taken_once(api):
    await api.configmap("a")
    again = await api.configmap("a")
    assert (again.code, again.body["reason"]) == (409, "AlreadyExists")
    assert again.body["message"] == 'configmaps "a" already exists'


async def test_a_replacement_based_on_an_older_version_is_refused(api):
    made = await api.configmap("a", {"n": "1"})
    path = api.path("configmaps", "a")
    newer = await api.put(path, made.body | {"data": {"n": "2"}})
    assert newer.code == 200
    refused = await api.put(path, made.body | {"data": {"n": "3"}})
    assert (refused.code, refused.body["reason"]) == (409, "Conflict")
    assert "the object has been modified" in refused.body["message"]
    assert (await api.get(path)).body["data"] == {"n": "2"}


async def test_a_replacement_without_a_version_is_not_conditional(api):
    await api.configmap("a", {"n": "1"})
    body = {"metadata": {"name": "a"}, "data": {"n": "2"}}
    assert (await api.put(api.path("configmaps", "a"), body)).body["data"] == {"n": "2"}


async def test_a_write_that_changes_nothing_keeps_the_version(api):
    made = await api.configmap("a", {"n": "1"})
    assert (await api.put(api.path("configmaps", "a"), made.body)).version == made.version
    assert (await api.patch(api.path("configmaps", "a"), {"data": {"n": "1"}})).version == made.version


async def test_an_object_of_another_uid_is_not_replaced(api):
    made = await api.configmap("a")
    body = {"metadata": {"name": "a", "uid": "00000000-0000-0000-0000-000000000000"}}
    refused = await api.put(api.path("configmaps", "a"), body)
    assert refused.code == 409
    assert f"UID in object meta: {made.meta['uid']}" in refused.body["message"]


async def test_name_and_namespace_must_be_those_of_the_path(api):
    other = await api.put(api.path("configmaps", "a"), {"metadata": {"name": "b"}})
    assert (other.code, "does not match the name on the URL" in other.body["message"]) == (400, True)
    elsewhere = await api.post(api.path("configmaps"), {"metadata": {"name": "a", "namespace": "elsewhere"}})
    assert elsewhere.code == 400
    assert "namespace of the provided object does not match" in elsewhere.body["message"]


@pytest.mark.parametrize("verb", ["create", "replace", "patch", "delete"])
async def test_a_dry_run_answers_and_changes_nothing(api, verb):
    made, path = await api.configmap("a", {"n": "1"}), api.path("configmaps", "a")
    body = {"metadata": {"name": "a"}, "data": {"n": "2"}}
    match verb:
        case "create":
            answer = await api.post(api.path("configmaps"), {"metadata": {"name": "b"}}, dryRun="All")
            assert (await api.get(api.path("configmaps", "b"))).code == 404
        case "replace":
            answer = await api.put(path, body, dryRun="All")
            assert answer.body["data"] == {"n": "2"}
        case "patch":
            answer = await api.patch(path, {"data": {"n": "2"}}, dryRun="All")
            assert answer.body["data"] == {"n": "2"}
        case _:
            answer = await api.delete(path, dryRun="All")
    assert answer.code in (200, 201)
    assert (await api.get(path)).body == made.body


async def test_an_unknown_field_is_refused_warned_of_or_dropped(api):
    body = {"metadata": {"name": "a"}, "nosuch": 1}
    strict = await api.post(api.path("configmaps"), body, fieldValidation="Strict")
    assert (strict.code, strict.body["reason"]) == (400, "BadRequest")
    assert 'strict decoding error: unknown field "nosuch"' in strict.body["message"]
    warned = await api.post(api.path("configmaps"), body, fieldValidation="Warn", dryRun="All")
    assert warned.warnings == ['299 - "unknown field \\"nosuch\\""']
    ignored = await api.post(api.path("configmaps"), body, fieldValidation="Ignore")
    assert (ignored.code, ignored.warnings, "nosuch" in ignored.body) == (201, [], False)


async def test_a_value_of_the_wrong_type_is_named(api):
    refused = await api.post(api.path("configmaps"), {"metadata": {"name": "a"}, "data": {"n": 1}})
    assert refused.code == 400
    assert "cannot unmarshal number into Go struct field ConfigMap.data of type string" in refused.body["message"]


async def test_every_wrong_thing_is_a_cause_of_its_own(api):
    labels = {"bad key!": "v", "good": "bad value!"}
    refused = await api.post(api.path("configmaps"), {"metadata": {"name": "Not_a_name", "labels": labels}})
    assert (refused.code, refused.body["reason"]) == (422, "Invalid")
    assert {field for field, _ in refused.causes} == {"metadata.name", "metadata.labels"}
    assert len(refused.causes) == 3


async def test_another_kind_is_refused(api):
    refused = await api.post(api.path("configmaps"), {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}})
    assert refused.code == 400
    assert "Secret in version" in refused.body["message"]


async def test_what_is_missing_is_not_found(api):
    missing = await api.get(api.path("configmaps", "none"))
    assert (missing.code, missing.body["reason"]) == (404, "NotFound")
    assert missing.body["details"] == {"name": "none", "kind": "configmaps"}
    assert (await api.get(api.path("nosuch"))).code == 404
    assert (await api.put(api.path("configmaps"), {})).code == 405


async def test_twenty_writers_who_retry_lose_no_update(api):
    await api.configmap("counter", {"n": "0"})
    path = api.path("configmaps", "counter")

    async def add_one():
        while True:
            seen = await api.get(path)
            body = seen.body | {"data": {"n": str(int(seen.body["data"]["n"]) + 1)}}
            if (await api.put(path, body)).code == 200:
                return

    await asyncio.gather(*(add_one() for _ in range(20)))
    assert (await api.get(path)).body["data"] == {"n": "20"}
