"""Signed calls to a yunsim that runs elsewhere, for a replay against it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import aiohttp
from yarl import URL

from yunsim.dispatch import PRODUCTS
from yunsim.recording.replaying import Ask
from yunsim.signature import AccessKey, sign, string_to_sign_v1


def over_http(session: aiohttp.ClientSession, url: str, key: AccessKey) -> Ask:
    """Ask the server at that URL, signed with that key. Raises aiohttp.ClientError when nobody answers."""

    async def ask(product: str, action: str, params: Mapping[str, str]) -> tuple[int, Any]:
        target = f"{url.rstrip('/')}/?{_signed(product, action, params, key)}"
        async with session.post(URL(target, encoded=True)) as response:
            return response.status, await response.json(content_type=None)

    return ask


def _signed(product: str, action: str, params: Mapping[str, str], key: AccessKey) -> str:
    fields = {
        **params,
        "Action": action,
        "Version": PRODUCTS[product].version,
        "Format": "JSON",
        "AccessKeyId": key.id,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": str(uuid4()),
        "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **({"SecurityToken": key.token} if key.token else {}),
    }
    return urlencode(fields | {"Signature": sign("HMAC-SHA1", string_to_sign_v1("POST", fields), key.secret)})
