"""From the products' state to a network."""

from ipaddress import IPv4Network, IPv6Network

import pytest

from yunsim import worldfile
from yunsim.dataplane.kernel.network import Balancer, Network, Route
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
