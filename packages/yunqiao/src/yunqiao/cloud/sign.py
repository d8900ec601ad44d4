"""How does a request prove who sent it? Both of Alibaba Cloud's signatures, as functions of plain values.

ACS3-HMAC-SHA256 signs headers, query and body; the older RPC signature (version 1, HMAC-SHA1) signs the query alone.
Nonce and time are arguments: nothing here reads a clock or draws a number.
Sources: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature and
https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An identity of the cloud; with a `token` it is a temporary one (STS) that ends at `expires` (Unix seconds).

    Neither repr nor str shows the secret or the token.
    """

    id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class Stamp:
    """What makes one request unlike all others: a nonce that is used once, and the time (Unix seconds)."""

    nonce: str
    time: float

    def iso(self) -> str:
        """`2026-11-22T19:51:01Z`, as both signatures want it."""
        return datetime.fromtimestamp(self.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def percent(text: str) -> str:
    """Percent-encode as RFC 3986: everything but letters, digits and `-_.~`."""
    return quote(text, safe="~")


def canonical(params: Mapping[str, str]) -> str:
    """`a=1&b=2`: sorted by name and percent-encoded; what is signed is also what is sent."""
    return "&".join(f"{percent(name)}={percent(params[name])}" for name in sorted(params))


def digest(body: bytes) -> str:
    """SHA-256 of the body in hexadecimal (of nothing, when there is none)."""
    return hashlib.sha256(body).hexdigest()


def authorization(
    key: AccessKey, query: Mapping[str, str], headers: Mapping[str, str], body: bytes = b"", method: str = "POST"
) -> str:
    """The Authorization header of ACS3-HMAC-SHA256 over the path `/`; every one of `headers` is signed."""
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    names = ";".join(sorted(lower))
    lines = "".join(f"{name}:{lower[name]}\n" for name in sorted(lower))
    request = "\n".join((method, "/", canonical(query), lines, names, digest(body)))
    text = f"{ALGORITHM}\n{digest(request.encode())}"
    signature = hmac.new(key.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Credential={key.id},SignedHeaders={names},Signature={signature}"


def acs3_headers(
    key: AccessKey, stamp: Stamp, query: Mapping[str, str], headers: Mapping[str, str], body: bytes = b""
) -> dict[str, str]:
    """Give `headers` (host, x-acs-action, x-acs-version and what else there is) with all that ACS3 adds."""
    signed = {
        **headers,
        "x-acs-date": stamp.iso(),
        "x-acs-signature-nonce": stamp.nonce,
        "x-acs-content-sha256": digest(body),
    }
    if key.token:
        signed |= {"x-acs-accesskey-id": key.id, "x-acs-security-token": key.token}
    return {**signed, "Authorization": authorization(key, query, signed, body)}


def rpc_signature(key: AccessKey, params: Mapping[str, str], method: str = "POST") -> str:
    """The `Signature` parameter of the RPC signature, version 1, over all the other parameters."""
    text = f"{method}&%2F&{percent(canonical(params))}"
    signature = hmac.new(f"{key.secret}&".encode(), text.encode(), hashlib.sha1)
    return b64encode(signature.digest()).decode()


def rpc_query(key: AccessKey, stamp: Stamp, action: str, version: str, params: Mapping[str, str]) -> dict[str, str]:
    """Give `params` with all that the RPC signature, version 1, adds to the query."""
    query = {
        **params,
        "Action": action,
        "Version": version,
        "Format": "JSON",
        "AccessKeyId": key.id,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": stamp.nonce,
        "Timestamp": stamp.iso(),
    }
    if key.token:
        query["SecurityToken"] = key.token
    return {**query, "Signature": rpc_signature(key, query)}
