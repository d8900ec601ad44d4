"""What is refused of a certificate, and what is read from it (common error codes of the SLB reference)."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from yunsim.errors import ApiError


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a certificate says of itself; the fingerprint is SHA-1, as the service writes it."""

    common_name: str
    alternative_names: list[str]
    fingerprint: str
    expires: datetime


def read(certificate: str, private_key: str) -> Parsed:
    """Read a certificate whose key fits.

    Raises ApiError: nothing given, not PEM (InvalidParameter), a key with a password (PrivateKeyEncryption), a key of
    another certificate (CertificateNotMatchPrivateKey). No message says anything of the key.
    """
    if not certificate or not private_key:
        raise _invalid("The specified parameter ServerCertificate or Key is empty.")
    try:
        parsed = x509.load_pem_x509_certificate(certificate.encode())
    except ValueError as error:
        raise _invalid("The specified parameter ServerCertificate format is error.") from error
    _check_key(parsed, private_key)
    names = parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Parsed(
        common_name=str(names[0].value) if names else "",
        alternative_names=_alternative_names(parsed),
        fingerprint=parsed.fingerprint(hashes.SHA1()).hex(":"),  # noqa: S303 - a name, not a protection
        expires=parsed.not_valid_after_utc,
    )


def _check_key(certificate: x509.Certificate, private_key: str) -> None:
    try:
        key = load_pem_private_key(private_key.encode(), password=None)
    except TypeError:
        raise ApiError(400, "PrivateKeyEncryption", "Key has Encrypted .") from None
    except (ValueError, UnsupportedAlgorithm):
        raise _invalid("The specified parameter key format is error.") from None
    if key.public_key() != certificate.public_key():
        raise ApiError(400, "CertificateNotMatchPrivateKey", "Certificate and key does not match.")


def _alternative_names(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return extension.value.get_values_for_type(x509.DNSName)


def _invalid(message: str) -> ApiError:
    return ApiError(400, "InvalidParameter", message)
