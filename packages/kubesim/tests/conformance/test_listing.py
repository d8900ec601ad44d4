"""Lists: selectors, pages that stay consistent, and which resourceVersion may be asked for."""

import pytest


@pytest.fixture
async def seven(api):
    for number in range(7):
        made = await api.configmap(f"c{number}", labels={"odd": str(number % 2), "n": str(number)})
    return made


def names(answer):
    return [item["metadata"]["name"] for item in answer.body["items"] if item["metadata"]["name"].startswith("c")]


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        ("odd=1", ["c1", "c3", "c5"]),
        ("odd!=1,n", ["c0", "c2", "c4", "c6"]),
        ("n in (1,2,9)", ["c1", "c2"]),
        ("n notin (0,1,2,3,4),n", ["c5", "c6"]),
        ("n,!odd", []),
    ],
)
async def test_labels_select(api, seven, labels, wanted):
    assert names(await api.get(api.path("configmaps"), labelSelector=labels)) == wanted


async def test_fields_select(api, seven):
    assert names(await api.get(api.path("configmaps"), fieldSelector="metadata.name=c3")) == ["c3"]
    refused = await api.get(api.path("configmaps"), fieldSelector="data.x=1")
    assert (refused.code, "field label not supported" in refused.body["message"]) == (400, True)
    assert (await api.get(api.path("configmaps"), labelSelector="a===b")).code == 400


async def test_pages_show_the_list_as_it_was_when_the_first_was_read(api, seven):
    path = api.path("configmaps")
    first = await api.get(path, limit="3", labelSelector="n")
    await api.configmap("c3a", labels={"n": "x"})
    await api.delete(api.path("configmaps", "c5"))
    found, token = names(first), first.meta.get("continue")
    while token:
        page = await api.get(path, limit="3", labelSelector="n", **{"continue": token})
        assert page.version == first.version
        found, token = found + names(page), page.meta.get("continue")
    assert found == [f"c{number}" for number in range(7)]
    assert "c3a" in names(await api.get(path))


async def test_the_first_page_says_how_many_remain(api, seven):
    first = await api.get(api.path("configmaps"), limit="3")
    remaining = first.meta["remainingItemCount"]
    assert remaining == len((await api.get(api.path("configmaps"))).body["items"]) - 3


@pytest.mark.usefixtures("simulated")
async def test_an_expired_page_may_go_on_inconsistently(api, seven):
    path = api.path("configmaps")
    first = await api.get(path, limit="3", labelSelector="n")
    await api.configmap("c9", labels={"n": "9"})
    async with api.session.post("/_kubesim/compact") as compacted:
        assert compacted.status == 204
    expired = await api.get(path, limit="3", labelSelector="n", **{"continue": first.meta["continue"]})
    assert (expired.code, expired.body["reason"]) == (410, "Expired")
    onwards = await api.get(path, labelSelector="n", **{"continue": expired.meta["continue"]})
    assert names(onwards) == ["c3", "c4", "c5", "c6", "c9"]


async def test_a_bad_token_is_refused(api):
    refused = await api.get(api.path("configmaps"), limit="1", **{"continue": "abc"})
    assert (refused.code, "continue key is not valid" in refused.body["message"]) == (400, True)


async def test_exactly_a_version_shows_the_past(api, seven):
    await api.delete(api.path("configmaps", "c0"))
    past = await api.get(api.path("configmaps"), resourceVersion=seven.version, resourceVersionMatch="Exact")
    assert names(past) == [f"c{number}" for number in range(7)]
    assert past.version == seven.version


async def test_not_older_than_a_version_shows_the_present(api, seven):
    listed = await api.get(api.path("configmaps"), resourceVersion=seven.version, resourceVersionMatch="NotOlderThan")
    assert int(listed.version) >= int(seven.version)
    assert len(names(listed)) == 7


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ({"resourceVersion": "1", "resourceVersionMatch": "Exact"}, 410, "too old"),
        ({"resourceVersion": "999999999999", "timeoutSeconds": "1"}, 504, "Too large resource version"),
        ({"resourceVersion": "abc"}, 400, "invalid resource version"),
        ({"resourceVersionMatch": "Exact"}, 422, "forbidden unless resourceVersion is provided"),
        ({"resourceVersion": "0", "resourceVersionMatch": "Exact"}, 422, 'forbidden for resourceVersion "0"'),
    ],
)
async def test_versions_that_cannot_be_served(api, query, code, words):
    refused = await api.get(api.path("configmaps"), **query)
    assert (refused.code, words in refused.body["message"]) == (code, True)


async def test_metadata_alone_and_tables(api, seven):
    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    partial = await api.get(api.path("configmaps"), accept=accept)
    assert partial.body["kind"] == "PartialObjectMetadataList"
    assert set(partial.body["items"][0]) == {"kind", "apiVersion", "metadata"} or "data" not in partial.body["items"][0]
    table = await api.get(api.path("configmaps"), accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    assert [column["name"] for column in table.body["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert {"c0", "c6"} <= {row["cells"][0] for row in table.body["rows"]}
    assert table.body["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
