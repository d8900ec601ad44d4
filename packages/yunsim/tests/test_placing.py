"""What a world file or control puts into a world is what the products answer."""

from typing import Any

import pytest

from yunsim import worldfile
from yunsim.dispatch import perform
from yunsim.founding import found
from yunsim.placing import place, remove
from yunsim.reading import FileError, read
from yunsim.sections import Additions
from yunsim.world import World

WORKER = "i-bp1worker00000000001"
NODES = "vsw-bp1yunsim00000000000001"


@pytest.fixture
def world() -> World:
    return found(worldfile.load())


def put(world: World, **sections: Any) -> None:
    place(world, read(Additions, sections, "the test"))


def ask(world: World, product: str, action: str, **params: str) -> dict[str, Any]:
    return perform(world, product, action, {"RegionId": world.region, **params})


def interfaces(world: World, **wanted: str) -> list[dict[str, Any]]:
    found = ask(world, "ecs", "DescribeNetworkInterfaces", **wanted)["NetworkInterfaceSets"]["NetworkInterfaceSet"]
    return list(found)


def addresses(interface: dict[str, Any]) -> list[str]:
    return [each["PrivateIpAddress"] for each in interface["PrivateIpSets"]["PrivateIpSet"]]


def test_an_interface_has_pods_addresses_and_is_in_use_by_its_instance(world: World):
    ips = ["10.248.0.10", "10.248.0.11"]
    put(world, interfaces=[{"id": "eni-pods", "instance": WORKER, "ips": ips, "ipv6": ["fd00:248::10"]}])
    (seen,) = interfaces(world, **{"PrivateIpAddress.1": "10.248.0.11", "Status": "InUse"})
    assert (seen["NetworkInterfaceId"], seen["InstanceId"], addresses(seen)) == ("eni-pods", WORKER, ips)
    assert interfaces(world, **{"Ipv6Address.1": "fd00:248::10"}) == [seen]
    assert world.wire_address("10.248.0.11") == "127.248.0.11"


def test_an_interface_that_exists_gets_the_addresses_given(world: World):
    put(world, interfaces=[{"id": "eni-pods", "instance": WORKER, "ips": ["10.248.0.10", "10.248.0.11"]}])
    put(world, interfaces=[{"id": "eni-pods", "ips": ["10.248.0.12", "10.248.0.10"]}])
    (seen,) = interfaces(world, **{"NetworkInterfaceId.1": "eni-pods"})
    assert addresses(seen) == ["10.248.0.12", "10.248.0.10"]
    put(world, interfaces=[{"id": "eni-other", "ips": ["10.248.0.11"]}])


def test_a_container_instance_has_an_interface(world: World):
    put(world, interfaces=[{"id": "eni-pod", "instance": "eci-1", "ips": ["127.16.32.10"]}])
    (seen,) = interfaces(world, InstanceId="eci-1")
    assert (seen["NetworkInterfaceId"], seen["Status"]) == ("eni-pod", "InUse")
    assert world.find("eci-1") is world.find("eni-pod")
    remove(world, "eci-1")
    assert world.find("eci-1") is world.find("eni-pod") is None


def test_an_elastic_ip_is_associated_with_a_balancer_of_the_file():
    text = worldfile.default_text()
    balancer = f"load_balancers: [{{id: lb-shared, name: shared, vswitch: {NODES}, tags: {{team: web}}}}]"
    text = text.replace("load_balancers: []", balancer)
    text = text.replace("elastic_ips: []", "elastic_ips: [{ip: 127.200.255.1, instance: lb-shared}]")
    world = found(worldfile.parse(text))
    asked = {"AssociatedInstanceType": "SlbInstance", "AssociatedInstanceId": "lb-shared"}
    (address,) = ask(world, "vpc", "DescribeEipAddresses", **asked)["EipAddresses"]["EipAddress"]
    assert (address["IpAddress"], address["Status"]) == ("127.200.255.1", "InUse")
    told = ask(world, "slb", "DescribeLoadBalancerAttribute", LoadBalancerId="lb-shared")
    assert (told["AddressType"], told["VSwitchId"]) == ("intranet", NODES)
    assert told["Tags"]["Tag"] == [{"TagKey": "team", "TagValue": "web"}]


def test_a_certificate_ends_when_the_file_says(world: World):
    put(world, certificates=[{"id": "c", "expires": "2026-12-01", "common_name": "shop.example.com"}])
    (seen,) = ask(world, "slb", "DescribeServerCertificates")["ServerCertificates"]["ServerCertificate"]
    assert (seen["ExpireTime"], seen["ExpireTimeStamp"]) == ("2026-12-01T00:00:00Z", 1796083200000)


def test_an_instance_comes_and_goes(world: World):
    node = {"id": "i-new", "vswitch": NODES, "ip": "127.16.0.77"}
    put(world, instances=[node])
    assert interfaces(world, InstanceId="i-new")[0]["PrivateIpAddress"] == "127.16.0.77"
    remove(world, "i-new")
    assert interfaces(world, InstanceId="i-new") == []
    put(world, instances=[node])


@pytest.mark.parametrize(
    ("section", "item", "said"),
    [
        ("interfaces", {"ips": []}, "at least one address"),
        ("interfaces", {"ips": ["192.0.2.1"]}, "no vSwitch has 192.0.2.1"),
        ("interfaces", {"ips": ["10.248.0.9"], "instance": "i-none"}, "there is no instance i-none"),
        ("interfaces", {"ips": ["127.16.0.11"]}, "in use"),
        ("instances", {"id": WORKER, "vswitch": NODES, "ip": "127.16.0.77"}, "exists already"),
        ("load_balancers", {"id": "lb-1", "vswitch": "vsw-none"}, "there is no vSwitch vsw-none"),
        ("load_balancers", {"id": "lb-1", "vswitch": NODES, "ip": "10.0.0.1"}, "is not an address of"),
        ("load_balancers", {"id": "lb-1", "vswitch": NODES, "ip": "127.16.0.11"}, "in use"),
        ("elastic_ips", {"instance": "lb-none"}, "there is no lb-none"),
    ],
)
def test_what_cannot_be_is_refused_by_name(world: World, section: str, item: dict[str, Any], said: str):
    with pytest.raises(ValueError, match=said):
        put(world, **{section: [item]})


def test_what_is_not_there_is_not_removed(world: World):
    with pytest.raises(ValueError, match="there is no eni-none"):
        remove(world, "eni-none")


def test_every_kind_of_thing_can_be_removed(world: World):
    put(world, load_balancers=[{"id": "lb-1"}], certificates=[{"id": "c", "expires": "2030-01-01"}])
    put(
        world, elastic_ips=[{"id": "eip-1", "ip": "127.200.255.1"}], interfaces=[{"id": "eni-1", "ips": ["10.248.0.9"]}]
    )
    for each in ("lb-1", "c", "eip-1", "eni-1"):
        remove(world, each)
        with pytest.raises(ValueError, match=each):
            remove(world, each)
    put(
        world, elastic_ips=[{"id": "eip-1", "ip": "127.200.255.1"}], interfaces=[{"id": "eni-1", "ips": ["10.248.0.9"]}]
    )


def test_a_mistake_in_the_file_is_told_as_the_files():
    with pytest.raises(FileError, match="no vSwitch has"):
        found(worldfile.parse("interfaces: [{ips: [192.0.2.1]}]"))
