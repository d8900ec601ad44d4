"""The two ways in which Alibaba Cloud requests are signed, as arithmetic.

V1 (HMAC-SHA1, "RPC signature"): every field, sorted and percent-encoded, is one string; the key is the secret and `&`.
ACS3-HMAC-SHA256 ("V3 signature"): method, path, query, chosen headers and the body's hash are one canonical request,
whose hash is signed. Source: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
and .../rpc-mechanism.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from urllib.parse import quote

Scheme = Literal["HMAC-SHA1", "ACS3-HMAC-SHA256"]


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key pair; a temporary one has a `token` and a time at which it `expires`. `role` is the RAM role it acts as."""

    id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    expires: datetime | None = None
    role: str = ""
    session: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a request says about who sent it; `string_to_sign` is what this side computed from the request."""

    scheme: Scheme
    key_id: str
    nonce: str
    timestamp: str
    token: str = field(default="", repr=False)
    signature: str = field(default="", repr=False)
    string_to_sign: str = field(default="", repr=False)

    def is_signed_with(self, secret: str) -> bool:
        """Tell whether the signature was made with this secret (compared in constant time)."""
        ours = sign(self.scheme, self.string_to_sign, secret)
        return hmac.compare_digest(_bytes(ours), _bytes(self.signature))


def sign(scheme: Scheme, string_to_sign: str, secret: str) -> str:
    """Sign: base64 for HMAC-SHA1, lower-case hex for ACS3-HMAC-SHA256."""
    if scheme == "HMAC-SHA1":
        digest = hmac.new(f"{secret}&".encode(), _bytes(string_to_sign), hashlib.sha1).digest()
        return base64.b64encode(digest).decode()
    return hmac.new(secret.encode(), _bytes(string_to_sign), hashlib.sha256).hexdigest()


def string_to_sign_v1(method: str, fields: Mapping[str, str]) -> str:
    """Make V1's string from all fields of query and form; `Signature` itself is left out."""
    signed = [(name, value) for name, value in fields.items() if name != "Signature"]
    return f"{method}&%2F&{encode(canonical_query(signed))}"


def string_to_sign_acs3(
    method: str, path: str, query: Iterable[tuple[str, str]], headers: Mapping[str, str], signed: str, body: bytes
) -> str:
    """Make ACS3's string; `signed` is the list of signed header names as sent: sorted, joined with `;`."""
    lines = "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in signed.split(";"))
    content = hashlib.sha256(body).hexdigest()
    canonical = f"{method}\n{path}\n{canonical_query(query)}\n{lines}\n{signed}\n{content}"
    return f"ACS3-HMAC-SHA256\n{hashlib.sha256(_bytes(canonical)).hexdigest()}"


def canonical_query(fields: Iterable[tuple[str, str]]) -> str:
    """Join fields, sorted by name, each side percent-encoded."""
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in sorted(fields))


def encode(text: str) -> str:
    """Percent-encode everything but letters, digits and `-_.~` (RFC 3986)."""
    return quote(_bytes(text), safe="~")


def _bytes(text: str) -> bytes:
    """Give the bytes as they came: what was not UTF-8 on the wire is held in surrogates."""
    return text.encode(errors="surrogateescape")
