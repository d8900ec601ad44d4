"""The server over real sockets: APIs, metadata, control, and traffic that follows the API."""

import asyncio
import io
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from yunsim import worldfile
from yunsim.serving import Server, serving

FILE = worldfile.load()
KEY = {"key": FILE.keys[0].id, "secret": FILE.keys[0].secret}
REGION = {"RegionId": FILE.region}


class Client:
    """Signed calls and control requests to one server."""

    def __init__(self, server: Server, session: aiohttp.ClientSession, sign: Any) -> None:
        self.server, self.session, self.sign = server, session, sign

    async def call(self, action: str, **params: str) -> tuple[int, dict[str, Any]]:
        request = self.sign(action, **KEY, **REGION, **params)
        async with self.session.post(self.server.url + request.target) as response:
            return response.status, await response.json()

    async def done(self, action: str, **params: str) -> dict[str, Any]:
        status, body = await self.call(action, **params)
        assert status == 200, body
        return body

    async def control(self, method: str, path: str, **body: Any) -> Any:
        async with self.session.request(method, f"{self.server.url}/_yunsim/{path}", json=body or None) as response:
            return await response.json()


@pytest.fixture
async def client(v1: Any) -> AsyncIterator[Client]:
    async with serving(FILE, "127.0.0.1", 0) as server, aiohttp.ClientSession() as session:
        yield Client(server, session, v1)


async def balancer(client: Client) -> dict[str, Any]:
    return await client.done(
        "CreateLoadBalancer",
        AddressType="intranet",
        VSwitchId=FILE.vswitches[0].id,
        VpcId=FILE.vpcs[0].id,
        InstanceChargeType="PayByCLCU",
    )


async def test_a_signed_call_is_answered_with_its_request_id_in_body_and_header(client: Client):
    request = client.sign("DescribeRegions", **KEY)
    async with client.session.get(client.server.url + "/") as unsigned:
        assert unsigned.status == 400
    async with client.session.post(client.server.url + request.target) as response:
        body = await response.json()
    assert response.headers["x-acs-request-id"] == body["RequestId"]


async def test_an_error_has_the_clouds_shape(client: Client):
    status, body = await client.call("DescribeLoadBalancerAttribute", LoadBalancerId="lb-none")
    assert (status, body["Code"]) == (404, "InvalidLoadBalancerId.NotFound")
    assert body["HostId"] == client.server.url.removeprefix("http://")
    assert body["Recommend"].endswith(body["RequestId"])


async def test_an_acs3_call_with_a_form_is_answered(client: Client, acs3: Any):
    request = acs3("DescribeLoadBalancers", **KEY, form=REGION)
    headers = dict(request.headers) | {"host": "127.0.0.1"}
    async with client.session.post(client.server.url, data=request.body, headers=headers) as response:
        assert (response.status, (await response.json())["TotalCount"]) == (200, 0)


@pytest.mark.parametrize(("kind", "made"), [("lost_before", 0), ("lost_after", 1)])
async def test_a_lost_answer_ends_the_connection(client: Client, kind: str, made: int):
    await client.control("POST", "faults", kind=kind, action="Create*")
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await balancer(client)
    await client.control("DELETE", "faults")
    assert (await client.done("DescribeLoadBalancers"))["TotalCount"] == made


async def test_a_url_that_is_too_long_is_refused_as_the_gateway_does(client: Client):
    async with client.session.post(f"{client.server.url}/?Action=DescribeRegions&x={'x' * 17_000}") as response:
        assert (response.status, response.content_type) == (414, "text/html")
    await client.done("DescribeLoadBalancers", LoadBalancerName="x" * 10_000)


async def test_a_request_that_is_too_large_is_told_so(client: Client):
    async with client.session.post(client.server.url, data=io.BytesIO(b"x" * (5 * 1024 * 1024))) as response:
        assert response.status == 413


async def test_an_answer_of_a_broken_proxy_is_no_json(client: Client):
    await client.control("POST", "faults", kind="unavailable", status=502, code="")
    request = client.sign("DescribeRegions", **KEY)
    async with client.session.post(client.server.url + request.target) as response:
        assert (response.status, response.content_type) == (502, "text/html")


