"""The API over HTTP: status codes, media types, forms."""

import asyncio
import io
import json

import aiohttp
import pytest

from kubesim.kinds import KINDS

SERVICES = "/api/v1/namespaces/default/services"
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}


def service(name, **spec):
    body = {"ports": [{"port": 80}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": body}


async def call(http, method, path, **named):
    async with http.request(method, path, **named) as response:
        text = await response.text()
        return response.status, json.loads(text) if response.content_type == "application/json" else text


async def test_an_object_is_created_read_changed_and_deleted(http):
    assert (await call(http, "POST", SERVICES, json=service("s")))[0] == 201
    assert (await call(http, "GET", f"{SERVICES}/s"))[1]["spec"]["type"] == "ClusterIP"
    headers = {"Content-Type": "application/merge-patch+json"}
    status, changed = await call(http, "PATCH", f"{SERVICES}/s", data='{"spec":{"type":"NodePort"}}', headers=headers)
    assert (status, changed["spec"]["type"]) == (200, "NodePort")
    status, gone = await call(http, "DELETE", f"{SERVICES}/s")
    assert (status, gone["kind"]) == (200, "Service")
    assert (await call(http, "GET", f"{SERVICES}/s"))[0] == 404


async def test_a_deleted_object_of_most_kinds_answers_with_a_status(http):
    path = "/api/v1/namespaces/default/configmaps"
    _, made = await call(http, "POST", path, json={"metadata": {"name": "c"}})
    assert await call(http, "DELETE", f"{path}/c") == (
        200,
        {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": {"name": "c", "kind": "configmaps", "uid": made["metadata"]["uid"]},
        },
    )


async def test_an_error_is_a_status(http):
    assert await call(http, "GET", f"{SERVICES}/none") == (
        404,
        {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": 'services "none" not found',
            "reason": "NotFound",
            "details": {"name": "none", "kind": "services"},
            "code": 404,
        },
    )


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/api/v1/namespaces/default/nosuch", 404),
        ("GET", "/apis/nosuch/v1", 404),
        ("GET", "/elsewhere", 404),
        ("PUT", SERVICES, 405),
        ("POST", f"{SERVICES}/kubernetes", 405),
        ("GET", f"{SERVICES}/kubernetes/nosuch", 404),
    ],
)
async def test_what_is_not_served_is_refused(http, method, path, code):
    assert (await call(http, method, path, json={}))[0] == code


