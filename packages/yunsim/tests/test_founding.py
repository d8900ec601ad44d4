"""What a world file says is what the products answer."""

import pytest

from yunsim import worldfile
from yunsim.dispatch import perform
from yunsim.founding import found, refound
from yunsim.products.sts import state as sts
from yunsim.reading import FileError


def test_the_products_hold_what_the_file_says():
    file = worldfile.load()
    world = found(file, strict=True)
    instances = perform(world, "ecs", "DescribeInstances", {"RegionId": file.region})["Instances"]["Instance"]
    assert [one["InstanceId"] for one in instances] == [one.id for one in file.instances]
    first, told = file.instances[0], instances[0]
    interface = told["NetworkInterfaces"]["NetworkInterface"][0]
    assert (told["SerialNumber"], told["HostName"]) == (first.serial_number, first.hostname)
    assert (interface["NetworkInterfaceId"], interface["MacAddress"]) == (first.eni.id, first.eni.mac)
    assert told["Tags"]["Tag"] == [{"TagKey": "role", "TagValue": "control-plane"}]
    vswitches = perform(world, "vpc", "DescribeVSwitches", {"RegionId": file.region})["VSwitches"]["VSwitch"]
    assert {one["VSwitchId"]: one["CidrBlock"] for one in vswitches} == {
        one.id: str(one.cidr) for one in file.vswitches
    }
    key = sts.of(world).key("LTAI-yunsim")
    assert key is not None
    assert key.secret == file.keys[0].secret


def test_addresses_are_mapped_to_the_wire():
    world = found(worldfile.load())
    assert world.wire_address("10.244.1.5") == "127.244.1.5"
    assert world.wire_address("127.16.0.10") == "127.16.0.10"
    assert world.wire_address("10.245.0.0") == "10.245.0.0"
    assert world.wire_address("fd00:248::1:5") == "fd00:248::1:5"
    assert world.wire_address("fd00:248::105") == "127.249.1.5"


def test_busy_seconds_quotas_and_certificates_reach_their_products():
    text = "busy: {slb: 3, vpc: 2}\nquotas: {slb_quota_listeners_num: 1}\ncertificates: [{id: c, expires: 2030-01-01}]"
    world = found(worldfile.parse(text))
    assert (world.states["slb"].busy_seconds, world.states["vpc"].busy_seconds) == (3, 2)
    assert world.quotas == {"slb_quota_listeners_num": 1}
    assert "c" in world.states["slb"].certificates


def test_locks_and_the_time_that_a_start_takes_reach_the_instances():
    text = worldfile.default_text().replace("    tags: {role: control-plane}", "    locks: [financial, security]")
    world = found(worldfile.parse(text.replace("instance_change_seconds: 0", "instance_change_seconds: 7")))
    first = next(iter(world.states["ecs"].instances.values()))
    assert (first.locks, world.states["ecs"].change_seconds) == (["financial", "security"], 7)


def test_a_route_table_of_the_file_is_that_of_its_vswitches():
    file = worldfile.load()
    vpc, vswitch = file.vpcs[0].id, file.vswitches[1].id
    given = f"route_tables: [{{id: vtb-own, vpc: {vpc}, name: zone-i, vswitches: [{vswitch}]}}]"
    world = found(worldfile.parse(worldfile.default_text().replace("route_tables: []", given)))
    asked = {"RegionId": file.region, "VpcId": vpc}
    tables = perform(world, "vpc", "DescribeRouteTableList", asked)["RouterTableList"]["RouterTableListType"]
    assert {(one["RouteTableType"], tuple(one["VSwitchIds"]["VSwitchId"])) for one in tables} == {
        ("System", tuple(one.id for one in file.vswitches if one.id != vswitch)),
        ("Custom", (vswitch,)),
    }
    assert {one["RouteTableId"] for one in tables if one["RouteTableName"] == "zone-i"} == {"vtb-own"}


def test_an_unknown_quota_is_named_with_those_that_are_known():
    with pytest.raises(FileError, match=r"quotas\.listeners: unknown quota; allowed here: .*slb_quota_listeners_num"):
        found(worldfile.parse("quotas: {listeners: 1}"))


@pytest.mark.parametrize("ip", ["127.16.0.0", "127.16.15.255"])
def test_an_address_that_the_cloud_keeps_for_itself_is_refused(ip: str):
    text = worldfile.default_text().replace("ip: 127.16.0.10", f"ip: {ip}")
    with pytest.raises(FileError, match=ip):
        found(worldfile.parse(text))


def test_a_world_is_founded_anew_with_the_same_ids_and_tells_its_listeners():
    file = worldfile.load()
    world = found(file)
    create = {"RegionId": file.region, "AddressType": "internet", "InstanceChargeType": "PayByCLCU"}
    told: list[str] = []
    world.on_change.append(lambda _: told.append("changed"))
    first = perform(world, "slb", "CreateLoadBalancer", create)["LoadBalancerId"]
    refound(world, file)
    assert world.states["slb"].load_balancers == {}
    assert told
    assert perform(world, "slb", "CreateLoadBalancer", create)["LoadBalancerId"] == first