async def test_our_own_failure_is_an_internal_error_and_not_a_dead_server(
    client: Client, caplog: pytest.LogCaptureFixture
):
    client.server.cloud.world.states["slb"].load_balancers = None
    status, body = await client.call("DescribeLoadBalancers")
    assert (status, body["Code"]) == (500, "InternalError")
    assert "DescribeLoadBalancers failed" in caplog.text


async def test_the_journal_is_read_from_a_number_and_emptied(client: Client):
    await client.done("DescribeRegions")
    first = await client.control("GET", "calls")
    assert [(call["action"], call["outcome"], call["caller"]) for call in first["calls"]] == [
        ("DescribeRegions", "ok", FILE.keys[0].id)
    ]
    await client.call("DescribeLoadBalancerAttribute", LoadBalancerId="lb-none")
    second = await client.control("GET", f"calls?since={first['last']}")
    assert [call["outcome"] for call in second["calls"]] == ["InvalidLoadBalancerId.NotFound"]
    await client.control("DELETE", "calls")
    assert (await client.control("GET", "calls")) == {"last": 2, "calls": []}


async def test_the_clock_is_moved_stopped_and_let_run(client: Client):
    stopped = await client.control("POST", "clock", freeze=True, advance=3600)
    assert stopped["frozen"]
    assert await client.control("GET", "clock") == stopped
    assert not (await client.control("POST", "clock", freeze=False))["frozen"]


async def test_rates_are_set_and_enforced(client: Client):
    assert (await client.control("POST", "rates", rates="real"))["rates"]["slb.*"] == 90
    await client.control("POST", "rates", rates={"slb.DescribeRegions": 1})
    await client.done("DescribeRegions")
    status, body = await client.call("DescribeRegions")
    assert (status, body["Code"]) == (400, "Throttling.User")
    assert (await client.control("POST", "rates", rates="none")) == {"rates": {}}


async def test_what_is_busy_after_a_write_is_set_and_reset(client: Client):
    assert await client.control("POST", "busy", slb=30) == {"slb": 30.0, "vpc": 0.0}
    made = await balancer(client)
    status, body = await client.call("DeleteLoadBalancer", LoadBalancerId=made["LoadBalancerId"])
    assert (status, body["Code"]) == (400, "ServiceIsConfiguring")
    await client.control("POST", "clock", advance=31)
    await client.done("DeleteLoadBalancer", LoadBalancerId=made["LoadBalancerId"])
    await client.control("POST", "reset")
    assert await client.control("GET", "busy") == {"slb": 0.0, "vpc": 0.0}


async def test_faults_are_listed_with_how_often_they_happened_and_removed_one_by_one(client: Client):
    added = await client.control("POST", "faults", kind="throttle", product="slb", count=1)
    await client.control("POST", "faults", kind="slow", seconds=0)
    await client.call("DescribeRegions")
    listed = (await client.control("GET", "faults"))["faults"]
    assert [(fault["id"], fault["happened"]) for fault in listed] == [(added["id"], 1), (2, 1)]
    left = (await client.control("DELETE", f"faults?id={added['id']}"))["faults"]
    assert [fault["kind"] for fault in left] == ["slow"]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("faults", {"kind": "earthquake"}, "kind: 'earthquake' is not error or throttle or"),
        ("faults", {"kind": "slow", "second": 1}, "did you mean seconds?"),
        ("faults", {"kind": "slow", "happened": 1}, "happened: unknown key"),
        ("clock", {"advance": "soon"}, "advance: 'soon' is not a number"),
        ("rates", {"rates": "fast"}, "rates: 'fast' is not"),
        ("rates", {"rates": {"slb.*": "many"}}, "rates[slb.*]: 'many' is not a whole number"),
    ],
)
async def test_a_control_request_that_cannot_be_is_explained(client: Client, path: str, body: Any, said: str):
    assert said in (await client.control("POST", path, **body))["error"]


async def test_a_control_body_that_is_no_json_is_refused(client: Client):
    async with client.session.post(f"{client.server.url}/_yunsim/faults", data="{") as response:
        assert response.status == 400
    async with client.session.get(f"{client.server.url}/_yunsim/calls?since=x") as response:
        assert "since" in (await response.json())["error"]


async def test_the_index_lists_the_control_requests(client: Client):
    listed = (await client.control("GET", ""))["control"]
    assert any(line.startswith("POST /_yunsim/reset:") for line in listed)


