"""HTTP requests of both protocols become the same call; what is wrong with them gets the gateway's codes."""

import contextlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunsim.errors import ApiError
from yunsim.wire import Request, error_body, read_call

TAG = {"Tag.1.Key": "app", "Tag.1.Value": "a b+c/云"}


def refusal(request: Request) -> ApiError:
    with pytest.raises(ApiError) as refused:
        read_call(request)
    return refused.value


def without(request: Request, field: str) -> Request:
    path, _, query = request.target.partition("?")
    kept = "&".join(pair for pair in query.split("&") if not pair.startswith(f"{field}="))
    return replace(request, target=f"{path}?{kept}")


@pytest.mark.parametrize("form", [False, True])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_v1_is_read_from_query_and_from_form(v1: Any, form: bool, method: str):
    call = read_call(v1("CreateLoadBalancer", form=form, method=method, RegionId="cn-hangzhou", **TAG))
    assert (call.product, call.action) == ("slb", "CreateLoadBalancer")
    assert call.params == {"RegionId": "cn-hangzhou"} | TAG
    assert call.proof is not None
    assert call.proof.is_signed_with("secret")
    assert not call.proof.is_signed_with("another")


def test_acs3_is_read_from_headers_and_merges_query_and_form(acs3: Any):
    call = read_call(acs3("CreateLoadBalancer", query=TAG, form={"RegionId": "cn-hangzhou"}))
    assert (call.product, call.action) == ("slb", "CreateLoadBalancer")
    assert call.params == {"RegionId": "cn-hangzhou"} | TAG
    assert call.proof is not None
    assert call.proof.is_signed_with("secret")


def test_an_altered_body_does_not_match_the_signature(acs3: Any):
    call = read_call(replace(acs3(form={"A": "1"}), body=b"A=2"))
    assert call.proof is not None
    assert not call.proof.is_signed_with("secret")


def test_an_altered_query_does_not_match_the_signature(v1: Any):
    request = v1(RegionId="cn-hangzhou")
    call = read_call(replace(request, target=request.target.replace("cn-hangzhou", "cn-shanghai")))
    assert call.proof is not None
    assert not call.proof.is_signed_with("secret")


@pytest.mark.parametrize(
    ("version", "product"),
    [("2014-05-15", "slb"), ("2014-05-26", "ecs"), ("2016-04-28", "vpc"), ("2015-04-01", "sts")],
)
def test_the_version_tells_the_product(v1: Any, version: str, product: str):
    assert read_call(v1(version=version)).product == product


@pytest.mark.parametrize("host", ["slb.cn-hangzhou.aliyuncs.com", "slb-vpc.cn-hangzhou.aliyuncs.com:80"])
def test_a_host_that_names_a_product_takes_its_versions_only(v1: Any, host: str):
    assert read_call(v1(host=host)).product == "slb"
    assert refusal(v1(host=host, version="2014-05-26")).code == "InvalidVersion"


def test_an_unknown_version_is_refused(v1: Any):
    error = refusal(v1(version="1999-01-01"))
    assert (error.status, error.code) == (400, "InvalidVersion")
    assert error.message == "Specified parameter Version is not valid."


@pytest.mark.parametrize("field", ["Action", "Version", "Timestamp", "SignatureNonce", "Signature", "AccessKeyId"])
def test_a_missing_envelope_field_is_named(v1: Any, field: str):
    error = refusal(without(v1(), field))
    assert (error.status, error.code) == (400, f"Missing{field}")
    assert error.message == f"{field} is mandatory for this action."


def test_a_field_given_twice_is_refused(acs3: Any):
    error = refusal(acs3(query={"Tag.1.Key": "a"}, form={"Tag.1.Key": "b"}))
    assert error.code == "InvalidParameter"
    assert '"Tag.1.Key"' in error.message


@pytest.mark.parametrize(
    "authorization", ["ACS3-HMAC-SHA256", "ACS3-HMAC-SHA256 Credential=key", "ACS3-RSA-SHA256 Credential=key"]
)
def test_an_authorization_header_that_cannot_be_read_is_incomplete(acs3: Any, authorization: str):
    request = acs3()
    error = refusal(replace(request, headers={**request.headers, "authorization": authorization}))
    assert (error.status, error.code) == (400, "IncompleteSignature")


def test_headers_that_carry_the_call_must_be_signed(acs3: Any):
    error = refusal(acs3(signed_without="x-acs-action"))
    assert error.code == "IncompleteSignature"
    assert "x-acs-action" in error.message


def test_another_signature_method_is_incomplete(v1: Any):
    request = v1()
    error = refusal(replace(request, target=request.target.replace("HMAC-SHA1", "HMAC-MD5")))
    assert error.code == "IncompleteSignature"


def test_a_request_without_signature_is_read_as_unsigned():
    call = read_call(Request("POST", "/?Action=AssumeRoleWithOIDC&Version=2015-04-01&RoleArn=r", {"host": "x"}))
    assert call.proof is None
    assert call.params == {"RoleArn": "r"}


def test_an_error_body_has_the_five_fields_that_clients_read():
    body = error_body(ApiError(400, "Throttling.User", "Too many."), "R-1", "slb.example", "slb")
    assert list(body) == ["RequestId", "HostId", "Code", "Message", "Recommend"]
    assert (body["Code"], body["HostId"]) == ("Throttling.User", "slb.example")


TEXT = st.text(alphabet="aA1=&%?.+;:/ \udc80é云", max_size=30)


@given(
    target=TEXT.map(lambda text: "/?Version=2014-05-15&Action=A&AccessKeyId=k&Timestamp=t&SignatureNonce=n&" + text),
    authorization=st.one_of(st.none(), TEXT.map("ACS3-HMAC-SHA256 Credential=".__add__)),
    body=st.binary(max_size=30),
)
def test_any_request_whatever_becomes_a_call_or_a_refusal(target: str, authorization: str | None, body: bytes):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    headers |= {"authorization": authorization} if authorization else {}
    with contextlib.suppress(ApiError):
        call = read_call(Request("POST", target, headers, body))
        assert call.proof is None or not call.proof.is_signed_with("secret")
