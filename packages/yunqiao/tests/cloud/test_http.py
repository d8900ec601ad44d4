"""What Client makes of every way in which an answer can come, or not come, over real sockets."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from yunqiao.cloud.credentials import Credentials
from yunqiao.cloud.http import Client, Deadlines, Target
from yunqiao.cloud.layers import retried
from yunqiao.cloud.products import Endpoints
from yunqiao.cloud.providers import fixed
from yunqiao.cloud.sign import AccessKey, authorization
from yunqiao.model.errors import Lost, NotYet, Refused, Stale
from yunqiao.model.step import Call

KEY = AccessKey("LTAItest", "secret-of-mine")
LOOK = Call("slb", "DescribeLoadBalancers", {"LoadBalancerName": "云桥 a+b"}, "look")
MAKE = Call("slb", "CreateVServerGroup", {"LoadBalancerId": "lb-1"}, "make", "lb-1", write=True)
BORN = Call("slb", "CreateLoadBalancer", {"ClientToken": "t"}, "create", write=True)


def client_of(cloud: Any, credentials: Credentials | None = None, **deadlines: float) -> Client:
    overrides = dict.fromkeys(("slb", "nlb"), cloud.address)
    target = Target(Endpoints("vpc", "http", overrides), "cn-hangzhou", "c-1")
    return Client(target, credentials or Credentials(fixed(KEY)), Deadlines(**deadlines))


@pytest.fixture
async def client(cloud: Any) -> AsyncIterator[Client]:
    async with client_of(cloud) as client:
        yield client


async def test_a_call_is_a_signed_post_with_everything_in_the_query(cloud: Any, client: Client) -> None:
    reply = await client.send(LOOK)
    asked = cloud.asked[0]
    assert reply == {"RequestId": "r-1"}
    assert (asked.method, asked.path, asked.body) == ("POST", "/", b"")
    assert asked.query == {"RegionId": "cn-hangzhou", "LoadBalancerName": "云桥 a+b"}
    assert asked.headers["x-acs-action"] == "DescribeLoadBalancers"
    assert asked.headers["authorization"].startswith("ACS3-HMAC-SHA256 Credential=LTAItest,")
    assert asked.headers["user-agent"].endswith("ClusterId/c-1")
    assert "secret-of-mine" not in str(asked)


async def test_what_is_signed_is_what_arrives(cloud: Any, client: Client) -> None:
    await client.send(LOOK)
    asked = cloud.asked[0]
    names = asked.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    headers = {name: asked.headers[name] for name in names}
    assert authorization(KEY, asked.query, headers) == asked.headers["authorization"]


async def test_an_nlb_write_goes_in_the_form_and_a_look_in_the_query(cloud: Any, client: Client) -> None:
    await client.send(Call("nlb", "CreateServerGroup", {"ServerGroupName": "g"}, "make", write=True))
    await client.send(Call("nlb", "ListListeners", {"LoadBalancerIds.1": "nlb-1"}, "look"))
    await client.send(Call("nlb", "ListServerGroups", {"Tag.1.Key": "k", "MaxResults": "100"}, "look"))
    made, looked, mixed = cloud.asked
    assert (made.query, made.form) == ({}, {"RegionId": "cn-hangzhou", "ServerGroupName": "g"})
    assert made.headers["content-type"] == "application/x-www-form-urlencoded"
    assert (looked.query["LoadBalancerIds.1"], looked.body) == ("nlb-1", b"")
    assert (mixed.query, mixed.form) == ({"Tag.1.Key": "k"}, {"RegionId": "cn-hangzhou", "MaxResults": "100"})


async def test_what_is_too_long_for_a_url_goes_in_the_form(cloud: Any, client: Client) -> None:
    """A gateway answers 414 to a URL of 50 routes."""
    routes = {f"RouteEntries.{number}.DstCidrBlock": f"10.0.{number}.0/24 {'x' * 150}" for number in range(50)}
    await client.send(Call("slb", "CreateRouteEntries", routes, "make", write=True))
    (made,) = cloud.asked
    assert (made.query, made.form) == ({}, {"RegionId": "cn-hangzhou", **routes})


@pytest.mark.parametrize("status", [413, 414])
async def test_a_request_that_is_too_long_is_refused(cloud: Any, client: Client, status: int) -> None:
    cloud.answers = [cloud.Answer(status, b"<html>Request-URI Too Large</html>")]
    with pytest.raises(Refused, match="it must be parted"):
        await client.send(LOOK)


async def test_calls_share_kept_connections(cloud: Any, client: Client) -> None:
    for _ in range(5):
        await client.send(LOOK)
    assert cloud.connections == 1


async def test_an_error_keeps_status_code_message_and_request_id(cloud: Any, client: Client) -> None:
    cloud.answers = [cloud.error("InvalidLoadBalancerId.NotFound", "LoadBalancerId does not exist", 404)]
    with pytest.raises(Stale) as caught:
        await client.send(LOOK)
    fault = caught.value.fault
    assert fault is not None
    assert (fault.status, fault.code, fault.request_id) == (404, "InvalidLoadBalancerId.NotFound", "r-9")
    assert fault.message == "LoadBalancerId does not exist"


async def test_a_gateways_page_is_lost_with_its_status_and_first_bytes(cloud: Any, client: Client) -> None:
    cloud.answers = [cloud.Answer(502, b"<html>Bad Gateway" + b"x" * 5000)]
    with pytest.raises(Lost, match=r"HTTP502.*<html>Bad Gateway") as caught:
        await client.send(LOOK)
    assert caught.value.fault is not None
    assert len(str(caught.value)) < 400


async def test_an_empty_500_is_lost(cloud: Any, client: Client) -> None:
    cloud.answers = [cloud.Answer(500, b"", {"x-acs-request-id": "r-5"})]
    with pytest.raises(Lost, match=r"HTTP500: an empty answer \(RequestId r-5\)"):
        await client.send(LOOK)


async def test_a_200_that_is_not_json_is_lost(cloud: Any, client: Client) -> None:
    cloud.answers = [cloud.Answer(200, b"<html>login</html>"), cloud.Answer(200, b"[]")]
    for _ in range(2):
        with pytest.raises(Lost):
            await client.send(MAKE)


async def test_throttling_is_not_yet_and_keeps_the_clouds_own_wish(cloud: Any, client: Client) -> None:
    cloud.answers = [
        cloud.error("Throttling.User"),
        cloud.error("Throttling", x_acs_retry_after="1500"),
        cloud.Answer(429, b"slow down"),
        cloud.Answer(503, b""),
    ]
    afters = []
    for _ in range(4):
        with pytest.raises(NotYet) as caught:
            await client.send(LOOK)
        afters.append(caught.value.after)
    assert afters == [5.0, 1.5, 5.0, 5.0]


async def test_a_cut_answer_is_lost(cloud: Any, client: Client) -> None:
    cloud.answers = [cloud.Answer(cut=40)]
    with pytest.raises(Lost, match=r"CreateVServerGroup: connection to 127\.0\.0\.1 failed"):
        await client.send(MAKE)


async def test_nobody_listening_is_lost(cloud: Any) -> None:
    async with client_of(cloud) as client:
        await cloud.stop()
        with pytest.raises(Lost, match=r"connection to 127\.0\.0\.1 failed"):
            await client.send(LOOK)


@pytest.mark.parametrize("deadline", ["read", "total"])
async def test_silence_ends_at_the_deadline(cloud: Any, deadline: str) -> None:
    cloud.answers = [cloud.Answer(slow=True)]
    async with client_of(cloud, **{deadline: 0.1}) as client:
        with pytest.raises(Lost, match=r"no answer from 127\.0\.0\.1 in time"):
            await client.send(LOOK)


async def test_a_stale_kept_connection_costs_a_read_nothing_but_a_second_try(
    cloud: Any, client: Client, clock: Any
) -> None:
    await client.send(LOOK)
    cloud.answers = [cloud.Answer(cut=0)]
    send = retried(clock, jitter=lambda: 0.0)(client.send)
    assert await send(LOOK) == {"RequestId": "r-1"}
    cloud.answers = [cloud.Answer(cut=0)]
    assert await send(BORN) == {"RequestId": "r-1"}
    assert [asked.headers["x-acs-action"] for asked in cloud.asked[3:]] == ["CreateLoadBalancer"] * 2
    nonces = {asked.headers["x-acs-signature-nonce"] for asked in cloud.asked}
    assert len(nonces) == len(cloud.asked)


async def test_a_create_without_a_token_is_never_sent_twice(cloud: Any, client: Client, clock: Any) -> None:
    await client.send(LOOK)
    cloud.answers = [cloud.Answer(cut=0)]
    with pytest.raises(Lost):
        await retried(clock, jitter=lambda: 0.0)(client.send)(MAKE)
    assert len(cloud.asked) == 2


async def test_a_key_that_ended_is_renewed_once_and_the_call_sent_again(cloud: Any) -> None:
    keys = [AccessKey("STS.old", "s", "t1"), AccessKey("STS.new", "s", "t2"), AccessKey("STS.newest", "s", "t3")]

    async def provider() -> AccessKey:
        return keys.pop(0)

    cloud.answers = [cloud.error("InvalidSecurityToken.Expired", status=403)]
    async with client_of(cloud, Credentials(provider)) as client:
        await client.send(LOOK)
        assert [asked.headers["x-acs-security-token"] for asked in cloud.asked] == ["t1", "t2"]
        cloud.answers = [cloud.error("InvalidSecurityToken.Expired", status=403)] * 2
        with pytest.raises(NotYet):
            await client.send(LOOK)
    assert len(cloud.asked) == 4


async def test_an_unknown_product_is_refused_by_name(client: Client) -> None:
    with pytest.raises(Refused, match="product 'oss' is unknown"):
        await client.send(Call("oss", "GetObject", {}, "look"))


async def test_proxies_of_the_environment_count(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://{cloud.address}")
    monkeypatch.delenv("no_proxy", raising=False)
    target = Target(Endpoints("vpc", "http", {"slb": "slb.invalid:8080"}), "cn-hangzhou")
    async with Client(target, Credentials(fixed(KEY))) as client:
        assert await client.send(LOOK)
    assert cloud.asked[0].target.startswith("http://slb.invalid:8080/?LoadBalancerName=")


@pytest.mark.parametrize("listed", ["127.0.0.1", "*"])
async def test_hosts_of_no_proxy_are_reached_directly(cloud: Any, monkeypatch: pytest.MonkeyPatch, listed: str) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", listed)
    async with client_of(cloud) as client:
        assert await client.send(LOOK)


def test_hosts_follow_network_and_region_unless_they_are_set() -> None:
    assert Endpoints().url("slb", "cn-hangzhou") == "https://slb-vpc.cn-hangzhou.aliyuncs.com"
    assert Endpoints("public").url("ecs", "cn-beijing") == "https://ecs.cn-beijing.aliyuncs.com"
    assert Endpoints("vpc", "http", {"vpc": "127.0.0.1:8"}).url("vpc", "x") == "http://127.0.0.1:8"
