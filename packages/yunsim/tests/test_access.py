"""Who is let in: keys, times, nonces and tokens, with the gateway's codes and words."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from yunsim.access import Gate
from yunsim.errors import ApiError
from yunsim.signature import AccessKey
from yunsim.wire import Request, read_call

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEYS = {
    "key": AccessKey("key", "secret"),
    "STS.key": AccessKey("STS.key", "secret", token="token", expires=NOON + timedelta(hours=1)),
}
Sign = Callable[..., Request]


@pytest.fixture
def gate() -> Gate:
    return Gate(KEYS.get, now=lambda: NOON, real_now=lambda: NOON)


@pytest.fixture(params=["v1", "acs3"])
def request_of(request: pytest.FixtureRequest) -> Sign:
    sign = request.getfixturevalue(request.param)
    return lambda **how: sign(**({"when": NOON} | how))


def refusal(gate: Gate, request: Request) -> ApiError:
    with pytest.raises(ApiError) as refused:
        gate.admit(read_call(request))
    return refused.value


def test_a_signed_call_is_let_in_and_names_its_key(gate: Gate, request_of: Sign):
    assert gate.admit(read_call(request_of())) == "key"


def test_a_wrong_secret_does_not_match_and_the_answer_says_what_was_to_be_signed(gate: Gate, request_of: Sign):
    request = request_of(secret="wrong")
    error = refusal(gate, request)
    proof = read_call(request).proof
    assert (error.status, error.code) == (400, "SignatureDoesNotMatch")
    assert proof is not None
    assert proof.string_to_sign in error.message


def test_an_unknown_key_is_not_found(gate: Gate, request_of: Sign):
    error = refusal(gate, request_of(key="nobody"))
    assert (error.status, error.code) == (404, "InvalidAccessKeyId.NotFound")
    assert error.message == "Specified access key is not found."


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_time_more_than_a_quarter_of_an_hour_off_is_expired(gate: Gate, request_of: Sign, minutes: int):
    error = refusal(gate, request_of(when=NOON + timedelta(minutes=minutes)))
    assert (error.status, error.code) == (400, "InvalidTimeStamp.Expired")


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_time_within_a_quarter_of_an_hour_is_fine(gate: Gate, request_of: Sign, minutes: int):
    assert gate.admit(read_call(request_of(when=NOON + timedelta(minutes=minutes)))) == "key"


def test_a_time_in_another_format_is_refused(gate: Gate, v1: Sign):
    error = refusal(gate, v1(Timestamp="Thu, 01 Jan 2026 12:00:00 GMT"))
    assert (error.status, error.code) == (400, "InvalidTimeStamp.Format")


def test_a_request_sent_twice_is_refused_the_second_time(gate: Gate, request_of: Sign):
    request = request_of()
    gate.admit(read_call(request))
    error = refusal(gate, request)
    assert (error.status, error.code) == (400, "SignatureNonceUsed")


def test_nonces_are_forgotten_when_no_request_of_their_time_could_pass(v1: Sign):
    moments = [NOON]
    gate = Gate(KEYS.get, now=lambda: NOON, real_now=lambda: moments[-1])
    gate.admit(read_call(v1(nonce="n", when=NOON)))
    moments.append(NOON + timedelta(minutes=31))
    gate.admit(read_call(v1(nonce="n", when=moments[-1])))


def test_a_refused_request_does_not_use_up_its_nonce(gate: Gate, v1: Sign):
    refusal(gate, v1(nonce="n", secret="wrong", when=NOON))
    assert gate.admit(read_call(v1(nonce="n", when=NOON))) == "key"


def test_a_temporary_key_works_with_its_token(gate: Gate, request_of: Sign):
    assert gate.admit(read_call(request_of(key="STS.key", token="token"))) == "STS.key"


@pytest.mark.parametrize(
    ("key", "token", "code"),
    [
        ("STS.key", "", "MissingSecurityToken"),
        ("STS.key", "other", "InvalidSecurityToken.MismatchWithAccessKey"),
        ("key", "token", "InvalidSecurityToken.Malformed"),
    ],
)
def test_a_token_must_be_the_keys_own(gate: Gate, request_of: Sign, key: str, token: str, code: str):
    error = refusal(gate, request_of(key=key, token=token))
    assert (error.status, error.code) == (400, code)


def test_a_temporary_key_runs_out_on_the_worlds_clock(request_of: Sign):
    gate = Gate(KEYS.get, now=lambda: NOON + timedelta(hours=1), real_now=lambda: NOON)
    assert refusal(gate, request_of(key="STS.key", token="token")).code == "InvalidSecurityToken.Expired"


def test_only_the_exchange_of_an_oidc_token_needs_no_signature(gate: Gate):
    def unsigned(action: str, version: str) -> Any:
        return read_call(Request("POST", f"/?Action={action}&Version={version}", {}))

    assert gate.admit(unsigned("AssumeRoleWithOIDC", "2015-04-01")) == ""
    with pytest.raises(ApiError) as refused:
        gate.admit(unsigned("DescribeRegions", "2014-05-15"))
    assert refused.value.code == "MissingAccessKeyId"


def test_a_key_shows_no_secret():
    assert "secret" not in repr(KEYS["STS.key"])
    assert "token" not in repr(KEYS["STS.key"]).replace("'token'", "token=")
