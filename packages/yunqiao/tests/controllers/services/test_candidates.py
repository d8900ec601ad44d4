import pytest

from yunqiao.controllers.services.candidates import choose
from yunqiao.model.candidate import candidate, unreadable


def chosen(nodes, *args, **kwargs):
    return choose([made for node in nodes if (made := candidate(node)) is not None], *args, **kwargs)


def names(nodes, *args, **kwargs):
    return sorted(chosen(nodes, *args, **kwargs).taking)


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
    assert names([cluster.node("w1"), *others]) == ["w1"]


def test_a_virtual_node_is_one_without_a_machine_and_counts_as_ready(cluster):
    virtual = cluster.node("vk", labels={"type": "virtual-kubelet"}, provider_id="", ready="Unknown")
    choice = chosen([cluster.node("w1"), virtual])
    assert [(one.name, one.instance, one.virtual) for one in choice.taking.values()] == [
        ("w1", "i-w1", False), ("vk", "", True),
    ]  # fmt: skip
    assert not choice.failed_open


def test_when_no_node_is_ready_all_stay_in(cluster):
    nodes = [cluster.node("w1", ready="Unknown"), cluster.node("w2", ready="False")]
    assert names(nodes) == ["w1", "w2"]
    assert chosen(nodes).failed_open
    assert not chosen([*nodes, cluster.node("w3")]).failed_open


def test_a_node_that_is_to_take_no_more_is_leaving_as_long_as_it_is_ready(cluster):
    nodes = [
        cluster.node("w1", labels={"pool": "a"}),
        cluster.node("tainted", labels={"pool": "a"}, taints=["ToBeDeletedByClusterAutoscaler"]),
        cluster.node("excluded", labels={"pool": "a", "service.alibabacloud.com/exclude-node": ""}),
        cluster.node("cordoned", labels={"pool": "a"}, unschedulable=True),
        cluster.node("elsewhere"),
        cluster.node("dead", ready="Unknown"),
        cluster.node("cp", labels={"node-role.kubernetes.io/master": ""}),
    ]
    choice = chosen(nodes, (("pool", "a"),), schedulable_only=True)
    assert sorted(choice.taking) == ["w1"]
    assert sorted(choice.leaving) == ["cordoned", "elsewhere", "excluded", "tainted"]


@pytest.mark.parametrize(
    ("provider_id", "told"),
    [
        ("cn-hangzhou.i-w1", False), ("alicloud://cn-hangzhou.i-w1", False), ("", False), ("ack-hybrid://a.b", False),
        ("cn-hangzhou/i-w1", True), ("talos://x/10.0.0.78", True),
    ],
)  # fmt: skip
def test_a_provider_id_that_names_no_instance_is_worth_a_word(cluster, provider_id, told):
    text = unreadable(cluster.node("w1", provider_id=provider_id))
    assert (f'"{provider_id}" names no ECS instance' in text) is told


def test_of_nodes_that_are_to_stay_out_nothing_is_said(cluster):
    for label in ("service.alibabacloud.com/exclude-node", "node-role.kubernetes.io/master"):
        assert unreadable(cluster.node("w1", provider_id="elsewhere", labels={label: ""})) == ""
    assert unreadable(cluster.node("vk", provider_id="elsewhere", labels={"type": "virtual-kubelet"})) == ""


def test_required_labels_and_cordons_are_followed_when_asked_for(cluster):
    nodes = [
        cluster.node("w1", labels={"pool": "a", "disk": "ssd"}),
        cluster.node("w2", labels={"pool": "a"}),
        cluster.node("w3", labels={"pool": "a", "disk": "ssd"}, unschedulable=True),
    ]
    assert names(nodes, (("pool", "a"), ("disk", "ssd"))) == ["w1", "w3"]
    assert names(nodes, (("pool", "a"),), schedulable_only=True) == ["w1", "w2"]
