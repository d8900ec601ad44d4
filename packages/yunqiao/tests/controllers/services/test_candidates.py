import pytest

from yunqiao.controllers.services.candidates import choose
from yunqiao.model.candidate import candidate


def names(nodes, *args, **kwargs):
    return sorted(choose([made for node in nodes if (made := candidate(node)) is not None], *args, **kwargs))


def test_ready_instances_take_traffic(cluster):
    assert names([cluster.node("w1"), cluster.node("w2", ready="False"), cluster.node("w3")]) == ["w1", "w3"]


@pytest.mark.parametrize(
    "label",
    [
        "node-role.kubernetes.io/control-plane",
        "node-role.kubernetes.io/master",
        "node.kubernetes.io/exclude-from-external-load-balancers",
        "service.beta.kubernetes.io/exclude-node",
        "service.alibabacloud.com/exclude-node",
    ],
)
def test_control_planes_and_excluded_nodes_never_do(cluster, label):
    assert names([cluster.node("w1"), cluster.node("cp", labels={label: ""})]) == ["w1"]


def test_a_node_that_the_autoscaler_is_about_to_delete_takes_none(cluster):
    assert names([cluster.node("w1"), cluster.node("w2", taints=["ToBeDeletedByClusterAutoscaler"])]) == ["w1"]


def test_machines_that_are_not_ecs_instances_take_none(cluster):
    others = [
        cluster.node(f"x{n}", provider_id=text)
        for n, text in enumerate(["", "talos://x/10.0.0.78", "ack-hybrid://a.b"])
    ]
    virtual = cluster.node("vk", labels={"type": "virtual-kubelet"})
    assert names([cluster.node("w1"), virtual, *others]) == ["w1"]


def test_when_no_node_is_ready_all_stay_in(cluster):
    assert names([cluster.node("w1", ready="Unknown"), cluster.node("w2", ready="False")]) == ["w1", "w2"]


def test_required_labels_and_cordons_are_followed_when_asked_for(cluster):
    nodes = [
        cluster.node("w1", labels={"pool": "a", "disk": "ssd"}),
        cluster.node("w2", labels={"pool": "a"}),
        cluster.node("w3", labels={"pool": "a", "disk": "ssd"}, unschedulable=True),
    ]
    assert names(nodes, (("pool", "a"), ("disk", "ssd"))) == ["w1", "w3"]
    assert names(nodes, (("pool", "a"),), schedulable_only=True) == ["w1", "w2"]
