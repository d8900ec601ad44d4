import asyncio
import time

import pytest

from yunqiao.engine.clock import MonotonicClock
from yunqiao.kube.client import Client
from yunqiao.kube.connect import Connection
from yunqiao.kube.credentials import Source, from_sources
from yunqiao.kube.limit import RateLimit
from yunqiao.kube.transport import Transport
from yunqiao.kube.trust import Trust
from yunqiao.model.errors import Lost, NotYet, Refused, Stale
from yunqiao.model.kubernetes import ENDPOINT_SLICE, LEASE, NODE, SERVICE
from yunqiao.model.step import Patch


def node(number):
    return {"metadata": {"name": f"n{number:04}"}}


async def test_a_list_is_read_in_pages_of_500(server, client):
    for number in range(1201):
        server.put("nodes", node(number))
    listing = await client.list(NODE)
    assert len(listing.items) == 1201
    assert listing.resource_version == "1201"
    assert [each.query for each in server.requests("list", "nodes")] == [
        {"limit": "500"}, {"limit": "500", "continue": "500"}, {"limit": "500", "continue": "1000"},
    ]  # fmt: skip


async def test_a_page_that_expired_in_the_middle_starts_the_list_again_unpaged(server, client):
    for number in range(501):
        server.put("nodes", node(number))
    answer = server._list
    server._list = lambda asked: answer(asked) if "continue" not in asked.query else expired(server)
    listing = await client.list(NODE)
    assert len({each.metadata.name for each in listing.items}) == len(listing.items) == 501
    assert [each.query for each in server.requests("list", "nodes")][-1] == {}


def expired(server):
    from aiohttp import web

    return web.json_response({"kind": "Status", "code": 410, "message": "continue token too old"}, status=410)


async def test_a_null_where_a_list_is_wanted_is_an_empty_list(server, client):
    server.put("endpointslices", {"metadata": {"name": "web-1", "namespace": "shop"}, "endpoints": None, "ports": None})
    listing = await client.list(ENDPOINT_SLICE)
    assert listing.items[0].endpoints == []
    server.fault("list", "endpointslices", raw=b'{"metadata":{"resourceVersion":"7"},"items":null}')
    assert (await client.list(ENDPOINT_SLICE)).items == ()


async def test_a_list_that_cannot_be_read_is_lost_and_names_the_field(server, client):
    server.fault(
        "list", "services", raw=b'{"items":[{"metadata":{"name":"web"},"spec":{"ports":[{"port":"secret"}]}}]}'
    )
    with pytest.raises(Lost, match=r"list of services: Expected `int`, got `str` - at `\$.items\[0\].spec") as caught:
        await client.list(SERVICE)
    assert "secret" not in str(caught.value)


async def test_a_missing_object_is_none(server, client):
    assert await client.get(SERVICE, "shop", "web") is None
    server.put("services", {"metadata": {"name": "web", "namespace": "shop"}})
    assert (await client.get(SERVICE, "shop", "web")).metadata.name == "web"


async def test_a_patch_is_a_merge_patch_of_the_object_or_its_status(server, client):
    server.put("services", {"metadata": {"name": "web", "namespace": "shop", "annotations": {"a": "1", "b": "2"}}})
    await client.patch(Patch("Service", "shop", "web", {"metadata": {"annotations": {"a": None}}}, "tidy"))
    await client.patch(Patch("Service", "shop", "web", {"status": {"x": 1}}, "tell", subresource="status"))
    assert server.objects[("services", "shop", "web")]["metadata"]["annotations"] == {"b": "2"}
    first, second = server.requests("patch", "services")
    assert first.headers["Content-Type"] == "application/merge-patch+json"
    assert (first.subresource, second.subresource) == ("", "status")
    assert first.headers["User-Agent"] == "yunqiao/test"


async def test_a_strategic_patch_says_so(server, client):
    server.put("pods", {"metadata": {"name": "web", "namespace": "shop"}})
    body = {"metadata": {"uid": "u1"}, "status": {"conditions": [{"type": "ready", "status": "True"}]}}
    await client.patch(Patch("Pod", "shop", "web", body, "tell", subresource="status", strategic=True))
    (request,) = server.requests("patch", "pods")
    assert request.headers["Content-Type"] == "application/strategic-merge-patch+json"


async def test_patching_what_is_gone_or_has_changed_is_stale(server, client):
    step = Patch("Service", "shop", "web", {}, "tidy")
    with pytest.raises(Stale, match="patch services shop/web: web not found"):
        await client.patch(step)
    server.fault("patch", "services", status=409, message="modified")
    with pytest.raises(Stale):
        await client.patch(step)


async def test_an_update_under_an_old_resource_version_is_stale(server, client):
    body = {"metadata": {"name": "ccm", "namespace": "kube-system"}, "spec": {}}
    await client.create("Lease", "kube-system", body)
    with pytest.raises(Stale):
        await client.create("Lease", "kube-system", body)
    held = await client.get(LEASE, "kube-system", "ccm")
    await client.update(LEASE, held)
    with pytest.raises(Stale):
        await client.update(LEASE, held)


