from ipaddress import IPv4Network

from kubesim.hollow.wire import Wire

PREFIXES = {IPv4Network("10.244.0.0/16"): IPv4Network("127.244.0.0/16")}


def test_a_pod_address_listens_at_the_same_place_of_the_loopback_prefix():
    assert Wire(PREFIXES, lowest_port=1).locate("10.244.3.17", 80) == ("127.244.3.17", 80)


def test_an_address_outside_every_prefix_is_as_it_is():
    assert Wire(PREFIXES, lowest_port=1).locate("127.16.0.11", 30080) == ("127.16.0.11", 30080)


def test_a_port_that_may_not_be_bound_is_served_20000_higher():
    wire = Wire(PREFIXES, lowest_port=1024)
    assert wire.locate("10.244.3.17", 80) == ("127.244.3.17", 20080)
    assert wire.locate("10.244.3.17", 1024) == ("127.244.3.17", 1024)


def test_a_port_of_a_machine_elsewhere_is_never_moved():
    assert Wire(PREFIXES, lowest_port=1024).locate("192.0.2.1", 80) == ("192.0.2.1", 80)
