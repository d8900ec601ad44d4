"""The instance metadata service, version 2 and 1, kind and unkind, on loopback."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from yunqiao.cloud.metadata import Metadata
from yunqiao.model.errors import Lost, Refused

TOKEN = "x-aliyun-ecs-metadata-token"


@pytest.fixture
async def metadata(cloud: Any, clock: Any) -> AsyncIterator[Metadata]:
    async with Metadata(clock, f"http://{cloud.address}", total=0.3) as metadata:
        yield metadata


async def answer(metadata: Metadata, name: str, clock: Any) -> str:
    """Ask while the clock runs, so that pauses cost no real time."""
    task = asyncio.create_task(metadata.get(name))
    while not task.done():
        await asyncio.wait([task], timeout=0.02)
        await clock.advance(1)
    return await task


async def test_a_session_token_is_fetched_once_for_all_values(cloud: Any, metadata: Metadata) -> None:
    cloud.answers = [cloud.Answer(body=b"tok"), cloud.Answer(body=b"cn-hangzhou"), cloud.Answer(body=b"vpc-1")]
    assert [await metadata.get("region-id"), await metadata.get("vpc-id")] == ["cn-hangzhou", "vpc-1"]
    assert [(asked.method, asked.path) for asked in cloud.asked] == [
        ("PUT", "/latest/api/token"),
        ("GET", "/latest/meta-data/region-id"),
        ("GET", "/latest/meta-data/vpc-id"),
    ]
    assert cloud.asked[0].headers["x-aliyun-ecs-metadata-token-ttl-seconds"] == "21600"
    assert [asked.headers[TOKEN] for asked in cloud.asked[1:]] == ["tok", "tok"]


async def test_what_cannot_change_is_asked_once(cloud: Any, metadata: Metadata) -> None:
    cloud.answers = [cloud.Answer(body=b"tok"), cloud.Answer(body=b"cn-hangzhou")]
    assert {await metadata.get("region-id") for _ in range(5)} == {"cn-hangzhou"}
    assert len(cloud.asked) == 2


async def test_what_can_change_is_asked_each_time(cloud: Any, metadata: Metadata) -> None:
    cloud.answers = [cloud.Answer(body=b"tok"), cloud.Answer(body=b"role-a"), cloud.Answer(body=b"role-b")]
    assert [await metadata.role(), await metadata.role()] == ["role-a", "role-b"]


async def test_the_token_is_renewed_before_it_ends(cloud: Any, metadata: Metadata, clock: Any) -> None:
    cloud.answers = [cloud.Answer(body=text) for text in (b"tok1", b"role", b"tok2", b"role")]
    await metadata.role()
    await clock.advance(21600 - 299)
    await metadata.role()
    assert [asked.headers.get(TOKEN) for asked in cloud.asked] == [None, "tok1", None, "tok2"]


async def test_an_instance_without_version_2_is_read_with_version_1(cloud: Any, metadata: Metadata) -> None:
    cloud.answers = [cloud.Answer(404, b""), cloud.Answer(body=b"cn-hangzhou")]
    assert await metadata.get("region-id") == "cn-hangzhou"
    assert TOKEN not in cloud.asked[1].headers


async def test_a_token_that_ended_early_is_replaced(cloud: Any, metadata: Metadata, clock: Any) -> None:
    texts = [cloud.Answer(body=b"tok1"), cloud.Answer(401, b""), cloud.Answer(body=b"tok2"), cloud.Answer(body=b"role")]
    cloud.answers = texts
    assert await answer(metadata, "ram/security-credentials/", clock) == "role"
    assert cloud.asked[3].headers[TOKEN] == "tok2"


async def test_an_outage_is_waited_out(cloud: Any, metadata: Metadata, clock: Any) -> None:
    cloud.answers = [
        cloud.Answer(cut=0),
        cloud.Answer(500, b""),
        cloud.Answer(body=b"tok"),
        cloud.Answer(body=b"cn-hangzhou-h"),
    ]
    assert await answer(metadata, "zone-id", clock) == "cn-hangzhou-h"


async def test_silence_ends_at_the_deadline_and_says_that_only_ecs_has_it(
    cloud: Any, metadata: Metadata, clock: Any
) -> None:
    cloud.answers = [cloud.Answer(slow=True) for _ in range(4)]
    with pytest.raises(Lost, match="exists on ECS only"):
        await answer(metadata, "region-id", clock)
    assert len(cloud.asked) == 4


async def test_who_is_silent_is_waited_for_once_and_not_for_each_value(
    cloud: Any, metadata: Metadata, clock: Any
) -> None:
    cloud.answers = [cloud.Answer(slow=True) for _ in range(5)]
    for name in ("region-id", "vpc-id"):
        with pytest.raises(Lost):
            await answer(metadata, name, clock)
    assert len(cloud.asked) == 5, "four for the first, one for the second"
    cloud.answers = [cloud.Answer(body=b"tok"), cloud.Answer(body=b"vpc-1")]
    assert await metadata.get("vpc-id") == "vpc-1"
    cloud.answers = [cloud.Answer(500, b""), cloud.Answer(body=b"cn-hangzhou")]
    assert await answer(metadata, "region-id", clock) == "cn-hangzhou", "who answers again is waited for again"


async def test_a_value_that_is_not_there_is_refused_at_once(cloud: Any, metadata: Metadata) -> None:
    cloud.answers = [cloud.Answer(body=b"tok"), cloud.Answer(404, b"")]
    with pytest.raises(Refused, match="no 'ram/security-credentials/'"):
        await metadata.role()


PAGE = b"<!DOCTYPE html>\n<html><body>Please log in to the network of the building</body></html>"


@pytest.mark.parametrize("body", [PAGE, b"", b"log in", b"<html>login</html>", b"login"], ids=str)
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("region-id", "no region .* set region in the cloud-config"),
        ("zone-id", "no zone"),
        ("vpc-id", "no VPC .* set vpcid in the cloud-config"),
        ("vswitch-id", "no vSwitch .* set vswitchid in the cloud-config"),
        ("private-ipv4", "no IPv4 address"),
        ("mac", "no MAC address"),
    ],
)
async def test_what_cannot_be_the_value_of_its_name_is_refused(
    cloud: Any, metadata: Metadata, name: str, says: str, body: bytes
) -> None:
    cloud.answers = [cloud.Answer(body=body), cloud.Answer(body=body)]
    with pytest.raises(Refused, match=says) as refused:
        await metadata.get(name)
    text = str(refused.value)
    assert f"http://{cloud.address}: {name} is" in text
    assert "METADATA_ENDPOINT" in text
    assert body.decode()[:15] in text
    assert "building" not in text, "a page is shortened"
    assert len(cloud.asked) == 2, "it is asked once: the same would come again"


async def test_what_was_wrong_once_is_asked_again(cloud: Any, metadata: Metadata) -> None:
    cloud.answers = [cloud.Answer(body=b"tok"), cloud.Answer(body=PAGE), cloud.Answer(body=b"vpc-1")]
    with pytest.raises(Refused):
        await metadata.get("vpc-id")
    assert await metadata.get("vpc-id") == "vpc-1"


@pytest.mark.parametrize("body", [PAGE, b"", b'["key"]'], ids=str)
async def test_a_key_that_is_none_is_refused_and_not_shown(cloud: Any, metadata: Metadata, body: bytes) -> None:
    cloud.answers = [cloud.Answer(body=b"tok"), cloud.Answer(body=body)]
    with pytest.raises(Refused, match=rf"ram/security-credentials/r is a text of {len(body)} characters") as refused:
        await metadata.get("ram/security-credentials/r")
    assert "html" not in str(refused.value)
    assert '"key"' not in str(refused.value)


@pytest.mark.parametrize("body", [PAGE, b""], ids=str)
async def test_a_page_is_no_role(cloud: Any, metadata: Metadata, body: bytes) -> None:
    cloud.answers = [cloud.Answer(body=b"tok"), cloud.Answer(body=body)]
    with pytest.raises(Refused, match="no name of a RAM role"):
        await metadata.role()


async def test_a_page_is_no_session_token(cloud: Any, metadata: Metadata) -> None:
    cloud.answers = [cloud.Answer(body=PAGE), cloud.Answer(body=b"cn-hangzhou")]
    assert await metadata.get("region-id") == "cn-hangzhou"
    assert TOKEN not in cloud.asked[1].headers


async def test_no_proxy_ever_sees_the_metadata_service(
    cloud: Any, metadata: Metadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    cloud.answers = [cloud.Answer(body=b"tok"), cloud.Answer(body=b"i-1")]
    assert await metadata.get("instance-id") == "i-1"