async def test_a_reset_forgets_everything_that_was_made_and_set(client: Client):
    made = await balancer(client)
    await client.control("POST", "faults", kind="throttle", action="Nothing")
    await client.control("POST", "clock", freeze=True)
    await client.control("POST", "reset")
    assert (await client.control("GET", "calls"))["calls"] == []
    assert (await client.control("GET", "faults"))["faults"] == []
    assert not (await client.control("GET", "clock"))["frozen"]
    assert (await client.control("GET", "state"))["slb"]["load_balancers"] == {}
    assert (await balancer(client))["LoadBalancerId"] == made["LoadBalancerId"]


async def test_a_reset_forgets_calls_that_have_not_come_yet(client: Client):
    await client.control("POST", "faults", kind="late", action="Create*", seconds=60)
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await balancer(client)
    await client.control("POST", "reset")
    await client.control("POST", "clock", advance=61)
    assert (await client.done("DescribeLoadBalancers"))["TotalCount"] == 0


async def test_the_state_shows_all_resources_and_no_secret(client: Client):
    state = await client.control("GET", "state")
    assert set(state["ecs"]["instances"]) == {one.id for one in FILE.instances}
    assert FILE.keys[0].secret not in json.dumps(state)


async def test_the_state_says_why_a_listener_could_not_be_opened(client: Client):
    made = await balancer(client)
    with socket.create_server((made["Address"], 0)) as taken:
        of = {"LoadBalancerId": made["LoadBalancerId"], "ListenerPort": str(taken.getsockname()[1])}
        group = await client.done("CreateVServerGroup", **of)
        await client.done("CreateLoadBalancerTCPListener", **of, Bandwidth="-1", VServerGroupId=group["VServerGroupId"])
        await client.done("StartLoadBalancerListener", **of)
        (listening,) = (await client.control("GET", "state"))["listening"]
    assert listening["listens_on"] is None
    assert "in use" in listening["error"]


async def test_metadata_is_read_plainly_and_with_a_token(client: Client):
    base = f"{client.server.url}/latest"
    async with client.session.get(f"{base}/meta-data/region-id") as response:
        assert await response.text() == FILE.region
    header = {"X-aliyun-ecs-metadata-token-ttl-seconds": "60"}
    async with client.session.put(f"{base}/api/token", headers=header) as response:
        token = await response.text()
    async with client.session.get(
        f"{base}/meta-data/zone-id", headers={"X-aliyun-ecs-metadata-token": token}
    ) as response:
        assert await response.text() == FILE.zones[0]
    async with client.session.get(
        f"{base}/meta-data/zone-id", headers={"X-aliyun-ecs-metadata-token": "x"}
    ) as response:
        assert response.status == 401
    async with client.session.put(f"{base}/api/token") as response:
        assert response.status == 400
    async with client.session.get(f"{base}/meta-data/nothing") as response:
        assert response.status == 404


async def test_an_instance_is_known_by_the_address_it_calls_from(client: Client):
    connector = aiohttp.TCPConnector(local_addr=("127.16.16.11", 0))
    url = f"{client.server.url}/latest/meta-data/instance-id"
    async with aiohttp.ClientSession(connector=connector) as session, session.get(url) as response:
        assert await response.text() == "i-bp1worker00000000003"


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def slow_down(engine: Any) -> None:
    """Let an engine take its time for every change, as one with many listeners does."""
    at_once = engine.apply

    async def slowly(listeners: Any) -> None:
        await asyncio.sleep(0.05)
        await at_once(listeners)

    engine.apply = slowly


