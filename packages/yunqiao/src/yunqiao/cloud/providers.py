"""Where can an access key come from? Every source that yunqiao knows, in the order in which they are tried.

1. accessKeyID and accessKeySecret of the cloud-config   2. ACCESS_KEY_ID and ACCESS_KEY_SECRET
3. ALIBABA_CLOUD_ACCESS_KEY_ID, ..._SECRET (and ALIBABA_CLOUD_SECURITY_TOKEN)
4. RRSA: the pod's OIDC token is exchanged for a role's key (ALIBABA_CLOUD_ROLE_ARN and two more)
5. ALIBABA_CLOUD_CREDENTIALS_URI   6. the RAM role of the ECS instance
Source: https://www.alibabacloud.com/help/en/sdk/developer-reference/v2-manage-python-access-credentials.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from yunqiao.cloud.credentials import Provider
from yunqiao.cloud.metadata import Metadata
from yunqiao.cloud.sign import AccessKey
from yunqiao.model.errors import Lost, Refused

SESSION_SECONDS = 3600
DEADLINE = aiohttp.ClientTimeout(total=15.0, sock_connect=5.0)


@dataclass(frozen=True, slots=True)
class Rrsa:
    """What is needed to trade a pod's OIDC token for the key of a RAM role."""

    role_arn: str
    provider_arn: str
    token_file: str
    session_name: str = "yunqiao"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the key comes from: the first of these that is set, else the RAM role of the instance.

    `role` names that role when the metadata service shall not be asked; `sts` is the URL of the STS endpoint.
    """

    key: AccessKey | None = None
    rrsa: Rrsa | None = None
    uri: str = field(default="", repr=False)
    role: str = ""
    sts: str = "https://sts.aliyuncs.com"

    def __str__(self) -> str:
        """Say in words which one it is; nothing secret."""
        if self.key:
            return f"access key {self.key.id}"
        if self.rrsa:
            return f"role {self.rrsa.role_arn} by OIDC (RRSA)"
        return f"credentials URI {_shown(self.uri)}" if self.uri else "RAM role of the ECS instance"


def provider(source: Source, metadata: Metadata) -> Provider:
    """Give the Provider of `source`."""
    if source.key:
        return fixed(source.key)
    if source.rrsa:
        return rrsa(source.rrsa, source.sts)
    return by_uri(source.uri) if source.uri else instance_role(metadata, source.role)


def fixed(key: AccessKey) -> Provider:
    """A key that is given and never changes."""

    async def fetch() -> AccessKey:
        return key

    return fetch


def rrsa(how: Rrsa, sts: str) -> Provider:
    """AssumeRoleWithOIDC (https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerolewithoidc).

    The call carries no signature; the token travels in the form body, never in the URL.
    """

    async def fetch() -> AccessKey:
        form = {
            "Action": "AssumeRoleWithOIDC",
            "Version": "2015-04-01",
            "Format": "JSON",
            "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "DurationSeconds": str(SESSION_SECONDS),
            "RoleArn": how.role_arn,
            "OIDCProviderArn": how.provider_arn,
            "OIDCToken": _token(how.token_file),
            "RoleSessionName": how.session_name,
        }
        answer = await _ask("POST", sts, "AssumeRoleWithOIDC", form)
        return _key(answer.get("Credentials"), "AssumeRoleWithOIDC")

    return fetch


def by_uri(uri: str) -> Provider:
    """GET `uri`; the answer has AccessKeyId, AccessKeySecret, SecurityToken and Expiration."""

    async def fetch() -> AccessKey:
        return _key(await _ask("GET", uri, "The credentials URI"), "The credentials URI")

    return fetch


def instance_role(metadata: Metadata, role: str = "") -> Provider:
    """The key that the metadata service gives for the RAM role of this instance."""

    async def fetch() -> AccessKey:
        name = role or await metadata.role()
        text = await metadata.get(f"ram/security-credentials/{name}")
        return _key(_decoded(text.encode(), f"RAM role {name}"), f"RAM role {name}")

    return fetch


def _token(path: str) -> str:
    """Read anew each time: the kubelet rotates it."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Refused(
            f"ALIBABA_CLOUD_OIDC_TOKEN_FILE {path!r}: {error.strerror}; mount the pod's OIDC token there."
        ) from error


async def _ask(method: str, url: str, what: str, form: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    try:
        async with (
            aiohttp.ClientSession(timeout=DEADLINE, trust_env=True) as session,
            session.request(method, url, data=form, allow_redirects=False) as response,
        ):
            status, body = response.status, await response.read()
    except (aiohttp.ClientError, OSError) as error:
        raise Lost(f"{what} at {_shown(url)}: {error or type(error).__name__}.") from error
    if status >= 500 or status == 429:
        raise Lost(f"{what} at {_shown(url)}: HTTP {status}.")
    answer = _decoded(body, what)
    if status >= 400:
        raise Refused(f"{what}: {answer.get('Code')}: {answer.get('Message')} (RequestId {answer.get('RequestId')})")
    return answer


def _shown(url: str) -> str:
    """The URL without its query, which may hold a secret."""
    return url.partition("?")[0]


def _decoded(body: bytes, what: str) -> Mapping[str, Any]:
    """The text itself is never shown: it may hold a key."""
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise Lost(f"{what}: the answer of {len(body)} bytes is not a JSON object.")
    return answer


def _key(answer: object, what: str) -> AccessKey:
    fields = answer if isinstance(answer, dict) else {}
    parts = [fields.get(name) for name in ("AccessKeyId", "AccessKeySecret", "SecurityToken")]
    if not all(isinstance(part, str) and part for part in parts[:2]):
        raise Lost(f"{what}: the answer has no AccessKeyId and AccessKeySecret.")
    return AccessKey(str(parts[0]), str(parts[1]), str(parts[2] or ""), _expires(fields.get("Expiration"), what))


def _expires(text: object, what: str) -> float | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError as error:
        raise Lost(f"{what}: Expiration {text!r} is not a time such as 2026-01-31T12:00:00Z.") from error
