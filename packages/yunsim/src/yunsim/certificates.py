"""Certificates that are made here, with a key of their own, for worlds that need some."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_VALID_BEFORE_NOW = timedelta(days=366)
_FORM = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@dataclass(frozen=True, slots=True)
class SelfSigned:
    """A certificate and its key as PEM, and its SHA-1 fingerprint, as the SLB service writes it."""

    pem: str
    private_key: str = field(repr=False)
    fingerprint: str


def self_signed(common_name: str, alternative_names: Sequence[str], expires: datetime) -> SelfSigned:
    """Make a certificate for these names that is valid until then, which may be in the past."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])
    begins = min(datetime.now(UTC), expires) - _VALID_BEFORE_NOW
    unsigned = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begins, expires)
    if alternative_names:
        names = x509.SubjectAlternativeName([x509.DNSName(each) for each in alternative_names])
        unsigned = unsigned.add_extension(names, critical=False)
    made = unsigned.sign(key, hashes.SHA256())
    return SelfSigned(
        pem=made.public_bytes(_FORM[0]).decode(),
        private_key=key.private_bytes(*_FORM).decode(),
        fingerprint=made.fingerprint(hashes.SHA1()).hex(":"),  # noqa: S303 - a name, not a protection
    )
