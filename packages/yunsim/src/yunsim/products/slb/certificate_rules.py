"""What is refused of a certificate, and what is read from it.

Codes and messages are from the SLB 2014-05-15 API reference: "Common error codes" and the error table of the action
named; "ALICLOUD" is the Terraform provider (github.com/aliyun/terraform-provider-alicloud).
"""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from yunsim.errors import ApiError
from yunsim.products.slb import rules
from yunsim.products.slb.quotas import quota
from yunsim.products.slb.state import CaCertificate, Certificate
from yunsim.world import World


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
    found = _certificate("ServerCertificate", certificate)
    _check_key(found, private_key)
    return _parsed(found)


def parsed(parameter: str, certificate: str) -> Parsed:
    """Read a certificate without a key; raises ApiError when it is not PEM (InvalidParameter)."""
    return _parsed(_certificate(parameter, certificate))


def _certificate(parameter: str, text: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(text.encode())
    except ValueError as error:
        raise _invalid(f"The specified parameter {parameter} format is error.") from error


def _parsed(certificate: x509.Certificate) -> Parsed:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Parsed(
        common_name=str(names[0].value) if names else "",
        alternative_names=_alternative_names(certificate),
        fingerprint=certificate.fingerprint(hashes.SHA1()).hex(":"),  # noqa: S303 - a name, not a protection
        expires=certificate.not_valid_after_utc,
    )


def server_certificate(world: World, certificate_id: str) -> Certificate:
    """Return the certificate (ALICLOUD: ServerCertificateId.NotFound; no status is documented)."""
    found = rules.state(world).certificates.get(certificate_id)
    if found is None:
        raise ApiError(
            404,
            "ServerCertificateId.NotFound",
            f"The specified ServerCertificateId does not exist: {certificate_id!r}.",
        )
    return found


def ca_certificate(world: World, certificate_id: str) -> CaCertificate:
    """Return the authority's certificate (ALICLOUD: CACertificateId.NotFound; no status is documented)."""
    found = rules.state(world).ca_certificates.get(certificate_id)
    if found is None:
        raise ApiError(
            404, "CACertificateId.NotFound", f"The specified CACertificateId does not exist: {certificate_id!r}."
        )
    return found


def room(world: World, quota_name: str, held: int) -> None:
    """Refuse more certificates than the quota (CLB "Quotas" page; code not documented)."""
    most = quota(world, quota_name)
    if held >= most:
        raise ApiError(400, "OverQuota", f"The Total is over the quota: {most} certificates.")


def unused(world: World, certificate_id: str) -> None:
    """Refuse to delete a certificate that is in use.

    DeleteServerCertificate: CertificateAndPrivateKeyIsRefered, CertificateRelatedDomainExtensionExist.
    """
    for owner in rules.state(world).load_balancers.values():
        for each in owner.listeners.values():
            if certificate_id in (each.settings.get("ServerCertificateId"), each.settings.get("CACertificateId")):
                raise ApiError(
                    400,
                    "CertificateAndPrivateKeyIsRefered",
                    f"The specified certificate is bound to listeners. You cannot delete it: {each.id}.",
                )
            if any(one.server_certificate_id == certificate_id for one in each.domain_extensions.values()):
                raise ApiError(
                    400,
                    "CertificateRelatedDomainExtensionExist",
                    f"The domainExtension related with this ServerCertificate exists: {each.id}.",
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
