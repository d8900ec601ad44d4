"""A whole yunsim with its network in the kernel: what calls change is so in the kernel when they are answered."""

import asyncio
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from yunsim import worldfile
from yunsim.dataplane.kernel.commands import Ip
from yunsim.dataplane.kernel.namespaces import carry_out
from yunsim.dataplane.kernel.possible import no_translation
from yunsim.dispatch import perform
from yunsim.serving import Server, serving

from .conftest import cut_off, reaches

Alone = Callable[[Callable[[], Any]], None]
WORLD = """
internet: 47.96.0.0/20
vpcs: [{id: vpc-1, cidr: 10.99.0.0/16, ipv6_cidr: "2001:db8:99::/56"}]
vswitches:
- {id: vsw-1, vpc: vpc-1, zone: cn-hangzhou-h, cidr: 10.99.0.0/24, ipv6_cidr: "2001:db8:99::/64"}
- {id: vsw-2, vpc: vpc-1, zone: cn-hangzhou-i, cidr: 10.99.1.0/24, ipv6_cidr: "2001:db8:99:1::/64"}
instances:
- {id: i-1, vswitch: vsw-1, ip: 10.99.0.10}
- {id: i-2, vswitch: vsw-2, ip: 10.99.1.10}
load_balancers: [{id: lb-1, vswitch: vsw-2, ip: 10.99.1.50}]
route_change_seconds: 0
"""
PODS = {"i-1": "10.244.1.2", "i-2": "10.244.2.2"}
ONE, TWO = (f"t-{name}" for name in PODS)


@asynccontextmanager
async def started() -> AsyncIterator[Server]:
    await carry_out([Ip("", "link set lo up")])
    async with serving(worldfile.parse(WORLD), "127.0.0.1", 0, namespaces="t-") as server:
        await carry_out(Ip(f"t-{name}", f"address add {address}/32 dev lo") for name, address in PODS.items())
        for instance in PODS:
            await check(server, instance, on=False)
        yield server


async def do(server: Server, product: str, action: str, **parameters: str) -> Any:
    answer = perform(server.cloud.world, product, action, {"RegionId": "cn-hangzhou", **parameters})
    await server.carrying.settled()
    return answer


async def check(server: Server, instance: str, *, on: bool) -> None:
    interface = server.cloud.world.find(instance).interfaces[0].id
    settings = {"NetworkInterfaceId": interface, "SourceDestCheck": str(on).lower()}
    await do(server, "ecs", "ModifyNetworkInterfaceAttribute", **settings)


def pods_meet() -> bool:
    return bool(reaches((ONE, PODS["i-1"]), (TWO, PODS["i-2"])))


def pods_are_apart() -> bool:
    return cut_off((ONE, PODS["i-1"]), (TWO, PODS["i-2"]))


async def route(server: Server, action: str, number: int, block: str = "") -> None:
    table = next(iter(server.cloud.world.states["vpc"].route_tables))
    destination = block or f"10.244.{number}.0/24"
    entry = {"RouteTableId": table, "DestinationCidrBlock": destination, "NextHopId": f"i-{number}"}
    await do(server, "vpc", action, **entry)


def test_a_route_entry_is_a_route_when_it_is_available_and_until_it_is_gone(alone: Alone):
    async def test() -> None:
        async with started() as server:
            await route(server, "CreateRouteEntry", 1)
            server.cloud.world.states["vpc"].route_change_seconds = 0.6
            for action, before, after in (
                ("CreateRouteEntry", pods_are_apart, pods_meet),
                ("DeleteRouteEntry", pods_meet, pods_are_apart),
            ):
                await route(server, action, 2)
                assert before()
                await asyncio.sleep(0.7)
                await server.carrying.settled()
                assert after()

    alone(test)


def test_a_route_entry_is_a_route_from_its_answer_on_where_changes_take_no_time(alone: Alone):
    async def test() -> None:
        async with started() as server:
            assert pods_are_apart()
            await route(server, "CreateRouteEntry", 1)
            assert pods_are_apart()
            await route(server, "CreateRouteEntry", 2)
            assert pods_meet()
            await route(server, "DeleteRouteEntry", 2)
            assert pods_are_apart()

    alone(test)


def test_pods_are_reached_once_the_source_and_destination_check_of_both_nodes_is_off(alone: Alone):
    async def test() -> None:
        async with started() as server:
            for number in (1, 2):
                await route(server, "CreateRouteEntry", number)
            for instance in PODS:
                assert pods_meet()
                await check(server, instance, on=True)
                assert pods_are_apart()
                assert reaches((ONE, "10.99.0.10"), (TWO, "10.99.1.10"))
                await check(server, instance, on=False)
            assert pods_meet()

    alone(test)


def test_pods_of_a_cluster_with_both_families_meet_by_both(alone: Alone):
    async def test() -> None:
        async with started() as server:
            for number in (1, 2):
                await route(server, "CreateRouteEntry", number)
                interface = server.cloud.world.find(f"i-{number}").interfaces[0].id
                given = {"NetworkInterfaceId": interface, "Ipv6AddressCount": "1"}
                await do(server, "ecs", "AssignIpv6Addresses", **given)
                await route(server, "CreateRouteEntry", number, f"2001:db8:244:{number}::/64")
                pod = f"address add 2001:db8:244:{number}::2/128 dev lo nodad"
                await carry_out([Ip(f"t-i-{number}", pod, six=True)])
            assert pods_meet()
            assert reaches((ONE, "2001:db8:244:1::2"), (TWO, "2001:db8:244:2::2"))
            assert reaches((TWO, "2001:db8:244:2::2"), (ONE, "2001:db8:244:1::2"))

    alone(test)


