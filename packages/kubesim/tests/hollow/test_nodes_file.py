from ipaddress import IPv4Network

import pytest

from kubesim.hollow import nodes_file
from kubesim.hollow.nodes_file import NodesFileError, parse

ONE = {"name": "n1", "internalIP": "127.16.0.20", "podCIDR": "10.244.9.0/24"}


def test_without_a_file_there_is_a_control_plane_and_three_workers():
    nodes = nodes_file.load(None).nodes
    assert [node.internal_ip for node in nodes] == ["127.16.0.10", "127.16.0.11", "127.16.0.12", "127.16.16.11"]
    assert nodes[0].roles == ("control-plane", "master")
    assert not any(node.provider_id for node in nodes)


def test_a_node_has_defaults_for_what_is_left_out():
    (node,) = parse({"nodes": [ONE | {"capacity": {"pods": "10"}}]}, "f").nodes
    assert node.capacity == {"cpu": "4", "memory": "8Gi", "ephemeral-storage": "40Gi", "pods": "10"}
    assert node.system_uuid == parse({"nodes": [ONE]}, "f").nodes[0].system_uuid
    assert node.serves_node_ports


def test_the_file_is_read_from_disk(tmp_path):
    path = tmp_path / "nodes.yaml"
    path.write_text(
        "wire: {10.0.0.0/8: 127.0.0.0/8}\nnodes:\n- {name: n1, internalIP: 127.1.0.1, podCIDR: 10.1.0.0/24}\n"
    )
    content = nodes_file.load(path)
    assert content.wire == {IPv4Network("10.0.0.0/8"): IPv4Network("127.0.0.0/8")}
    assert content.nodes[0].pod_cidr == IPv4Network("10.1.0.0/24")


def test_a_file_that_is_no_yaml_is_named(tmp_path):
    path = tmp_path / "nodes.yaml"
    path.write_text("nodes: [")
    with pytest.raises(NodesFileError, match="is not YAML"):
        nodes_file.load(path)


def test_with_an_empty_wire_any_address_will_do():
    (node,) = parse({"wire": {}, "nodes": [ONE | {"internalIP": "10.0.0.7", "podCIDR": "10.9.0.0/24"}]}, "f").nodes
    assert node.internal_ip == "10.0.0.7"


def test_a_machine_may_be_a_network_namespace_where_every_address_is_true():
    machine = ONE | {"namespace": "i-bp1"}
    assert parse({"wire": {}, "nodes": [machine]}, "f").nodes[0].namespace == "i-bp1"
    with pytest.raises(NodesFileError, match=r"namespace is 'i-bp1'; .*set `wire: \{\}`"):
        parse({"nodes": [machine]}, "f")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "f is []; allowed is a mapping"),
        ({"nodes": []}, "f: nodes is []; allowed is a list of at least one node"),
        ({"nods": []}, "f.nods is []; allowed is one of the keys wire, nodes: correct or remove this key"),
        ({"nodes": [ONE | {"ip": 1}]}, "f: nodes[0].ip is 1; allowed is one of the keys name, internalIP"),
        ({"nodes": [ONE | {"name": "N_1"}]}, "f: nodes[0].name is 'N_1'; allowed is a lower case DNS name"),
        (
            {"nodes": [ONE | {"internalIP": "10.0.0.1"}]},
            "nodes[0].internalIP is '10.0.0.1'; allowed is an address in 127",
        ),
        ({"nodes": [ONE | {"cloudProvider": "aws"}]}, "nodes[0].cloudProvider is 'aws'; allowed is external"),
        ({"nodes": [ONE | {"internalIP": "here"}]}, "nodes[0].internalIP is 'here'; allowed is an IPv4 address"),
        ({"nodes": [ONE | {"podCIDR": "10.9.0.0/24"}]}, "podCIDR is '10.9.0.0/24'; allowed is a prefix inside 10.244"),
        ({"nodes": [ONE | {"podCIDR": "10.244.9.1/24"}]}, "podCIDR is '10.244.9.1/24'; allowed is an IPv4 prefix"),
        ({"nodes": [ONE | {"kind": "odd"}]}, "nodes[0].kind is 'odd'; allowed is normal or virtual-kubelet"),
        ({"nodes": [ONE | {"unschedulable": 1}]}, "nodes[0].unschedulable is 1; allowed is true or false"),
        ({"nodes": [ONE | {"labels": {"a": 1}}]}, "nodes[0].labels.a is 1; allowed is text: put it in quotes"),
        (
            {"nodes": [ONE | {"taints": [{"key": "k", "effect": "No"}]}]},
            "taints[0].effect is 'No'; allowed is NoSchedule",
        ),
        (
            {"nodes": [ONE | {"taints": [{"effect": "NoSchedule"}]}]},
            "nodes[0].taints[0].key is None; allowed is a label",
        ),
        ({"nodes": [ONE | {"roles": "master"}]}, "nodes[0].roles is 'master'; allowed is a list"),
        ({"nodes": [ONE, ONE]}, "f: nodes.name is 'n1'; allowed is each name once"),
        ({"nodes": [ONE, ONE | {"name": "n2"}]}, "nodes.internalIP is '127.16.0.20'; allowed is each address once"),
        (
            {"nodes": [ONE, ONE | {"name": "n2", "internalIP": "127.1.1.1"}]},
            "and 10.244.9.0/24'; allowed is prefixes that do not overlap: change it at n2",
        ),
        ({"wire": {"10.244.0.0/16": "127.244.0.0/24"}, "nodes": [ONE]}, "allowed is a prefix of length /16"),
        ({"wire": {"10.244.0.0/16": "10.1.0.0/16"}, "nodes": [ONE]}, "allowed is a prefix inside 127.0.0.0/8"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_its_value_and_what_is_allowed(content, message):
    with pytest.raises(NodesFileError) as error:
        parse(content, "f")
    assert message in str(error.value)
