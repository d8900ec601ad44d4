"""Which addresses a node gets, and in which order."""

import pytest

from yunqiao.cloud.ecs import Instance
from yunqiao.controllers.nodes.addresses import wanted_addresses
from yunqiao.model.cluster import Metadata, Node, NodeAddress, NodeStatus
from yunqiao.model.errors import Refused
from yunqiao.model.machine import PROVIDED_IP

INSTANCE = Instance(
    "i-1",
    private_ips=("10.0.0.1",),
    public_ips=("203.0.113.7", "203.0.113.8"),
    ipv6=("2001:db8::1",),
    addresses=frozenset({"10.0.0.1", "10.0.0.9", "2001:db8::1"}),
)


def node(told: str = "", hosts: tuple[str, ...] = ("n1",), **labels: str) -> Node:
    meta = Metadata(name="n1", annotations={PROVIDED_IP: told} if told else {}, labels=labels)
    addresses = [NodeAddress(type="Hostname", address=host) for host in hosts]
    return Node(metadata=meta, status=NodeStatus(addresses=addresses))


def shown(node: Node, *, ipv6: bool = False) -> list[str]:
    return [f"{one.type} {one.address}" for one in wanted_addresses(node, INSTANCE, ipv6=ipv6)]


def test_public_ones_come_first_and_the_host_name_last() -> None:
    assert shown(node()) == ["ExternalIP 203.0.113.7", "ExternalIP 203.0.113.8", "InternalIP 10.0.0.1", "Hostname n1"]


def test_ipv6_addresses_are_internal_ones_when_asked_for() -> None:
    assert shown(node(), ipv6=True)[2:4] == ["InternalIP 10.0.0.1", "InternalIP 2001:db8::1"]


@pytest.mark.parametrize(("labels", "name"), [({"kubernetes.io/hostname": "n1.local"}, "n1.local"), ({}, "n1")])
def test_a_node_without_a_host_name_gets_the_one_of_its_label_or_its_own(labels: dict[str, str], name: str) -> None:
    assert shown(node(hosts=(), **labels))[-1] == f"Hostname {name}"


@pytest.mark.parametrize(("told", "first"), [
    ("10.0.0.1", ["InternalIP 10.0.0.1"]),
    ("10.0.0.9", ["InternalIP 10.0.0.9"]),
    ("2001:db8::1, 10.0.0.1", ["InternalIP 2001:db8::1", "InternalIP 10.0.0.1"]),
])  # fmt: skip
def test_what_the_kubelet_was_told_is_the_only_one_of_its_type(told: str, first: list[str]) -> None:
    rest = ["ExternalIP 203.0.113.7", "ExternalIP 203.0.113.8", "Hostname n1"]
    assert shown(node(told), ipv6=True) == [*first, *rest]


def test_what_the_instance_does_not_have_is_refused_with_what_it_has() -> None:
    with pytest.raises(
        Refused, match=r'"10.9.9.9", which the ECS instance i-1 does not have \(203.0.113.7, .*10.0.0.1'
    ):
        shown(node("10.9.9.9"))
