"""Authorities' certificates."""

from datetime import UTC, datetime
from typing import Any

import pytest

from yunsim.certificates import self_signed

END = datetime(2030, 1, 1, tzinfo=UTC)
PEM = self_signed("authority.example.com", [], END)


@pytest.fixture
def authority(slb: Any) -> str:
    """The id of an authority's certificate."""
    return str(slb("UploadCACertificate", CACertificate=PEM.pem, CACertificateName="clients")["CACertificateId"])


def test_an_uploaded_certificate_is_listed(slb: Any, authority: str) -> None:
    (seen,) = slb("DescribeCACertificates", CACertificateId=authority)["CACertificates"]["CACertificate"]
    assert (seen["CACertificateName"], seen["CommonName"]) == ("clients", "authority.example.com")
    assert (seen["ExpireTime"], seen["Fingerprint"]) == ("2030-01-01T00:00:00Z", PEM.fingerprint)
    assert slb("DescribeCACertificates", CACertificateId="none")["CACertificates"]["CACertificate"] == []


def test_what_is_no_certificate_is_refused(slb: Any, refused: Any) -> None:
    refused("InvalidParameter", slb, "UploadCACertificate", CACertificate="not PEM")


def test_a_certificate_is_deleted_when_no_listener_uses_it(
    slb: Any, authority: str, balancer: str, group: str, refused: Any
) -> None:
    own = slb("UploadServerCertificate", ServerCertificate=PEM.pem, PrivateKey=PEM.private_key)["ServerCertificateId"]
    which = {"LoadBalancerId": balancer, "ListenerPort": 443}
    given = {"Bandwidth": -1, "VServerGroupId": group, "ServerCertificateId": own}
    create = "CreateLoadBalancerHTTPSListener"
    refused("CACertificateId.NotFound", slb, create, **which, **given, CACertificateId="none")
    slb(create, **which, **given, CACertificateId=authority)
    refused("CertificateAndPrivateKeyIsRefered", slb, "DeleteCACertificate", CACertificateId=authority)
    slb("DeleteLoadBalancer", LoadBalancerId=balancer)
    slb("DeleteCACertificate", CACertificateId=authority)
    refused("CACertificateId.NotFound", slb, "DeleteCACertificate", CACertificateId=authority)
