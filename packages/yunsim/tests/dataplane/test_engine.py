from ipaddress import ip_network

import pytest

from yunsim.dataplane.engine import AccessControl, Certificate

OFFICE = (ip_network("127.0.0.0/30"), ip_network("2001:db8::/32"))


@pytest.mark.parametrize(
    ("kind", "blocks", "address", "admitted"),
    [
        ("white", OFFICE, "127.0.0.1", True),
        ("white", OFFICE, "2001:db8::1", True),
        ("white", OFFICE, "127.0.0.9", False),
        ("black", OFFICE, "127.0.0.1", False),
        ("black", OFFICE, "127.0.0.9", True),
        ("white", (), "127.0.0.9", True),
        ("black", (), "127.0.0.9", True),
    ],
)
def test_an_access_control_list_lets_in_or_keeps_out_and_without_entries_does_nothing(kind, blocks, address, admitted):
    assert AccessControl(kind, blocks).admits(address) == admitted


def test_a_certificate_does_not_print_its_key():
    assert "secret" not in repr(Certificate("c-1", "public", "secret"))
