"""Whose word is taken for which instance."""

import pytest

from yunqiao.model.cluster import Metadata, Node, NodeAddress, NodeInfo, NodeStatus
from yunqiao.model.instance import Instance
from yunqiao.model.machine import PROVIDED_IP, Machine, machine_of

NUMBER = "0fd1e7a4-1111-4222-8333-444455556666"
SWAPPED = "a4e7d10f-1111-2242-8333-444455556666"
HERE = Instance("i-w1", serial_number=NUMBER, addresses=frozenset({"10.0.0.1", "fd00::1"}))


@pytest.mark.parametrize("number", [NUMBER, NUMBER.upper(), SWAPPED])
def test_the_number_decides_whatever_its_byte_order_and_the_addresses(number):
    assert Machine(number, ("10.9.9.9",)).doubt(HERE) == ""


def test_another_number_is_another_machine_even_at_the_same_address():
    told = Machine("ffffffff-1111-4222-8333-444455556666", ("10.0.0.1",)).doubt(HERE)
    assert f'SerialNumber "{NUMBER}"' in told
    assert "register the node anew" in told


@pytest.mark.parametrize("ips", [("10.0.0.1",), ("10.9.9.9", "fd00::1"), ()])
def test_without_a_number_an_address_decides_and_none_decides_nothing(ips):
    assert Machine("", ips).doubt(HERE) == ""


def test_an_instance_that_has_none_of_the_addresses_is_another_machine():
    assert "has none of its addresses (10.9.9.9)" in Machine("", ("10.9.9.9",)).doubt(HERE)


def test_a_kubelet_reports_its_number_and_every_internal_address_in_one_spelling():
    addresses = [
        NodeAddress(type="InternalIP", address="FD00:0::1"),
        NodeAddress(type="ExternalIP", address="47.0.0.1"),
    ]
    node = Node(
        metadata=Metadata(name="w1", annotations={PROVIDED_IP: "10.0.0.1"}),
        status=NodeStatus(addresses=addresses, node_info=NodeInfo(system_uuid=NUMBER)),
    )
    assert machine_of(node) == Machine(NUMBER, ("fd00::1", "10.0.0.1"))
