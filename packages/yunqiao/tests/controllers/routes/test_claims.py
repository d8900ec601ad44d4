"""Which nodes claim to be which instance."""

import pytest

from yunqiao.controllers.routes.claims import claim_of


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
