"""Server certificates."""

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def pem(key: ec.EllipticCurvePrivateKey, password: bytes = b"") -> str:
    secret = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, secret).decode()


def certificate(key: ec.EllipticCurvePrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "www.example.com")])
    names = x509.SubjectAlternativeName([x509.DNSName("www.example.com"), x509.DNSName("example.com")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def key() -> ec.EllipticCurvePrivateKey:
    """A private key."""
    return ec.generate_private_key(ec.SECP256R1())


def test_an_uploaded_certificate_is_listed_and_serves_a_listener(slb: Any, key: Any, balancer: str, group: str) -> None:
    made = slb(
        "UploadServerCertificate",
        ServerCertificateName="web",
        ServerCertificate=certificate(key),
        PrivateKey=pem(key),
    )
    (seen,) = slb("DescribeServerCertificates", ServerCertificateId=made["ServerCertificateId"])["ServerCertificates"][
        "ServerCertificate"
    ]
    assert (seen["CommonName"], seen["ExpireTime"]) == ("www.example.com", "2027-01-01T00:00:00Z")
    assert seen["ExpireTimeStamp"] == 1798761600000
    assert seen["SubjectAlternativeNames"] == {"SubjectAlternativeName": ["www.example.com", "example.com"]}
    slb(
        "CreateLoadBalancerHTTPSListener",
        LoadBalancerId=balancer,
        ListenerPort=443,
        Bandwidth=-1,
        VServerGroupId=group,
        ServerCertificateId=made["ServerCertificateId"],
    )


def test_a_certificate_that_cannot_serve_is_refused(slb: Any, key: Any, refused: Any) -> None:
    other = pem(ec.generate_private_key(ec.SECP256R1()))
    good = certificate(key)
    for code, text, private in [
        ("InvalidParameter", "", pem(key)),
        ("InvalidParameter", "not PEM", pem(key)),
        ("InvalidParameter", good, "not PEM"),
        ("CertificateNotMatchPrivateKey", good, other),
        ("PrivateKeyEncryption", good, pem(key, b"password")),
    ]:
        error = refused(code, slb, "UploadServerCertificate", ServerCertificate=text, PrivateKey=private)
        assert "PRIVATE" not in error.message
    assert slb("DescribeServerCertificates")["ServerCertificates"]["ServerCertificate"] == []


@pytest.fixture
def uploaded(slb: Any, key: Any) -> str:
    """The id of a certificate."""
    made = slb("UploadServerCertificate", ServerCertificate=certificate(key), PrivateKey=pem(key))
    return str(made["ServerCertificateId"])


def https(slb: Any, balancer: str, group: str, certificate_id: str, **more: Any) -> dict[str, Any]:
    which = {"LoadBalancerId": balancer, "ListenerPort": 443}
    given = {"Bandwidth": -1, "VServerGroupId": group, "ServerCertificateId": certificate_id, **more}
    slb("CreateLoadBalancerHTTPSListener", **which, **given)
    return which


def test_a_certificate_is_renamed_and_deleted_when_nothing_uses_it(
    slb: Any, key: Any, uploaded: str, balancer: str, group: str, refused: Any
) -> None:
    slb("SetServerCertificateName", ServerCertificateId=uploaded, ServerCertificateName="shop")
    (seen,) = slb("DescribeServerCertificates")["ServerCertificates"]["ServerCertificate"]
    assert seen["ServerCertificateName"] == "shop"
    other = slb("UploadServerCertificate", ServerCertificate=certificate(key), PrivateKey=pem(key))
    which = https(slb, balancer, group, uploaded)
    further = {"Domain": "a.example.com", "ServerCertificateId": other["ServerCertificateId"]}
    slb("CreateDomainExtension", **which, **further)
    used = "CertificateAndPrivateKeyIsRefered"
    refused(used, slb, "DeleteServerCertificate", ServerCertificateId=uploaded)
    refused(
        "CertificateRelatedDomainExtensionExist",
        slb,
        "DeleteServerCertificate",
        ServerCertificateId=further["ServerCertificateId"],
    )
    slb("DeleteLoadBalancerListener", **which)
    for each in (uploaded, further["ServerCertificateId"]):
        slb("DeleteServerCertificate", ServerCertificateId=each)
    refused("ServerCertificateId.NotFound", slb, "DeleteServerCertificate", ServerCertificateId=uploaded)


def test_a_region_has_so_many_certificates(slb: Any, world: Any, key: Any, uploaded: str, refused: Any) -> None:
    world.quotas |= {"slb_quota_certs_num": 1, "slb_quota_ca_certs_num": 0}
    refused("OverQuota", slb, "UploadServerCertificate", ServerCertificate=certificate(key), PrivateKey=pem(key))
    refused("OverQuota", slb, "UploadCACertificate", CACertificate=certificate(key))
