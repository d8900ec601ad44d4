from ipaddress import IPv4Network

import pytest

from kubesim.hollow.addresses import Addresses, OutOfAddresses


def test_addresses_are_given_in_turn_and_not_reused_at_once():
    addresses = Addresses(IPv4Network("10.244.1.0/24"))
    assert [addresses.take(), addresses.take()] == ["10.244.1.2", "10.244.1.3"]
    addresses.give_back("10.244.1.2")
    assert addresses.take() == "10.244.1.4"


def test_an_address_that_is_wanted_and_free_is_given():
    addresses = Addresses(IPv4Network("10.244.1.0/24"))
    assert addresses.take("10.244.1.2") == "10.244.1.2"
    assert addresses.take("10.244.1.2") == "10.244.1.3"
    assert addresses.take("10.9.9.9") == "10.244.1.4"


def test_when_all_are_taken_it_says_so_until_one_is_given_back():
    addresses = Addresses(IPv4Network("10.244.1.0/30"))
    taken = [addresses.take() for _ in range(4)]
    with pytest.raises(OutOfAddresses, match=r"10\.244\.1\.0/30"):
        addresses.take()
    addresses.give_back(taken[2])
    assert addresses.take() == taken[2]
