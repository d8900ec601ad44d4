"""Which changes of a node bear on routes."""

import pytest
from msgspec.structs import replace

from yunqiao.controllers.routes.triggers import concerns


@pytest.mark.parametrize(
    "changed",
    [
        {"provider_id": "cn-hangzhou.i-2"},
        {"system_uuid": "x"},
        {"ips": ("10.0.0.1",)},
        {"deletion_timestamp": "2026-01-01T00:00:00Z"},
        {"labels": {"service.alibabacloud.com/exclude-node": ""}},
        {"labels": {"type": "virtual-kubelet"}},
    ],
)
def test_what_bears_on_routes_is_noticed(scene, changed):
    assert concerns(scene.node("w1", "172.16.1.0/24")) != concerns(scene.node("w1", "172.16.1.0/24", **changed))
    assert concerns(scene.node("w1", "172.16.1.0/24")) != concerns(scene.node("w1", "172.16.1.0/24", "fd00::/64"))


def test_heartbeats_are_not(scene):
    node = scene.node("w1", "172.16.1.0/24")
    again = replace(node, metadata=replace(node.metadata, resource_version="9", annotations={"a": "b"}))
    assert concerns(node) == concerns(again)
