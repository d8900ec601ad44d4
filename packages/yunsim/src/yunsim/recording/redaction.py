"""What a recording must not tell: keys, tokens, signatures, account ids and addresses.

Secrets become `***`. Account ids and addresses become others, the same for the same within one recording, so that what
belonged together still does: an address inside a network is inside the network's stand-in (each bit is kept or flipped
by a keyed hash of the bits before it; the key is drawn anew for each recording and never written). The well-known
private ranges stay ranges: 10.1.2.3 becomes another 10.x.y.z. Resource ids, names and tags are kept.
"""

import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, ip_interface
from typing import Any

from yunsim.calls import SECRETS

HIDDEN = "***"
_SECRET_FIELDS = SECRETS | {"AccessKeyId", "Signature", "SignatureNonce"}
_ACCESS_KEY = re.compile(r"\b(?:LTAI|STS\.)[0-9A-Za-z-]{4,}")
_ACCOUNT = re.compile(r"(?<!\d)\d{16}(?!\d)")
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?![\d.]|/\d)")
_KEPT_RANGES = [IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")] + [
    IPv4Network("127.0.0.0/8")
]
_KEPT_BITS = 3
"""Of other addresses the first bits are kept: a unicast address stays one."""


@dataclass
class Redaction:
    """The redaction of one recording."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _accounts: dict[str, str] = field(default_factory=dict)

    def params(self, params: Mapping[str, str]) -> dict[str, str]:
        """Redact the fields of a request; one that is JSON text stays JSON text."""
        return {name: str(self.value(value, name.rpartition(".")[2])) for name, value in params.items()}

    def value(self, value: Any, name: str = "") -> Any:
        """Redact a value of a field of that name, and all that is in it."""
        if name in _SECRET_FIELDS and value:
            return HIDDEN
        if isinstance(value, dict):
            return {each: self.value(below, each) for each, below in value.items()}
        if isinstance(value, list):
            return [self.value(each, name) for each in value]
        if isinstance(value, int) and not isinstance(value, bool):
            return int(self._without_accounts(str(value)))
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        if text[:1] in ("[", "{") and (read := _json(text)) is not None:
            return json.dumps(self.value(read), ensure_ascii=False)
        if ":" in text and (whole := self._ipv6(text)):
            return whole
        return self._without_accounts(_IPV4.sub(self._ipv4, _ACCESS_KEY.sub(HIDDEN, text)))

    def _without_accounts(self, text: str) -> str:
        return _ACCOUNT.sub(lambda found: self._account(found[0]), text)

    def _account(self, account: str) -> str:
        return self._accounts.setdefault(account, str(10**15 + len(self._accounts) + 1))

    def _ipv4(self, found: re.Match[str]) -> str:
        address, slash, length = found[0].partition("/")
        try:
            number, bits = int(IPv4Address(address)), int(length) if slash else 32
        except ValueError:
            return found[0]
        kept = next((each.prefixlen for each in _KEPT_RANGES if IPv4Address(number) in each), _KEPT_BITS)
        return f"{IPv4Address(self._flipped(number, 32, kept, min(bits, 32)))}{slash}{length}"

    def _ipv6(self, text: str) -> str:
        try:
            found = ip_interface(text)
        except ValueError:
            return ""
        bits = found.network.prefixlen
        other = type(found.ip)(self._flipped(int(found.ip), 128, 8, bits))
        return f"{other}/{bits}" if "/" in text else str(other)

    def _flipped(self, number: int, width: int, kept: int, bits: int) -> int:
        """Flip bits of a number of that width by what is before each; the first and those behind `bits` stay."""
        for position in range(kept, bits):
            before = number >> (width - position)
            digest = hmac.digest(self.key, f"{width}/{position}/{before}".encode(), "sha256")
            number ^= (digest[0] & 1) << (width - 1 - position)
        return number


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
