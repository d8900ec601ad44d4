import pytest

from yunqiao.model.instance import InstanceId, read_provider_id, write_provider_id


@pytest.mark.parametrize("text", ["cn-hangzhou.i-abc123", "alicloud://cn-hangzhou.i-abc123"])
def test_both_spellings_name_the_same_instance(text):
    assert read_provider_id(text) == InstanceId("cn-hangzhou", "i-abc123")


@pytest.mark.parametrize(
    "text",
    ["", "talos://x/10.0.0.78", "aws:///eu-1a/i.x", "idc://host.dc1", "ack-hybrid://node.1", "cn-hangzhou.i-a.b",
     "i-abc", "cn-hangzhou.", "kind://docker/kind/kind-worker", "cn-hangzhou.i-abc\n"],
)  # fmt: skip
def test_a_foreign_provider_id_is_nobody_of_ours(text):
    assert read_provider_id(text) is None


def test_what_is_written_is_read_again():
    assert write_provider_id(InstanceId("cn-hangzhou", "i-abc")) == "cn-hangzhou.i-abc"
    assert read_provider_id(write_provider_id(InstanceId("cn-hangzhou", "i-abc"))) == InstanceId("cn-hangzhou", "i-abc")
