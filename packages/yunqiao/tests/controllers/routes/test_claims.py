"""Whose word is taken for which instance."""

import pytest

from yunqiao.controllers.routes.claims import claim_of, doubt

NUMBER = "0fd1e7a4-1111-4222-8333-444455556666"


@pytest.mark.parametrize("text", ["cn-hangzhou.i-w1", "alicloud://cn-hangzhou.i-w1"])
def test_both_spellings_claim_the_instance(scene, text):
    claim = claim_of(scene.node(provider_id=text), "cn-hangzhou")
    assert claim is not None
    assert claim.id == "i-w1"


@pytest.mark.parametrize(
    "node",
    [
        {"provider_id": ""},
        {"provider_id": "cn-beijing.i-w1"},
        {"provider_id": "ack-hybrid://w1"},
        {"provider_id": "aws:///eu-1a/i.x"},
        {"labels": {"type": "virtual-kubelet"}},
        {"labels": {"alibabacloud.com/virtual-node": "true"}},
        {"labels": {"service.beta.kubernetes.io/exclude-node": ""}},
    ],
)
def test_other_nodes_claim_nothing(scene, node):
    assert claim_of(scene.node(**node), "cn-hangzhou") is None


def test_the_number_decides_whatever_its_byte_order(scene):
    instance = scene.instance(serial_number=NUMBER, addresses=frozenset({"10.0.0.1"}))
    assert doubt(scene.node(system_uuid=NUMBER.upper(), ips=("10.9.9.9",)), instance) == ""
    assert doubt(scene.node(system_uuid="ffffffff-1111-4222-8333-444455556666", ips=("10.0.0.1",)), instance)


def test_without_a_number_an_address_decides(scene):
    instance = scene.instance(addresses=frozenset({"10.0.0.1"}))
    assert doubt(scene.node(system_uuid=NUMBER, ips=("10.0.0.1",)), instance) == ""
    assert doubt(scene.node(), instance) == ""
    assert "has none of its addresses (10.9.9.9)" in doubt(scene.node(ips=("10.9.9.9",)), instance)