async def test_a_missing_permission_is_refused_and_names_the_rule_to_add(server, client):
    server.fault("list", "endpointslices", status=403, message="endpointslices is forbidden")
    with pytest.raises(Refused) as caught:
        await client.list(ENDPOINT_SLICE)
    assert str(caught.value) == (
        "list endpointslices.discovery.k8s.io: endpointslices is forbidden (HTTP 403). If a permission is missing, add "
        'to our ClusterRole: {apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list"]}'
    )
    server.fault("patch", "services", status=403)
    with pytest.raises(Refused, match=r'resources: \["services/status"\], verbs: \["patch"\]'):
        await client.patch(Patch("Service", "shop", "web", {}, "tell", subresource="status"))


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(400, Refused), (404, Refused), (422, Refused), (302, Refused), (500, Lost), (503, Lost), (504, Lost)],
)
async def test_error_answers_become_outcomes(server, client, status, outcome):
    server.fault("list", "services", status=status, message="because")
    with pytest.raises(outcome, match="because"):
        await client.list(SERVICE)


async def test_a_busy_server_says_for_how_long(server, client):
    server.fault("list", "services", status=429, headers={"Retry-After": "7"})
    with pytest.raises(NotYet) as caught:
        await client.list(SERVICE)
    assert caught.value.after == 7


async def test_a_hanging_server_is_lost_at_the_deadline(server, connect):
    server.hang()
    client = await connect(timeout=0.2)
    started = time.monotonic()
    for asking in (client.list(SERVICE), client.get(SERVICE, "a", "b"), client.create("Event", "a", {})):
        with pytest.raises(Lost):
            await asking
    assert time.monotonic() - started < 2


async def test_nobody_at_the_address_is_lost(server, connect):
    client = await connect()
    client._transport._connection = Connection(
        "http://127.0.0.1:1", client._transport._connection.credentials, Trust(Source("")), ""
    )
    with pytest.raises(Lost, match="list services"):
        await client.list(SERVICE)


async def test_a_401_reads_the_credentials_again_and_asks_once_more(server, connect, rotating):
    server.tokens = {"first"}
    client = await connect(credentials=rotating)
    await client.list(SERVICE)
    server.tokens, rotating.token = {"second"}, "second"
    await client.list(SERVICE)
    await client.list(SERVICE)
    assert rotating.reads == 2
    assert [each.headers["Authorization"] for each in server.asked] == [
        "Bearer first", "Bearer first", "Bearer second", "Bearer second",
    ]  # fmt: skip


async def test_a_401_that_stays_is_refused_without_showing_the_token(server, connect, rotating):
    server.tokens = set()
    client = await connect(credentials=rotating)
    with pytest.raises(Refused, match="does not accept our credentials") as caught:
        await client.list(SERVICE)
    assert "first" not in str(caught.value)
    assert len(server.asked) == 2


async def test_a_watch_reads_rotated_credentials_too(server, connect, rotating):
    server.tokens, rotating.token = {"second"}, "first"
    client = await connect(credentials=rotating, watch_seconds=1)
    await rotating.current()
    rotating.token = "second"
    server.put("services", {"metadata": {"name": "web", "namespace": "shop"}})
    async for change in client.watch(SERVICE, "0"):
        assert change.object.metadata.name == "web"
        break


async def test_many_callers_meeting_a_401_read_the_credentials_once(server, connect, rotating):
    server.tokens = {"second"}
    client = await connect(credentials=rotating)
    await rotating.current()
    rotating.token = "second"
    await asyncio.gather(*(client.get(SERVICE, "a", "b") for _ in range(20)))
    assert rotating.reads == 2


async def test_the_rate_limit_lets_a_burst_through_and_then_so_many_a_second(clock):
    limit = RateLimit(clock, qps=10, burst=3)
    passed = []

    async def ask():
        await limit.wait()
        passed.append(clock.now() - 1000)

    asks = asyncio.gather(*(ask() for _ in range(6)))
    await clock.advance(1)
    await asks
    assert passed == pytest.approx([0, 0, 0, 0.1, 0.2, 0.3])


async def test_every_request_waits_for_the_rate_limit(server, clock):
    none = from_sources(Source(""), Source(""), Source(""), MonotonicClock())
    limit = RateLimit(clock, qps=1, burst=1)
    connection = Connection(server.url, none, Trust(Source("")), "the test")
    async with Client(Transport(connection, limit, "yunqiao/test")) as client:
        await client.list(SERVICE)
        second = asyncio.ensure_future(client.list(SERVICE))
        await asyncio.sleep(0.05)
        assert not second.done()
        await clock.advance(1)
        await second


async def test_a_client_outside_its_context_says_so():
    none = from_sources(Source(""), Source(""), Source(""), MonotonicClock())
    connection = Connection("http://127.0.0.1:1", none, Trust(Source("")), "the test")
    with pytest.raises(RuntimeError, match="async with"):
        await Client(Transport(connection, RateLimit(MonotonicClock()), "x")).list(SERVICE)
