"""What the tests of the control plane share: signed requests, as clients of either protocol send them."""

import hashlib
import itertools
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from yunsim.signature import sign, string_to_sign_acs3, string_to_sign_v1
from yunsim.wire import Request

NONCES = itertools.count()
FORM = "application/x-www-form-urlencoded"


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def sign_v1(
    action: str = "DescribeRegions",
    *,
    version: str = "2014-05-15",
    key: str = "key",
    secret: str = "secret",
    token: str = "",
    when: datetime | None = None,
    nonce: str = "",
    method: str = "POST",
    host: str = "127.0.0.1",
    form: bool = False,
    **params: str,
) -> Request:
    fields = {
        "Action": action,
        "Version": version,
        "Format": "JSON",
        "AccessKeyId": key,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": nonce or f"nonce-{next(NONCES)}",
        "Timestamp": stamp(when or datetime.now(UTC)),
        **({"SecurityToken": token} if token else {}),
        **params,
    }
    fields["Signature"] = sign("HMAC-SHA1", string_to_sign_v1(method, fields), secret)
    headers = {"host": host} | ({"content-type": FORM} if form else {})
    text = urlencode(fields)
    return Request(method, "/" if form else f"/?{text}", headers, text.encode() if form else b"")


def sign_acs3(
    action: str = "DescribeRegions",
    *,
    version: str = "2014-05-15",
    key: str = "key",
    secret: str = "secret",
    token: str = "",
    when: datetime | None = None,
    query: dict[str, str] | None = None,
    form: dict[str, str] | None = None,
    signed_without: str = "",
) -> Request:
    body = urlencode(form).encode() if form else b""
    headers = {
        "host": "127.0.0.1",
        "x-acs-action": action,
        "x-acs-version": version,
        "x-acs-date": stamp(when or datetime.now(UTC)),
        "x-acs-signature-nonce": f"nonce-{next(NONCES)}",
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
        **({"content-type": FORM} if form else {}),
        **({"x-acs-security-token": token} if token else {}),
    }
    signed = ";".join(sorted(headers.keys() - {signed_without}))
    text = string_to_sign_acs3("POST", "/", (query or {}).items(), headers, signed, body)
    signature = sign("ACS3-HMAC-SHA256", text, secret)
    headers["authorization"] = f"ACS3-HMAC-SHA256 Credential={key},SignedHeaders={signed},Signature={signature}"
    return Request("POST", "/" + (f"?{urlencode(query)}" if query else ""), headers, body)


@pytest.fixture(scope="session")
def v1() -> Any:
    """Make a request signed with HMAC-SHA1."""
    return sign_v1


@pytest.fixture(scope="session")
def acs3() -> Any:
    """Make a request signed with ACS3-HMAC-SHA256."""
    return sign_acs3
