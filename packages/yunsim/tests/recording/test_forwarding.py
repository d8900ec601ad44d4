"""A recorder passes calls on and writes them down."""

import asyncio
from typing import Any

import pytest
from alibabacloud_slb20140515.client import Client
from alibabacloud_slb20140515.models import CreateLoadBalancerRequest
from alibabacloud_tea_openapi.models import Config
from darabonba.core import DaraCore
from yarl import URL

from yunsim.faults import Fault
from yunsim.recording.forwarding import signed_anew
from yunsim.signature import AccessKey
from yunsim.wire import read_call

CLIENT = {"key": "LTAI5tClientsKey", "secret": "the-clients-secret"}
OWNER = AccessKey("LTAI5tOwnersKey", "the-owners-secret")

REGION = {"RegionId": "cn-beijing"}


async def test_a_call_of_the_older_protocol_is_passed_on_with_its_own_signature(session: Any, v1: Any):
    status, body = await session.post(v1("DescribeLoadBalancers", **CLIENT, **REGION))
    assert (status, body["TotalCount"]) == (200, 0)
    (call,) = session.cloud.cloud.journal.since(0)
    assert (call.caller, call.outcome) == ("LTAI5tClientsKey", "ok")
    (exchange,) = session.recorded()
    assert (exchange.number, exchange.product, exchange.action) == (1, "slb", "DescribeLoadBalancers")
    assert (exchange.params, exchange.status, exchange.body) == (REGION, 200, body)


async def test_a_refusal_is_passed_on_and_recorded_too(session: Any, v1: Any):
    wrong = v1("DescribeLoadBalancers", **CLIENT | {"secret": "wrong"}, **REGION)
    status, body = await session.post(wrong)
    assert (status, body["Code"]) == (400, "SignatureDoesNotMatch")
    (exchange,) = session.recorded()
    assert (exchange.status, exchange.body["Code"]) == (400, "SignatureDoesNotMatch")


async def test_a_call_that_signs_the_host_is_signed_anew_with_the_owners_key(session: Any, acs3: Any):
    session.recorder.key = OWNER
    request = acs3(
        "CreateLoadBalancer", **CLIENT, form=REGION | {"InstanceChargeType": "PayByCLCU", "LoadBalancerName": "ab/云"}
    )
    status, body = await session.post(request)
    assert status == 200, body
    (call,) = session.cloud.cloud.journal.since(0)
    assert (call.caller, call.params["LoadBalancerName"]) == ("LTAI5tOwnersKey", "ab/云")


@pytest.mark.parametrize("algorithm", [None, "v2"], ids=["acs3", "v1"])
async def test_the_official_sdk_is_recorded_unmodified(session: Any, algorithm: str | None):
    session.recorder.key = OWNER
    endpoint = session.url.removeprefix("http://")
    key = {"access_key_id": CLIENT["key"], "access_key_secret": CLIENT["secret"], "signature_algorithm": algorithm}
    client = Client(Config(endpoint=endpoint, protocol="http", region_id="cn-beijing", **key))
    request = CreateLoadBalancerRequest(
        region_id="cn-beijing", load_balancer_name="shop", instance_charge_type="PayByCLCU", client_token="a b+c/云"
    )
    made = (await asyncio.to_thread(client.create_load_balancer, request)).body
    for connection in DaraCore._sessions.values():
        connection.close()
    (exchange,) = session.recorded()
    assert exchange.body["LoadBalancerId"] == made.load_balancer_id
    assert exchange.params["ClientToken"] == "a b+c/云"


async def test_without_the_owners_key_such_a_call_is_refused_and_it_is_said_what_to_do(session: Any, acs3: Any):
    status, body = await session.post(acs3("DescribeLoadBalancers", **CLIENT, query=REGION))
    assert (status, body["Code"]) == (400, "Yunsim.CannotSign")
    assert "ALIBABA_CLOUD_ACCESS_KEY_ID" in body["Message"]
    assert session.cloud.cloud.journal.since(0) == []


async def test_a_host_that_is_the_clouds_already_keeps_its_signature(session: Any, acs3: Any):
    request = acs3("DescribeRegions", **CLIENT)
    upstream = URL("http://127.0.0.1")
    assert session.recorder._signed_for(request, upstream) is request


@pytest.mark.parametrize("token", ["", "the-token"])
def test_a_request_signed_anew_proves_the_other_key_and_drops_the_first_ones_token(acs3: Any, token: str):
    request = acs3("DescribeRegions", key="STS.first", secret="first", token="first-token", query={"a": "b c"})
    other = signed_anew(request, "slb.aliyuncs.com", AccessKey("second", "hush", token))
    proof = read_call(other).proof
    assert proof is not None
    assert (proof.key_id, proof.token, other.headers["host"]) == ("second", token, "slb.aliyuncs.com")
    assert proof.is_signed_with("hush")
    assert "first-token" not in str(other)


async def test_a_cloud_that_does_not_answer_is_told_and_nothing_is_recorded(
    session: Any, v1: Any, caplog: pytest.LogCaptureFixture
):
    session.recorder.endpoints = {"slb": "http://127.0.0.1:1"}
    status, body = await session.post(v1("DescribeRegions", **CLIENT, **REGION))
    assert (status, body["Code"]) == (502, "Yunsim.NoAnswer")
    assert "127.0.0.1:1" in body["Message"]
    assert session.recorder.tape.last == 0


async def test_an_answer_that_is_no_json_is_recorded_as_text(session: Any, v1: Any):
    session.cloud.cloud.faults.add(Fault("unavailable", status=502, code=""))
    async with session.http.post(session.url + v1("DescribeRegions", **CLIENT, **REGION).target) as response:
        assert (response.status, response.content_type) == (502, "text/html")
    assert session.recorded()[0].body.startswith("<html>")


async def test_a_call_goes_to_its_regions_endpoint_unless_told_otherwise(session: Any, v1: Any):
    session.recorder.endpoints = {}
    for params, host in ((REGION, "slb.cn-beijing.aliyuncs.com"), ({}, "slb.cn-beijing.aliyuncs.com")):
        call = read_call(v1("DescribeRegions", **CLIENT, **params))
        assert str(session.recorder._upstream(call)) == f"https://{host}"


async def test_a_recording_holds_no_key_no_account_and_no_address(session: Any, v1: Any):
    await session.post(v1("DescribeInstances", version="2014-05-26", **CLIENT, **REGION))
    await session.post(v1("GetCallerIdentity", version="2015-04-01", **CLIENT))
    text = (session.directory / "exchanges.jsonl").read_text()
    file = session.file
    for hidden in (file.account, *(str(one.ip) for one in file.instances), CLIENT["key"], CLIENT["secret"]):
        assert hidden not in text
    assert "Signature" not in text
