"""Our signatures are those of the official SDKs, byte for byte, over the requests that they really send."""

from datetime import UTC, datetime
from typing import Any

import pytest
from alibabacloud_tea_openapi import utils_models as openapi
from alibabacloud_tea_openapi.client import Client as OfficialClient
from alibabacloud_tea_openapi.utils import Utils
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from darabonba.request import DaraRequest
from darabonba.runtime import RuntimeOptions
from hypothesis import given
from hypothesis import strategies as st

from yunqiao.cloud import sign
from yunqiao.cloud.sign import AccessKey, Stamp

PLAIN = AccessKey("LTAItest", "s3cr3t+/=")
TEMPORARY = AccessKey("STS.test", "s3cr3t+/=", "tok+en/=~ *")
KEYS = pytest.mark.parametrize("key", [PLAIN, TEMPORARY], ids=["plain", "temporary"])
PARAMS = {
    "RegionId": "cn-hangzhou",
    "LoadBalancerName": "云桥 a+b*c~d/e%20",
    "Tag.1.Key": "k:ä&=",
    "BackendServers": '[{"ServerId": "i-1", "Weight": 100}]',
}
names = st.text("abcXYZ019.", min_size=1)  # as the API's own names: the SDK does not encode them for ACS3
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\n"))


def seconds(iso: str) -> float:
    return datetime.strptime(iso, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()


def official(address: str, key: AccessKey, algorithm: str | None = None) -> OfficialClient:
    return OfficialClient(
        openapi.Config(
            access_key_id=key.id,
            access_key_secret=key.secret,
            security_token=key.token or None,
            type="sts" if key.token else "access_key",
            endpoint=address,
            protocol="http",
            signature_algorithm=algorithm,
        )
    )


def call_official(client: OfficialClient, **request: Any) -> None:
    params = openapi.Params(
        action="CreateLoadBalancer",
        version="2014-05-15",
        protocol="http",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
    client.call_api(params, openapi.OpenApiRequest(**request), RuntimeOptions())


@KEYS
@pytest.mark.parametrize("place", ["query", "body"])
def test_a_request_of_the_new_sdk_gets_the_same_authorization_from_us(
    recording: Any, key: AccessKey, place: str
) -> None:
    call_official(official(recording.address, key), **{place: PARAMS})
    sent = recording.asked[-1]
    _, _, signed = sent.headers["authorization"].partition("SignedHeaders=")
    headers = {name: sent.headers[name] for name in signed.partition(",")[0].split(";")}
    ours = sign.authorization(key, sent.query, headers, sent.body)
    assert ours == sent.headers["authorization"]


@KEYS
def test_what_we_add_to_a_request_is_what_the_new_sdk_adds(recording: Any, key: AccessKey) -> None:
    call_official(official(recording.address, key), query=PARAMS)
    sent = recording.asked[-1]
    stamp = Stamp(sent.headers["x-acs-signature-nonce"], seconds(sent.headers["x-acs-date"]))
    given_headers = {
        name: sent.headers[name]
        for name in ("host", "x-acs-action", "x-acs-version", "accept", "user-agent", "x-acs-credentials-provider")
        if name in sent.headers
    }
    ours = sign.acs3_headers(key, stamp, sent.query, given_headers)
    assert {name.lower(): value for name, value in ours.items()}.items() <= sent.headers.items()


@KEYS
def test_the_rpc_signature_is_that_of_the_new_sdk(recording: Any, key: AccessKey) -> None:
    call_official(official(recording.address, key, "v2"), query=PARAMS)
    sent = recording.asked[-1].params
    ours = sign.rpc_signature(key, {name: value for name, value in sent.items() if name != "Signature"})
    assert ours == sent["Signature"]


@pytest.mark.parametrize("key", [PLAIN], ids=["plain"])
def test_the_rpc_query_is_that_of_the_old_sdk(recording: Any, key: AccessKey) -> None:
    request = CommonRequest(domain=recording.address, version="2014-05-15", action_name="CreateLoadBalancer")
    request.set_method("POST")
    request.set_protocol_type("http")
    for name, value in PARAMS.items():
        request.add_query_param(name, value)
    client = AcsClient(key.id, key.secret, "cn-hangzhou")
    client.do_action_with_exception(request)
    sent = recording.asked[-1].query
    stamp = Stamp(sent["SignatureNonce"], seconds(sent["Timestamp"]))
    # The old SDK sends an empty SignatureType along, which is signed like any other parameter.
    ours = sign.rpc_query(key, stamp, "CreateLoadBalancer", "2014-05-15", {**PARAMS, "SignatureType": ""})
    assert ours == sent


@given(st.dictionaries(names, texts), texts, texts)
def test_both_signatures_agree_with_the_sdk_for_any_parameters(query: dict[str, str], secret: str, value: str) -> None:
    key = AccessKey("LTAI", secret)
    headers = {"host": "slb.aliyuncs.com", "x-acs-action": "A", "x-value": value}
    request = DaraRequest()
    request.method, request.pathname, request.query, request.headers = "POST", "/", query, headers
    theirs = Utils.get_authorization(request, sign.ALGORITHM, sign.digest(b""), key.id, key.secret)
    assert sign.authorization(key, query, headers) == theirs
    assert sign.rpc_signature(key, query) == Utils.get_rpcsignature(query, "POST", key.secret)


def test_a_key_shows_neither_secret_nor_token() -> None:
    shown = f"{TEMPORARY!r} {TEMPORARY}"
    assert "STS.test" in shown
    assert TEMPORARY.secret not in shown
    assert TEMPORARY.token not in shown
