"""Who may call: keys, signatures, times and nonces, checked in the order of the cloud's gateway.

Request times are compared with the real clock, since clients sign with theirs; the life of a temporary key is counted
on the world's clock, so that a test can let it run out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from yunsim.errors import ApiError
from yunsim.signature import AccessKey, Proof
from yunsim.wire import Call

WINDOW = timedelta(minutes=15)
"""How far a request's time may be from ours, and how long a nonce may not be used again."""

UNSIGNED = frozenset({("sts", "AssumeRoleWithOIDC")})
"""The calls that need no signature: what they carry proves who they are."""


@dataclass
class Gate:
    """Admits calls. `key` finds an access key by its id, `now` is the world's time, `real_now` everybody's."""

    key: Callable[[str], AccessKey | None]
    now: Callable[[], datetime]
    real_now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _nonces: dict[str, datetime] = field(default_factory=dict)

    def admit(self, call: Call) -> str:
        """Return the id of the key that signed the call, "" for a call that needs none; raises ApiError 400 or 404."""
        proof = call.proof
        if proof is None:
            if (call.product, call.action) in UNSIGNED:
                return ""
            raise ApiError(400, "MissingAccessKeyId", "AccessKeyId is mandatory for this action.")
        self._check_time(proof)
        self._check_nonce(proof)
        self._check_key(proof)
        self._nonces[proof.nonce] = self.real_now()
        return proof.key_id

    def _check_time(self, proof: Proof) -> None:
        try:
            sent = datetime.strptime(proof.timestamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            text = "Specified time stamp or date value is not well formatted."
            raise ApiError(400, "InvalidTimeStamp.Format", text) from None
        if abs(self.real_now() - sent) > WINDOW:
            raise ApiError(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")

    def _check_nonce(self, proof: Proof) -> None:
        forgotten = self.real_now() - 2 * WINDOW
        while self._nonces and (oldest := next(iter(self._nonces))) and self._nonces[oldest] < forgotten:
            del self._nonces[oldest]
        if proof.nonce in self._nonces:
            raise ApiError(400, "SignatureNonceUsed", "Specified signature nonce was used already.")

    def _check_key(self, proof: Proof) -> None:
        key = self.key(proof.key_id)
        if key is None:
            raise ApiError(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        self._check_token(key, proof.token)
        if not proof.is_signed_with(key.secret):
            raise ApiError(400, "SignatureDoesNotMatch", _mismatch(proof))

    def _check_token(self, key: AccessKey, token: str) -> None:
        if key.token and not token:
            raise ApiError(400, "MissingSecurityToken", "SecurityToken is mandatory for this action.")
        if token != key.token:
            code = "InvalidSecurityToken.MismatchWithAccessKey" if key.token else "InvalidSecurityToken.Malformed"
            wrong = "mismatch with the AccessKey" if key.token else "is malformed"
            raise ApiError(400, code, f"Specified SecurityToken {wrong}.")
        if key.expires is not None and key.expires <= self.now():
            raise ApiError(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")


def _mismatch(proof: Proof) -> str:
    """Word the refusal as the gateway does: old clients compare the string to sign with their own."""
    if proof.scheme == "HMAC-SHA1":
        text = "Specified signature is not matched with our calculation. server string to sign is:"
        return text + proof.string_to_sign
    return f"Specified signature does not match our calculation. server StringToSign is [{proof.string_to_sign}]"
