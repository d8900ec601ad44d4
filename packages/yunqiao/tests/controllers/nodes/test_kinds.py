"""What kind of machine a node says it is on."""

import pytest

from yunqiao.controllers.nodes.kinds import Kind, kind_of
from yunqiao.model.cluster import Metadata, Node, NodeAddress, NodeSpec, NodeStatus
from yunqiao.model.machine import own_ips

LINGJUN = {"alibabacloud.com/lingjun-worker": "true"}


@pytest.mark.parametrize(("provider_id", "labels", "kind"), [
    ("", {}, Kind.UNNAMED),
    ("cn-hangzhou.i-1", {}, Kind.INSTANCE),
    ("alicloud://cn-hangzhou.i-1", {}, Kind.INSTANCE),
    ("cn-hangzhou.i-1", LINGJUN, Kind.INSTANCE),
    ("cn-beijing.i-1", {}, Kind.ELSEWHERE),
    ("ack-hybrid://n1", {}, Kind.HYBRID),
    ("ack-hybrid://cn-hangzhou.i-1", {}, Kind.HYBRID),
    ("e01-cn-abc", LINGJUN, Kind.LINGJUN),
    ("", LINGJUN, Kind.LINGJUN),
    ("", {**LINGJUN, "alibabacloud.com/lingjun-tianwen-environment": ""}, Kind.FOREIGN),
    ("cn-hangzhou.i-1", {"type": "virtual-kubelet"}, Kind.VIRTUAL),
    ("", {"alibabacloud.com/virtual-node": "true"}, Kind.VIRTUAL),
    ("aws:///eu-1a/i.x", {}, Kind.FOREIGN),
    ("talos://x/10.0.0.78", {}, Kind.FOREIGN),
    ("idc://host.dc1", {}, Kind.FOREIGN),
])  # fmt: skip
def test_each_node_is_exactly_one_kind(provider_id: str, labels: dict[str, str], kind: Kind) -> None:
    node = Node(metadata=Metadata(name="n", labels=labels), spec=NodeSpec(provider_id=provider_id))
    assert kind_of(node, "cn-hangzhou") is kind


def test_a_node_is_known_by_its_internal_addresses_and_the_one_it_was_given() -> None:
    meta = Metadata(name="n", annotations={"alpha.kubernetes.io/provided-node-ip": "10.0.0.2,2001:DB8::0:1"})
    addresses = [
        NodeAddress(type="ExternalIP", address="203.0.113.7"),
        NodeAddress(type="InternalIP", address="10.0.0.1"),
    ]
    node = Node(metadata=meta, status=NodeStatus(addresses=addresses))
    assert own_ips(node) == ("10.0.0.1", "10.0.0.2", "2001:db8::1")
