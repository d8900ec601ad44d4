"""From the products' state to a network."""

from ipaddress import IPv4Network, IPv6Network

import pytest

from yunsim import worldfile
from yunsim.dataplane.kernel.network import Balancer, Elastic, Network, Route
from yunsim.dataplane.kernel.possible import NotPossible
from yunsim.dispatch import perform
from yunsim.founding import found
from yunsim.networking import refuse_loopback, wanted
from yunsim.world import World

WORLD = """
vpcs: [{id: vpc-1, cidr: 10.99.0.0/16, secondary_cidrs: [10.244.0.0/16]}]
vswitches: [{id: vsw-1, vpc: vpc-1, zone: cn-hangzhou-h, cidr: 10.99.0.0/24}]
instances:
- {id: i-1, vswitch: vsw-1, ip: 10.99.0.10, eni: {id: eni-1, secondary_ips: [10.99.0.20]}}
- {id: i-2, vswitch: vsw-1, ip: 10.99.0.11}
load_balancers: [{id: lb-1, vswitch: vsw-1, ip: 10.99.0.50}, {id: lb-2, ip: 127.200.0.9}]
route_change_seconds: 0
"""


@pytest.fixture
def world() -> World:
    return found(worldfile.parse(WORLD))


def table(world: World) -> str:
    return str(next(iter(world.states["vpc"].route_tables)))


def route(world: World, next_hop: str = "i-1") -> None:
    entry = {"RouteTableId": table(world), "DestinationCidrBlock": "172.16.1.0/24", "NextHopId": next_hop}
    perform(world, "vpc", "CreateRouteEntry", entry)


def test_vpcs_switches_and_machines_are_those_of_the_world(world: World):
    network = wanted(world)
    assert [(each.id, each.blocks) for each in network.vpcs] == [
        ("vpc-1", (IPv4Network("10.99.0.0/16"), IPv4Network("10.244.0.0/16")))
    ]
    assert [(each.id, each.table_id) for each in network.switches] == [("vsw-1", table(world))]
    assert [each.interfaces[0].addresses for each in network.machines] == [
        ("10.99.0.10", "10.99.0.20"),
        ("10.99.0.11",),
    ]


def test_an_interfaces_check_and_addresses_of_both_families_come_along(world: World):
    assert [each.interfaces[0].checked for each in wanted(world).machines] == [True, True]
    change = {"RegionId": world.region, "NetworkInterfaceId": "eni-1", "SourceDestCheck": "false"}
    perform(world, "ecs", "ModifyNetworkInterfaceAttribute", change)
    assert [each.interfaces[0].checked for each in wanted(world).machines] == [False, True]
    six = worldfile.parse(
        WORLD.replace("secondary_ips: [10.99.0.20]", 'ipv6: ["fd00:99::7"], source_dest_check: false')
        .replace("cidr: 10.99.0.0/16", 'cidr: 10.99.0.0/16, ipv6_cidr: "fd00:99::/56"')
        .replace("cidr: 10.99.0.0/24", 'cidr: 10.99.0.0/24, ipv6_cidr: "fd00:99::/64"')
    )
    network = wanted(found(six))
    assert (network.vpcs[0].has_six, network.switches[0].block_6) == (True, IPv6Network("fd00:99::/64"))
    (one, _) = (each.interfaces[0] for each in network.machines)
    assert (one.addresses_6, one.checked) == (("fd00:99::7",), False)


def test_an_elastic_address_stands_for_the_private_one_of_its_instance_and_only_as_long(world: World):
    def associate(instance: str, kind: str) -> str:
        made = perform(world, "vpc", "AllocateEipAddress", {"RegionId": world.region})
        which = {"AllocationId": made["AllocationId"], "InstanceId": instance, "InstanceType": kind}
        perform(world, "vpc", "AssociateEipAddress", which)
        return str(made["EipAddress"])

    associate("i-2", "EcsInstance")
    assert wanted(world).elastics == ()  # of 127.0.0.0/8, where no packet leaves the machine
    world.internet = IPv4Network("47.96.0.0/20")
    of_interface, of_balancer = associate("eni-1", "NetworkInterface"), associate("lb-1", "SlbInstance")
    assert wanted(world).elastics == (Elastic(of_interface, "vpc-1", "eni-1", "10.99.0.10"),)
    associate("i-1", "EcsInstance")  # for the same private address: the first one counts
    assert [each.address for each in wanted(world).elastics] == [of_interface]
    assert Balancer(of_balancer) in wanted(world).balancers
    perform(world, "ecs", "DeleteInstance", {"InstanceId": "i-1", "Force": "true"})
    assert wanted(world).elastics == ()


def test_an_entry_that_is_not_done_carries_nothing_yet(world: World):
    world.states["vpc"].route_change_seconds = 60.0
    route(world)
    assert wanted(world).routes == ()
    world.clock.advance(60)
    assert [each.interface_id for each in wanted(world).routes] == ["eni-1"]


def test_custom_entries_are_routes_and_system_entries_are_not(world: World):
    assert wanted(world).routes == ()
    route(world)
    assert wanted(world).routes == (Route("vpc-1", table(world), IPv4Network("172.16.1.0/24"), "eni-1"),)


def test_a_route_leads_nowhere_when_its_instance_is_released(world: World):
    route(world)
    perform(world, "ecs", "StopInstance", {"InstanceId": "i-1"})
    assert [(one.id, one.running) for one in wanted(world).machines] == [("i-1", False), ("i-2", True)]
    perform(world, "ecs", "DeleteInstance", {"InstanceId": "i-1"})
    assert [one.interface_id for one in wanted(world).routes] == [""]


def test_balancers_have_their_addresses_in_the_vpc_or_on_the_internet(world: World):
    assert wanted(world).balancers == (Balancer("10.99.0.50", "vpc-1"), Balancer("127.200.0.9"))


def test_a_world_on_loopback_or_with_mapped_addresses_is_refused(world: World):
    refuse_loopback(wanted(world), {})
    with pytest.raises(NotPossible, match="leave that out"):
        refuse_loopback(wanted(world), {IPv6Network("fd00::/112"): IPv4Network("127.1.0.0/16")})
    with pytest.raises(NotPossible, match=r"choose a private range instead, such as 10\.0\.0\.0/16"):
        refuse_loopback(wanted(found(worldfile.load())), {})
    with pytest.raises(NotPossible, match="describe one under `vpcs`"):
        refuse_loopback(Network(), {})