@pytest.mark.parametrize(
    ("body", "content_type", "code", "message"),
    [
        ('{"apiVersion":', "application/json", 400, "json parse error: unexpected end of JSON input"),
        ("a: b", "text/plain", 415, "accepted media types include: application/json, application/yaml"),
        ("[1]", "application/json", 400, "must be of type Service"),
        ("a: [", "application/yaml", 400, "error decoding YAML"),
        ("k8s\0\xff", "application/vnd.kubernetes.protobuf", 400, "must be of type Service"),
        ('{"spec":{"ports":[{"port":"x"}]}}', "application/json", 400, "cannot unmarshal string into Go struct field"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(http, body, content_type, code, message):
    headers = {"Content-Type": content_type}
    status, answer = await call(http, "POST", SERVICES, data=body.encode("latin-1"), headers=headers)
    assert status == code
    assert message in answer["message"]


async def test_yaml_is_read_and_dates_in_it_stay_text(http):
    text = "metadata: {name: c}\ndata: {day: '2026-01-01', plain: x}"
    headers = {"Content-Type": "application/yaml"}
    path = "/api/v1/namespaces/default/configmaps"
    assert (await call(http, "POST", path, data=text, headers=headers))[1]["data"]["day"] == "2026-01-01"


async def test_apply_answers_201_and_then_200(http):
    headers = {"Content-Type": "application/apply-patch+yaml"}
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}"
    path = "/api/v1/namespaces/default/configmaps/c?fieldManager=me"
    assert (await call(http, "PATCH", path, data=text, headers=headers))[0] == 201
    assert (await call(http, "PATCH", path, data=text, headers=headers))[0] == 200


async def test_warnings_are_headers(http):
    async with http.post(SERVICES, json=service("s", nosuch=1)) as response:
        assert response.headers.getall("Warning") == ['299 - "unknown field \\"spec.nosuch\\""']
    async with http.get("/api/v1/endpoints") as response:
        assert "v1 Endpoints is deprecated" in response.headers["Warning"]


async def test_nobody_without_the_token_gets_past_health(running):
    async with aiohttp.ClientSession(running.url) as anonymous:
        assert await call(anonymous, "GET", "/readyz") == (200, "ok")
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            for path in ("/api/v1/nodes", "/version", "/_kubesim/requests"):
                status, answer = await call(anonymous, "GET", path, headers=headers)
                assert (status, answer["message"]) == (401, "Unauthorized")


async def test_a_client_that_takes_protobuf_alone_is_told_so(http):
    assert (await call(http, "GET", SERVICES, headers={"Accept": "application/vnd.kubernetes.protobuf"}))[0] == 406
    both = {"Accept": "application/vnd.kubernetes.protobuf,application/json"}
    assert (await call(http, "GET", SERVICES, headers=both))[1]["kind"] == "ServiceList"


async def test_items_of_a_list_go_without_kind(http):
    _, listed = await call(http, "GET", SERVICES)
    assert (listed["kind"], listed["apiVersion"]) == ("ServiceList", "v1")
    assert "kind" not in listed["items"][0]


async def test_a_table_has_a_row_per_object(http):
    await call(http, "POST", SERVICES, json=service("lb", type="LoadBalancer", selector={"app": "web"}))
    _, table = await call(http, "GET", SERVICES, headers=TABLE)
    titles = [column["name"] for column in table["columnDefinitions"]]
    assert titles == ["Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "Selector"]
    cells = table["rows"][1]["cells"]
    assert cells[:2] + cells[3:4] + cells[6:] == ["lb", "LoadBalancer", "<pending>", "app=web"]
    assert table["rows"][1]["object"]["kind"] == "PartialObjectMetadata"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.resource)
async def test_every_kind_lists_in_every_form(http, kind):
    path = f"/apis/{kind.group}/{kind.version}/{kind.plural}" if kind.group else f"/api/v1/{kind.plural}"
    assert (await call(http, "GET", path))[1]["kind"] == f"{kind.name}List"
    assert (await call(http, "GET", path, headers=TABLE))[1]["kind"] == "Table"
    form = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
    assert (await call(http, "GET", path, headers=form))[1]["kind"] == "PartialObjectMetadataList"


async def test_discovery_names_every_kind_in_both_forms(http):
    aggregated = {"Accept": "application/json;v=v2;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList,application/json"}
    for root in ("/api", "/apis"):
        _, found = await call(http, "GET", root, headers=aggregated)
        for group in found["items"]:
            version = group["versions"][0]
            name = group["metadata"].get("name", "")
            _, classic = await call(http, "GET", f"/apis/{name}/v1" if name else "/api/v1")
            plain = {each["name"] for each in classic["resources"] if "/" not in each["name"]}
            assert {each["resource"] for each in version["resources"]} == plain


async def test_openapi_holds_together(http):
    _, index = await call(http, "GET", "/openapi/v3")
    for path in index["paths"]:
        _, document = await call(http, "GET", f"/openapi/v3/{path}")
        schemas = document["components"]["schemas"]
        for reference in set(_references(document)):
            assert reference.removeprefix("#/components/schemas/") in schemas


def _references(node):
    if isinstance(node, dict):
        yield from ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
        for member in node.values():
            yield from _references(member)
    elif isinstance(node, list):
        for member in node:
            yield from _references(member)


async def test_reviews_answer_for_the_one_user(http):
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    status, answer = await call(http, "POST", path, json={"spec": {"resourceAttributes": {"verb": "get"}}})
    assert (status, answer["status"]["allowed"]) == (201, True)
    path = "/apis/authentication.k8s.io/v1/tokenreviews"
    assert (await call(http, "POST", path, json={"spec": {"token": "no"}}))[1]["status"]["authenticated"] is False


async def test_concurrent_writers_lose_no_update(http):
    path = "/api/v1/namespaces/default/configmaps"
    await call(http, "POST", path, json={"metadata": {"name": "c"}, "data": {"n": "0"}})

    async def add_one():
        while True:
            _, obj = await call(http, "GET", f"{path}/c")
            obj["data"]["n"] = str(int(obj["data"]["n"]) + 1)
            if (await call(http, "PUT", f"{path}/c", json=obj))[0] == 200:
                return

    await asyncio.gather(*(add_one() for _ in range(10)))
    assert (await call(http, "GET", f"{path}/c"))[1]["data"]["n"] == "10"


async def test_a_body_that_is_too_large_is_refused(http):
    status, answer = await call(http, "POST", SERVICES, data=io.BytesIO(b" " * (3 * 1024 * 1024 + 1)))
    assert (status, answer["reason"]) == (413, "RequestEntityTooLarge")


async def test_columns_are_described_as_the_fields_they_show(http):
    _, table = await call(http, "GET", SERVICES, headers=TABLE)
    described = {column["name"]: column["description"] for column in table["columnDefinitions"]}
    assert described["Type"].startswith("type determines how the Service is exposed.")
    assert described["Age"].startswith("CreationTimestamp is a timestamp")
    assert all(described.values())
