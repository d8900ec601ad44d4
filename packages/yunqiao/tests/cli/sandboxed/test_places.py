"""The addresses of a sandbox: what the cloud and the cluster are told is one world."""

from ipaddress import IPv4Address, IPv4Network

import pytest

from yunqiao.cli.sandboxed.places import MACHINES, PRIVATE, ROUTED, Place, on_loopback

EVERYWHERE = pytest.mark.parametrize("place", [on_loopback(17), PRIVATE, ROUTED], ids=["loopback", "private", "kernel"])


@EVERYWHERE
def test_every_instance_lies_in_its_vswitch_and_every_vswitch_in_the_vpc(place: Place) -> None:
    world = place.world()
    vpc = IPv4Network(world["vpcs"][0]["cidr"])
    networks = {one["id"]: IPv4Network(one["cidr"]) for one in world["vswitches"]}
    assert all(network.subnet_of(vpc) for network in networks.values())
    assert all(IPv4Address(one["ip"]) in networks[one["vswitch"]] for one in world["instances"])


@EVERYWHERE
def test_nodes_are_the_machines_of_the_cluster_with_the_addresses_and_ids_that_the_cloud_knows(place: Place) -> None:
    instances = {f"cn-hangzhou.{one['id']}": one for one in place.world()["instances"] if one["in_cluster"]}
    nodes = {one["providerID"]: one for one in place.nodes()["nodes"]}
    assert nodes.keys() == instances.keys()
    for provider_id, node in nodes.items():
        assert node["internalIP"] == instances[provider_id]["ip"]
        assert node["systemUUID"] == instances[provider_id]["serial_number"]


@EVERYWHERE
def test_pods_lie_in_the_range_that_the_controller_is_told(place: Place) -> None:
    ranges = [IPv4Network(one["podCIDR"]) for one in place.nodes()["nodes"]]
    assert all(one.subnet_of(IPv4Network(place.pods)) for one in ranges)
    assert len(set(ranges)) == len(ranges) == len([one for one in MACHINES if one.node is not None])


def test_on_loopback_everything_that_listens_lies_in_the_range_of_its_own() -> None:
    place = on_loopback(17)
    own, world = IPv4Network("127.17.0.0/16"), place.world()
    there = [world["internet"], *world["wire"].values(), *(one["cidr"] for one in world["vswitches"])]
    networks = [IPv4Network(text) for text in there]
    assert all(network.subnet_of(own) for network in networks)
    assert not any(one.overlaps(other) for n, one in enumerate(networks) for other in networks[:n])


def test_in_a_private_network_nothing_is_mapped() -> None:
    assert PRIVATE.world()["wire"] == PRIVATE.nodes()["wire"] == {}
    assert PRIVATE.world()["vpcs"][0]["cidr"] == "10.0.0.0/16"
    assert not IPv4Network(PRIVATE.pods).overlaps(IPv4Network("10.0.0.0/16"))


def test_where_machines_are_namespaces_each_node_is_in_that_of_its_instance() -> None:
    assert [node["namespace"] for node in ROUTED.nodes()["nodes"]] == [f"sandbox-{one.id}" for one in MACHINES[:4]]
    assert all("namespace" not in node for node in PRIVATE.nodes()["nodes"])
    assert ROUTED.cluster == "100.100.100.201:6443"
