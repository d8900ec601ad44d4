"""The actions of STS 2015-04-01: who am I, and temporary keys.

https://help.aliyun.com/zh/ram/developer-reference/api-sts-2015-04-01-overview
"""

from typing import Any

from yunsim.products.sts import rules, state
from yunsim.products.sts.state import Role
from yunsim.signature import AccessKey
from yunsim.world import World

VERSION = "2015-04-01"


def GetCallerIdentity(world: World, *, AccessKeyId: str = "") -> dict[str, Any]:
    """Say whom the signing key stands for: the account itself, or a session of a role."""
    key = state.of(world).key(AccessKeyId)
    role = state.of(world).find(key.role) if key else None
    if key is None or role is None:
        root = f"acs:ram::{world.account}:root"
        return _identity(world, "Account", root, principal=world.account, user=world.account)
    session = key.session or "yunsim"
    arn = f"acs:ram::{world.account}:assumed-role/{role.name}/{session}"
    return _identity(world, "AssumedRoleUser", arn, principal=f"{role.id}:{session}", role=role.id)


def AssumeRole(
    world: World,
    *,
    RoleArn: str,
    RoleSessionName: str,
    DurationSeconds: int = 3600,
    ExternalId: str = "",  # taken as the cloud takes it; roles here have no trust policy to match it
    Policy: str = "",
    SourceIdentity: str = "",
) -> dict[str, Any]:
    """Give out a temporary key that acts as a role; a policy must be well formed, and limits nothing here."""
    role = rules.existing_role(world, RoleArn)
    rules.check_session(RoleSessionName, DurationSeconds, Policy)
    key = state.issue(world, role, RoleSessionName, DurationSeconds)
    return _assumed(role, key) | ({"SourceIdentity": SourceIdentity} if SourceIdentity else {})


def AssumeRoleWithOIDC(
    world: World,
    *,
    RoleArn: str,
    OIDCProviderArn: str,
    OIDCToken: str,
    RoleSessionName: str,
    DurationSeconds: int = 3600,
    Policy: str = "",
) -> dict[str, Any]:
    """Give out a temporary key in exchange for an OIDC token, such as a Kubernetes service account's; unsigned."""
    rules.existing_provider(world, OIDCProviderArn)
    role = rules.existing_role(world, RoleArn)
    rules.check_session(RoleSessionName, DurationSeconds, Policy)
    claims = rules.claims(world, OIDCToken)
    audience = claims.get("aud", "")
    info = {
        "Issuer": str(claims.get("iss", "")),
        "Subject": str(claims.get("sub", "")),
        "ClientIds": ",".join(audience) if isinstance(audience, list) else str(audience),
    }
    return _assumed(role, state.issue(world, role, RoleSessionName, DurationSeconds)) | {"OIDCTokenInfo": info}


def _assumed(role: Role, key: AccessKey) -> dict[str, Any]:
    session_arn = f"{role.arn.replace(':role/', ':assumed-role/')}/{key.session}"
    return {
        "AssumedRoleUser": {"Arn": session_arn, "AssumedRoleId": f"{role.id}:{key.session}"},
        "Credentials": {
            "AccessKeyId": key.id,
            "AccessKeySecret": key.secret,
            "SecurityToken": key.token,
            "Expiration": state.expiration(key.expires),
        },
    }


def _identity(world: World, kind: str, arn: str, *, principal: str, user: str = "", role: str = "") -> dict[str, Any]:
    identity = {"AccountId": world.account, "IdentityType": kind, "Arn": arn, "PrincipalId": principal}
    return identity | ({"UserId": user} if user else {}) | ({"RoleId": role} if role else {})