async def test_a_started_listener_carries_traffic_when_its_answer_is_there_and_a_stopped_one_refuses(client: Client):
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello from worker-1")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.16.0.11", 0)
    backend = [{"ServerId": "i-bp1worker00000000001", "Port": server.sockets[0].getsockname()[1]}]
    made = await balancer(client)
    of = {"LoadBalancerId": made["LoadBalancerId"], "ListenerPort": str(free_port(made["Address"]))}
    group = await client.done("CreateVServerGroup", **of, BackendServers=json.dumps(backend))
    await client.done("CreateLoadBalancerTCPListener", **of, Bandwidth="-1", VServerGroupId=group["VServerGroupId"])
    slow_down(client.server.carrying.engine)
    await client.done("StartLoadBalancerListener", **of)
    assert len(client.server.carrying.engine.ports()) == 1
    (listening,) = (await client.control("GET", "state"))["listening"]
    assert listening["listens_on"] == f"{made['Address']}:{of['ListenerPort']}"
    async with asyncio.timeout(5):
        while (health := (await client.control("GET", "state"))["listening"][0]["health"]).popitem()[1] != "normal":
            assert health == {}
            await asyncio.sleep(0.01)
        told = await client.done("DescribeHealthStatus", **of)
        assert told["BackendServers"]["BackendServer"][0]["ServerHealthStatus"] == "normal"
        reader, writer = await asyncio.open_connection(made["Address"], int(of["ListenerPort"]))
        assert await reader.read() == b"hello from worker-1"
        writer.close()
        await writer.wait_closed()
    await client.done("StopLoadBalancerListener", **of)
    assert len(client.server.carrying.engine.ports()) == 0
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(made["Address"], int(of["ListenerPort"]))
    server.close()
    await server.wait_closed()


async def test_instances_are_locked_and_unlocked(client: Client):
    node, other = FILE.instances[1].id, FILE.instances[2].id
    assert await client.control("POST", "locks", **{node: ["security"]}) == {"locks": {node: ["security"]}}
    assert await client.control("POST", "locks", **{other: ["financial"]}) == {
        "locks": {node: ["security"], other: ["financial"]}
    }
    assert await client.control("POST", "locks", **{node: []}) == {"locks": {other: ["financial"]}}
    assert "there is no instance i-none" in (await client.control("POST", "locks", **{"i-none": []}))["error"]
    said = (await client.control("POST", "locks", **{node: ["debt"]}))["error"]
    assert f"locks[{node}][0]: 'debt' is not financial or security" in said
    await client.control("POST", "reset")
    assert await client.control("GET", "locks") == {"locks": {}}


async def test_quotas_are_shown_changed_and_given_back(client: Client):
    name = "slb_quota_listeners_num"
    assert (await client.control("GET", "quotas"))["quotas"][name] == 50
    assert (await client.control("POST", "quotas", **{name: 1}))["quotas"][name] == 1
    assert (await client.control("POST", "quotas", **{name: None}))["quotas"][name] == 50
    assert "allowed here" in (await client.control("POST", "quotas", listeners=1))["error"]
    await client.control("POST", "quotas", **{name: 1})
    await client.control("POST", "reset")
    assert (await client.control("GET", "quotas"))["quotas"][name] == 50


async def test_pods_with_a_network_interface_answer_through_a_listener(client: Client):
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"pod")
        writer.close()

    pod = await asyncio.start_server(answer, "127.248.77.7", 0)
    port = pod.sockets[0].getsockname()[1]
    eni = {"id": "eni-pods", "instance": FILE.instances[1].id, "ips": ["10.248.77.7"]}
    assert await client.control("POST", "world", interfaces=[eni]) == {}
    made = await balancer(client)
    which = {"LoadBalancerId": made["LoadBalancerId"]}
    server = {"ServerId": "eni-pods", "Type": "eni", "ServerIp": "10.248.77.7", "Port": port}
    group = (await client.done("CreateVServerGroup", **which, BackendServers=json.dumps([server])))["VServerGroupId"]
    listener = {**which, "ListenerPort": "8085"}
    await client.done("CreateLoadBalancerTCPListener", **listener, Bandwidth="-1", VServerGroupId=group)
    await client.done("StartLoadBalancerListener", **listener, ListenerProtocol="tcp")
    await client.server.carrying.settled()
    eip = {"ip": "127.200.255.9", "instance": made["LoadBalancerId"]}
    assert await client.control("POST", "world", elastic_ips=[eip]) == {}
    await client.server.carrying.settled()
    for address in (made["Address"], "127.200.255.9"):
        reader, writer = await asyncio.open_connection(address, 8085)
        assert await reader.read() == b"pod"
        writer.close()
    pod.close()
    assert await client.control("DELETE", "world?id=eni-pods") == {}
    assert "there is no eni-pods" in (await client.control("DELETE", "world?id=eni-pods"))["error"]
