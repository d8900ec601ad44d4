"""What STS refuses. Codes: https://help.aliyun.com/zh/ram/developer-reference/api-sts-2015-04-01-errorcodes.

The signature of an OIDC token is not checked: that needs the issuer's published keys, which are behind its URL.
"""

import base64
import json
import re
from datetime import UTC, datetime
from typing import Any

from yunsim.errors import ApiError
from yunsim.products.sts.state import Role, of
from yunsim.world import World

LONGEST_SESSION = 3600
_SESSION_NAME = re.compile(r"[A-Za-z0-9.@_-]{2,64}")
_ROLE_ARN = re.compile(r"acs:ram::[0-9]+:role/.+")


def existing_role(world: World, arn: str) -> Role:
    """Return the role; raises ApiError InvalidParameter.RoleArn (400) or EntityNotExist.Role (404)."""
    if not _ROLE_ARN.fullmatch(arn):
        raise ApiError(400, "InvalidParameter.RoleArn", "The parameter RoleArn is wrongly formed.")
    role = of(world).find(arn)
    if role is None:
        known = ", ".join(sorted(of(world).roles)) or "none"
        raise ApiError(404, "EntityNotExist.Role", f"The role does not exist: {arn}; this account has: {known}.")
    return role


def check_session(name: str, seconds: int, policy: str) -> None:
    """Check a session's name (2-64 of letters, digits and `.@-_`), length (900-3600 seconds) and policy (JSON)."""
    if not _SESSION_NAME.fullmatch(name):
        raise ApiError(400, "InvalidParameter.RoleSessionName", "The parameter RoleSessionName is wrongly formed.")
    if not 900 <= seconds <= LONGEST_SESSION:
        text = "The Min/Max value of DurationSeconds is 15min/1hr."
        raise ApiError(400, "InvalidParameter.DurationSeconds", text)
    if policy and not _is_object(policy):
        raise ApiError(400, "InvalidParameter.PolicyGrammar", "The parameter Policy has not passed grammar check.")


def existing_provider(world: World, arn: str) -> None:
    """Check that the account has the OIDC provider; raises ApiError AuthenticationFail.NoPermission (401)."""
    if arn not in of(world).providers:
        raise ApiError(401, "AuthenticationFail.NoPermission", "No such OIDC Provider registered.")


def claims(world: World, token: str) -> dict[str, Any]:
    """Read an OIDC token's claims; raises ApiError AuthenticationFail.OIDCToken.Invalid or .Expired (401)."""
    parts = token.split(".")
    if len(parts) != 3:
        raise _invalid("The number of Jwt field should be divided into 3 parts with '.' .")
    try:
        read = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        expires = datetime.fromtimestamp(int(read["exp"]), UTC)
    except (ValueError, TypeError, LookupError, OverflowError):
        raise _invalid("The Jwt content is invalid that cannot be recognized.") from None
    if expires <= world.clock.now():
        raise ApiError(401, "AuthenticationFail.OIDCToken.Expired", "This JsonWebToken is expired.")
    return dict(read)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _invalid(why: str) -> ApiError:
    return ApiError(401, "AuthenticationFail.OIDCToken.Invalid", why)
