"""Who am I, and temporary keys that then let in."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from yunsim.access import Gate
from yunsim.dispatch import perform
from yunsim.errors import ApiError
from yunsim.products.sts import state
from yunsim.wire import read_call
from yunsim.world import SteppedClock, World

ROLE = "acs:ram::1234567890123456:role/Controller"
PROVIDER = "acs:ram::1234567890123456:oidc-provider/cluster"


@pytest.fixture
def world() -> World:
    world = World(clock=SteppedClock(frozen_at=datetime(2026, 1, 1, tzinfo=UTC)), strict=True)
    state.add_key(world, "LTAI-root", "secret")
    state.add_key(world, "LTAI-role", "secret", role="Operator")
    state.add_role(world, "Controller")
    state.add_providers(world, ["cluster"])
    return world


def jwt(world: World, **claims: Any) -> str:
    claims = {"exp": int(world.clock.now().timestamp()) + 600} | claims
    parts = [{"alg": "RS256"}, claims]
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + ".c2ln"


def assume(world: World, **params: str) -> dict[str, Any]:
    return perform(world, "sts", "AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "test"} | params)


def exchange(world: World, token: str, **params: str) -> dict[str, Any]:
    fields = {"RoleArn": ROLE, "RoleSessionName": "test", "OIDCProviderArn": PROVIDER, "OIDCToken": token}
    return perform(world, "sts", "AssumeRoleWithOIDC", fields | params)


def test_the_accounts_own_key_is_the_account(world: World):
    identity = perform(world, "sts", "GetCallerIdentity", {"AccessKeyId": "LTAI-root"})
    assert (identity["IdentityType"], identity["AccountId"]) == ("Account", world.account)
    assert identity["Arn"] == f"acs:ram::{world.account}:root"


def test_a_key_with_a_role_is_a_session_of_that_role(world: World):
    identity = perform(world, "sts", "GetCallerIdentity", {"AccessKeyId": "LTAI-role"})
    assert identity["IdentityType"] == "AssumedRoleUser"
    assert identity["Arn"].startswith(f"acs:ram::{world.account}:assumed-role/Operator/")


def test_an_assumed_role_gives_a_key_that_signs_until_it_expires(world: World, v1: Any):
    given = assume(world, DurationSeconds="900")["Credentials"]
    assert given["Expiration"] == "2026-01-01T00:15:00Z"
    gate = Gate(state.of(world).key, now=world.clock.now)
    credentials = {"key": given["AccessKeyId"], "secret": given["AccessKeySecret"], "token": given["SecurityToken"]}
    assert gate.admit(read_call(v1(**credentials))) == given["AccessKeyId"]
    identity = perform(world, "sts", "GetCallerIdentity", {"AccessKeyId": given["AccessKeyId"]})
    assert identity["Arn"] == f"acs:ram::{world.account}:assumed-role/Controller/test"
    world.clock.advance(900)
    with pytest.raises(ApiError, match=r"InvalidSecurityToken\.Expired"):
        gate.admit(read_call(v1(**credentials)))


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"RoleArn": "Controller"}, 400, "InvalidParameter.RoleArn"),
        ({"RoleArn": ROLE + "x"}, 404, "EntityNotExist.Role"),
        ({"RoleSessionName": "a"}, 400, "InvalidParameter.RoleSessionName"),
        ({"DurationSeconds": "899"}, 400, "InvalidParameter.DurationSeconds"),
        ({"DurationSeconds": "3601"}, 400, "InvalidParameter.DurationSeconds"),
        ({"Policy": "{"}, 400, "InvalidParameter.PolicyGrammar"),
        ({"RoleArn": ""}, 400, "MissingParameter"),
    ],
)
def test_a_session_that_cannot_be_is_refused(world: World, params: dict[str, str], status: int, code: str):
    with pytest.raises(ApiError) as refused:
        assume(world, **params)
    assert (refused.value.status, refused.value.code) == (status, code)


def test_an_oidc_token_gives_a_key_and_says_what_it_held(world: World):
    answer = exchange(world, jwt(world, iss="https://issuer", aud=["sts.aliyuncs.com"], sub="system:sa"))
    assert state.of(world).key(answer["Credentials"]["AccessKeyId"]) is not None
    assert answer["OIDCTokenInfo"] == {
        "Issuer": "https://issuer",
        "Subject": "system:sa",
        "ClientIds": "sts.aliyuncs.com",
    }


@pytest.mark.parametrize("token", ["abc", "a.b.c", "a..c", "e30.e30.x", "e30.W10.x"])
def test_a_token_that_is_no_jwt_is_refused(world: World, token: str):
    with pytest.raises(ApiError, match=r"AuthenticationFail\.OIDCToken\.Invalid"):
        exchange(world, token)


def test_an_expired_oidc_token_is_refused(world: World):
    with pytest.raises(ApiError, match=r"AuthenticationFail\.OIDCToken\.Expired"):
        exchange(world, jwt(world, exp=1))


def test_an_unregistered_provider_is_refused(world: World):
    with pytest.raises(ApiError, match=r"AuthenticationFail\.NoPermission"):
        exchange(world, jwt(world), OIDCProviderArn=PROVIDER + "x")


def test_an_instance_keeps_its_roles_key_until_half_of_its_life_is_over(world: World):
    first = state.instance_key(world, "Worker", "i-1", timedelta(hours=6))
    assert state.instance_key(world, "Worker", "i-1", timedelta(hours=6)) is first
    world.clock.advance(3 * 3600)
    second = state.instance_key(world, "Worker", "i-1", timedelta(hours=6))
    assert second.id != first.id
    assert state.of(world).key(first.id) is first


def test_keys_that_ran_out_long_ago_are_forgotten(world: World):
    old = state.instance_key(world, "Worker", "i-1", timedelta(hours=1))
    world.clock.advance(3 * 3600)
    assume(world)
    assert state.of(world).key(old.id) is None
