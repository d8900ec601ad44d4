"""Each source of keys, against a server on loopback; nothing secret is ever shown."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from yunqiao.cloud.metadata import Metadata
from yunqiao.cloud.providers import Rrsa, Source, by_uri, fixed, instance_role, provider, rrsa
from yunqiao.cloud.sign import AccessKey
from yunqiao.model.errors import Lost, Refused

KEY = {
    "AccessKeyId": "STS.x",
    "AccessKeySecret": "hidden-secret",
    "SecurityToken": "hidden-token",
    "Expiration": "2026-11-22T20:00:00Z",
}
EXPECTED = AccessKey("STS.x", "hidden-secret", "hidden-token", 1795377600.0)


@pytest.fixture
async def metadata(cloud: Any, clock: Any) -> AsyncIterator[Metadata]:
    async with Metadata(clock, f"http://{cloud.address}") as metadata:
        yield metadata


def body(thing: Any) -> bytes:
    return json.dumps(thing).encode()


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("pods-oidc-token\n")
    return path


async def test_rrsa_trades_the_pods_token_for_a_roles_key(cloud: Any, token: Path) -> None:
    cloud.answers = [cloud.Answer(body=body({"Credentials": KEY}))]
    how = Rrsa("acs:ram::1:role/ccm", "acs:ram::1:oidc-provider/p", str(token))
    assert await rrsa(how, f"http://{cloud.address}")() == EXPECTED
    asked = cloud.asked[0]
    assert asked.form["OIDCToken"] == "pods-oidc-token"
    assert asked.form["Action"] == "AssumeRoleWithOIDC"
    assert asked.form["RoleArn"] == "acs:ram::1:role/ccm"
    assert "authorization" not in asked.headers
    assert asked.query == {}


async def test_rrsa_reads_the_token_anew_each_time(cloud: Any, token: Path) -> None:
    fetch = rrsa(Rrsa("r", "p", str(token)), f"http://{cloud.address}")
    for text in ("first", "second"):
        token.write_text(text)
        cloud.answers = [cloud.Answer(body=body({"Credentials": KEY}))]
        await fetch()
    assert [asked.form["OIDCToken"] for asked in cloud.asked] == ["first", "second"]


async def test_a_role_that_does_not_trust_us_is_refused_in_the_clouds_words(cloud: Any, token: Path) -> None:
    cloud.answers = [cloud.error("AuthenticationFail.NoPermission", "Trust policy.", 403)]
    with pytest.raises(Refused, match=r"AuthenticationFail.NoPermission: Trust policy\. \(RequestId r-9\)"):
        await rrsa(Rrsa("r", "p", str(token)), f"http://{cloud.address}")()


async def test_a_missing_token_file_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="ALIBABA_CLOUD_OIDC_TOKEN_FILE '/nowhere/token'"):
        await rrsa(Rrsa("r", "p", "/nowhere/token"), "http://127.0.0.1:1")()


async def test_a_credentials_uri_answers_with_a_key(cloud: Any) -> None:
    cloud.answers = [cloud.Answer(body=body(KEY))]
    assert await by_uri(f"http://{cloud.address}/key")() == EXPECTED
    assert (cloud.asked[0].method, cloud.asked[0].path) == ("GET", "/key")


@pytest.mark.parametrize(
    "answer", [b"hidden-secret", b"[]", b'{"AccessKeySecret": "hidden-secret"}', body(KEY | {"Expiration": "soon"})]
)
async def test_an_unreadable_answer_is_lost_and_not_shown(cloud: Any, answer: bytes) -> None:
    cloud.answers = [cloud.Answer(body=answer)]
    with pytest.raises(Lost) as caught:
        await by_uri(f"http://{cloud.address}/key")()
    assert "hidden" not in str(caught.value)


async def test_a_server_that_fails_is_lost(cloud: Any) -> None:
    cloud.answers = [cloud.Answer(502, b"oops"), cloud.Answer(cut=0)]
    for _ in range(2):
        with pytest.raises(Lost):
            await by_uri(f"http://{cloud.address}/key")()


async def test_the_instances_role_comes_from_the_metadata_service(cloud: Any, metadata: Metadata) -> None:
    cloud.answers = [cloud.Answer(body=b"session"), cloud.Answer(body=b"ccm-role\n"), cloud.Answer(body=body(KEY))]
    assert await instance_role(metadata)() == EXPECTED
    assert [asked.path for asked in cloud.asked] == [
        "/latest/api/token",
        "/latest/meta-data/ram/security-credentials/",
        "/latest/meta-data/ram/security-credentials/ccm-role",
    ]


async def test_a_role_that_is_named_is_not_asked_for(cloud: Any, metadata: Metadata) -> None:
    cloud.answers = [cloud.Answer(body=b"session"), cloud.Answer(body=body(KEY))]
    await instance_role(metadata, "my-role")()
    assert cloud.asked[1].path.endswith("/my-role")


async def test_the_first_source_that_is_set_is_taken(cloud: Any, metadata: Metadata) -> None:
    key = AccessKey("LTAI", "s")
    everything = Source(key=key, rrsa=Rrsa("r", "p", "/nowhere"), uri=f"http://{cloud.address}/key")
    assert await provider(everything, metadata)() == await fixed(key)()
    with pytest.raises(Refused, match="OIDC_TOKEN_FILE"):
        await provider(Source(rrsa=everything.rrsa, uri=everything.uri), metadata)()
    cloud.answers = [cloud.Answer(body=body(KEY))]
    assert await provider(Source(uri=everything.uri), metadata)() == EXPECTED
    cloud.answers = [cloud.Answer(body=b"session"), cloud.Answer(body=b"role"), cloud.Answer(body=body(KEY))]
    assert await provider(Source(), metadata)() == EXPECTED


def test_a_source_says_what_it_is_without_its_secrets() -> None:
    source = Source(key=AccessKey("LTAI", "hidden-secret", "hidden-token"))
    assert str(source) == "access key LTAI"
    assert "hidden" not in repr(source)
    assert str(Source()) == "RAM role of the ECS instance"
    assert str(Source(uri="http://h/k?hidden")) == "credentials URI http://h/k"
    assert str(Source(rrsa=Rrsa("role", "p", "f"))) == "role role by OIDC (RRSA)"
