"""Certificates that are made here."""

from datetime import UTC, datetime

import pytest
from cryptography import x509

from yunsim.certificates import self_signed
from yunsim.products.slb import certificate_rules


@pytest.mark.parametrize("expires", [datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)])
def test_a_certificate_has_its_names_and_its_end_and_a_key_that_fits(expires: datetime):
    made = self_signed("shop.example.com", ["shop.example.com", "*.example.com"], expires)
    read = certificate_rules.read(made.pem, made.private_key)
    assert (read.common_name, read.expires) == ("shop.example.com", expires)
    assert read.alternative_names == ["shop.example.com", "*.example.com"]
    assert read.fingerprint == made.fingerprint
    assert x509.load_pem_x509_certificate(made.pem.encode()).not_valid_before_utc < expires


def test_a_certificate_does_not_show_its_key():
    made = self_signed("shop.example.com", [], datetime(2040, 1, 1, tzinfo=UTC))
    assert "PRIVATE" not in repr(made)