def test_an_elastic_address_is_where_its_instance_is_reached_as_long_as_it_has_it(alone: Alone):
    async def test() -> None:
        async with started() as server:
            if lack := no_translation("trial-"):
                print(lack)
                return
            made = await do(server, "vpc", "AllocateEipAddress")
            which, called = {"AllocationId": made["AllocationId"]}, made["EipAddress"]
            assert called.startswith("47.96.")
            for action, reached in (("AssociateEipAddress", True), ("UnassociateEipAddress", False)) * 2:
                more = {"InstanceId": "i-1"} if reached else {}
                await do(server, "vpc", action, **which, **more)
                asked = reaches if reached else cut_off
                assert asked(("", ""), (ONE, "10.99.0.10"), called=called)

    alone(test)


def test_an_instance_that_stops_is_silent_and_one_that_is_released_is_gone(alone: Alone):
    async def test() -> None:
        async with started() as server:
            for number in (1, 2):
                await route(server, "CreateRouteEntry", number)
            await do(server, "ecs", "StopInstance", InstanceId="i-2")
            assert pods_are_apart()
            await do(server, "ecs", "StartInstance", InstanceId="i-2")
            assert reaches(
                (ONE, PODS["i-1"]), (TWO, PODS["i-2"]), seconds=3
            )  # the kernel notices a carrier in its time
            await do(server, "ecs", "StopInstance", InstanceId="i-2")
            await do(server, "ecs", "DeleteInstance", InstanceId="i-2")
            assert not Path("/run/netns", TWO).exists()

    alone(test)


def test_a_balancer_sends_to_instances_and_instances_reach_balancers(alone: Alone):
    async def test() -> None:
        async with started() as server:
            of = {"LoadBalancerId": "lb-1", "ListenerPort": "80"}
            servers = '[{"ServerId": "i-1", "Port": "8080", "Weight": "100"}]'
            group = await do(server, "slb", "CreateVServerGroup", BackendServers=servers, **of)
            more = {"Bandwidth": "-1", "VServerGroupId": group["VServerGroupId"]}
            more |= {"HealthCheckInterval": "1", "HealthyThreshold": "2"}
            await do(server, "slb", "CreateLoadBalancerTCPListener", **of, **more)
            await do(server, "slb", "StartLoadBalancerListener", **of)
            backend = await _in(ONE, BACKEND)
            await asyncio.wait_for(_until(lambda: _in_and_out(TWO, CLIENT)), 18)
            backend.kill()
            await backend.wait()

    alone(test)


async def _until(attempt: Callable[[], Any]) -> None:
    while not await attempt():
        await asyncio.sleep(0.1)


async def _in(namespace: str, code: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec("ip", "netns", "exec", namespace, sys.executable, "-c", code)


async def _in_and_out(namespace: str, code: str) -> bool:
    return await (await _in(namespace, code)).wait() == 0


BACKEND = """
import contextlib, socket
server = socket.create_server(("10.99.0.10", 8080))
while True:
    client, (address, _) = server.accept()
    with client, contextlib.suppress(OSError):  # a health check may have gone already
        client.sendall(address.encode())
"""
CLIENT = """
import socket, sys
try:
    with socket.create_connection(("10.99.1.50", 80), 1) as client:
        sys.exit(not client.recv(100).startswith(b"100.64."))
except OSError:
    sys.exit(1)
"""


def test_an_instance_is_known_to_the_metadata_service_by_its_address(alone: Alone):
    async def test() -> None:
        await carry_out([Ip("", "link set lo up"), Ip("", "address add 100.100.100.200/32 dev lo")])
        async with serving(worldfile.parse(WORLD), "100.100.100.200", 0, namespaces="t-") as server:
            url = f"{server.url}/latest/meta-data/instance-id"
            code = f"import sys, urllib.request as u; sys.exit(u.urlopen({url!r}, timeout=5).read() != b'i-2')"
            assert await _in_and_out(TWO, code)

    alone(test)


def here() -> str:
    """All addresses and routes of the namespace that the server runs in."""
    asked = (["address"], ["-4", "route", "show", "table", "all"], ["-6", "route", "show", "table", "all"], ["rule"])
    return "".join(subprocess.run(["ip", *each], capture_output=True, text=True, check=True).stdout for each in asked)


def test_what_a_killed_server_left_goes_with_the_next_start(alone: Alone, tmp_path: Path):
    async def test() -> None:
        await carry_out([Ip("", "link set lo up")])
        before = here()
        file = tmp_path / "world.yaml"
        elastic = "" if no_translation("trial-") else "elastic_ips: [{ip: 47.96.1.1, instance: i-1}]"
        file.write_text(WORLD + elastic)
        command = ["serve", "--listen", "127.0.0.1:0", "--world", str(file), "--net", "kernel", "--prefix", "dead-"]
        server = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "yunsim", *command, stdout=asyncio.subprocess.PIPE
        )
        assert server.stdout
        url = (await server.stdout.readline()).decode().split()[-1]
        with urllib.request.urlopen(f"{url}/_yunsim/state", timeout=5) as answer:
            assert answer.status == 200
        server.send_signal(signal.SIGKILL)
        await server.wait()
        assert Path("/run/netns/dead-i-1").exists()
        assert ("47.96.1.1 via" in here()) is bool(elastic)
        async with started():
            assert {each.name for each in Path("/run/netns").iterdir()} == {"t-vpc-1", ONE, TWO}
        assert here() == before

    alone(test)
