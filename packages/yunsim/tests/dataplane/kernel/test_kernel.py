"""A network in the kernel: who reaches whom, what comes and goes with the state, and what is left at the end."""

import asyncio
import subprocess
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from yunsim.dataplane.kernel.commands import Ip
from yunsim.dataplane.kernel.kernel import Kernel, kernel
from yunsim.dataplane.kernel.namespaces import NotMade, carry_out
from yunsim.dataplane.kernel.network import Balancer, Interface, Machine, Network, Route, Switch, Vpc
from yunsim.dataplane.kernel.possible import NotPossible

from .conftest import cut_off, reaches

Alone = Callable[[Callable[[], Any]], None]
P = "test-"
VPC = Vpc("vpc-1", (IPv4Network("10.99.0.0/16"),), "vtb-1")
H = Switch("vsw-h", VPC.id, IPv4Network("10.99.0.0/24"), "vtb-1")
I = Switch("vsw-i", VPC.id, IPv4Network("10.99.1.0/24"), "vtb-1")  # noqa: E741 - the zone's letter


def machine(number: int, switch: Switch, mac: str = "", **more: Any) -> Machine:
    address = str(switch.block[10 + number])
    interface = Interface(f"eni-{number}", mac or f"00:16:3e:00:00:0{number}", switch.id, (address,), **more)
    return Machine(f"i-{number}", VPC.id, True, (interface,))


ONE, TWO, THREE = machine(1, H), machine(2, H), machine(3, I)
NETWORK = Network((VPC,), (H, I), (ONE, TWO, THREE))
PODS = {"i-1": "10.244.1.2", "i-2": "10.244.2.2", "i-3": "10.244.3.2"}
ROUTES = tuple(
    Route(VPC.id, "vtb-1", IPv4Network(f"10.244.{n}.0/24"), one.interfaces[0].id)
    for n, one in enumerate((ONE, TWO, THREE), 1)
)


def at(one: Machine) -> tuple[str, str]:
    return f"{P}{one.id}", one.interfaces[0].addresses[0]


def pod(one: Machine) -> tuple[str, str]:
    return f"{P}{one.id}", PODS[one.id]


async def pods() -> None:
    await carry_out(Ip(f"{P}{name}", f"address add {address}/32 dev lo") for name, address in PODS.items())


def namespaces() -> set[str]:
    return {path.name for path in Path("/run/netns").iterdir()}


async def routes(made: Kernel, family: str = "-4") -> set[str]:
    text = subprocess.run(
        ["ip", "-n", f"{P}{VPC.id}", family, "route", "show", "table", "all", "proto", "100"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return {" ".join(line.split()[:3]) for line in text.splitlines()}


def test_instances_reach_each_other_within_a_vswitch_and_across(alone: Alone):
    async def test() -> None:
        async with kernel(P) as made:
            await made.apply(NETWORK)
            assert reaches(at(ONE), at(TWO)) == at(ONE)[1]
            assert reaches(at(ONE), at(THREE)) == at(ONE)[1]

    alone(test)


def test_pods_reach_each_other_only_while_both_routes_are_there(alone: Alone):
    async def test() -> None:
        async with kernel(P) as made:
            await made.apply(NETWORK)
            await pods()
            for one, other in ((ONE, TWO), (ONE, THREE)):
                assert cut_off(pod(one), pod(other))
            await made.apply(replace(NETWORK, routes=ROUTES[1:]))
            assert cut_off(pod(ONE), pod(THREE))
            assert reaches(pod(TWO), pod(THREE)) == PODS["i-2"]
            await made.apply(replace(NETWORK, routes=ROUTES))
            assert reaches(pod(ONE), pod(TWO)) == PODS["i-1"]
            assert reaches(pod(ONE), pod(THREE)) == PODS["i-1"]
            await made.apply(replace(NETWORK, routes=ROUTES[:2]))
            assert cut_off(pod(ONE), pod(THREE))

    alone(test)


def test_the_kernels_routes_are_exactly_the_custom_entries(alone: Alone):
    async def test() -> None:
        async with kernel(P) as made:
            await made.apply(replace(NETWORK, routes=ROUTES[:2]))
            assert await routes(made) == {"10.244.1.0/24 via 10.99.0.11", "10.244.2.0/24 via 10.99.0.12"}
            moved = replace(ROUTES[0], interface_id=ROUTES[2].interface_id)
            await made.apply(replace(NETWORK, routes=(moved, replace(ROUTES[1], interface_id=""))))
            assert await routes(made) == {"10.244.1.0/24 via 10.99.1.13", "blackhole 10.244.2.0/24 table"}
            await made.apply(NETWORK)
            assert await routes(made) == set()

    alone(test)


def test_a_vswitch_follows_the_route_table_that_it_is_bound_to(alone: Alone):
    async def test() -> None:
        async with kernel(P) as made:
            bound = replace(NETWORK, switches=(H, replace(I, table_id="vtb-2")), routes=ROUTES)
            await made.apply(bound)
            await pods()
            assert reaches(pod(ONE), pod(TWO))
            assert cut_off(pod(THREE), pod(ONE))
            own = tuple(replace(each, table_id="vtb-2") for each in ROUTES)
            await made.apply(replace(bound, routes=(*ROUTES, *own)))
            assert reaches(pod(THREE), pod(ONE))

    alone(test)


def test_a_default_route_does_not_lead_out_of_the_vpc_what_is_inside(alone: Alone):
    async def test() -> None:
        async with kernel(P) as made:
            default = Route(VPC.id, "vtb-1", IPv4Network("0.0.0.0/0"), "eni-2")
            await made.apply(replace(NETWORK, routes=(default,)))
            assert reaches(at(ONE), at(THREE))

    alone(test)


def test_a_stopped_instance_is_silent_and_one_that_starts_again_is_not(alone: Alone):
    async def test() -> None:
        async with kernel(P) as made:
            await made.apply(NETWORK)
            assert reaches(at(ONE), at(TWO))
            await made.apply(replace(NETWORK, machines=(ONE, replace(TWO, running=False), THREE)))
            assert cut_off(at(ONE), at(TWO))
            assert reaches(at(ONE), at(THREE))
            await made.apply(NETWORK)
            assert reaches(at(ONE), at(TWO))

    alone(test)


def test_a_released_instance_takes_its_namespace_with_it(alone: Alone):
    async def test() -> None:
        async with kernel(P) as made:
            await made.apply(NETWORK)
            assert namespaces() == {f"{P}{name}" for name in ("vpc-1", "i-1", "i-2", "i-3")}
            await made.apply(replace(NETWORK, machines=(ONE, THREE)))
            assert namespaces() == {f"{P}{name}" for name in ("vpc-1", "i-1", "i-3")}
            assert reaches(at(ONE), at(THREE))

    alone(test)


def test_what_is_nobodys_in_a_vswitch_is_nowhere_whatever_the_routes_say(alone: Alone):
    async def test() -> None:
        async with kernel(P) as made:
            around = Route(VPC.id, "vtb-1", IPv4Network("10.0.0.0/8"), "eni-3")
            await made.apply(replace(NETWORK, routes=(around,)))
            await carry_out([Ip(f"{P}i-3", f"address add {each}/32 dev lo") for each in ("10.99.0.77", "10.8.8.8")])
            assert reaches(at(ONE), (f"{P}i-3", "10.8.8.8"))
            assert cut_off(at(ONE), (f"{P}i-3", "10.99.0.77"))

    alone(test)


def test_a_machine_keeps_all_its_parts_when_one_of_its_interfaces_goes(alone: Alone):
    """Interfaces are numbered: with the second one gone the third becomes the second, and is made anew."""

    async def test() -> None:
        async with kernel(P) as made:
            more = tuple(Interface(f"eni-{n}", f"00:16:3e:00:01:0{n}", I.id, (f"10.99.1.10{n}",)) for n in (4, 5))
            route = Route(VPC.id, "vtb-1", IPv4Network("10.244.4.0/24"), "eni-5")
            owner = replace(ONE, interfaces=(*ONE.interfaces, *more))
            network = replace(NETWORK, machines=(owner, TWO, THREE), routes=(route,))
            await made.apply(network)
            await carry_out([Ip(f"{P}i-1", "address add 10.244.4.2/32 dev lo")])
            for interfaces in (owner.interfaces, (owner.interfaces[0], more[1])):
                await made.apply(replace(network, machines=(replace(owner, interfaces=interfaces), TWO, THREE)))
                for address in ("10.99.0.11", "10.99.1.105", "10.244.4.2"):
                    assert reaches(at(THREE), (f"{P}i-1", address))

    alone(test)


def test_a_balancers_address_is_here_and_machines_of_every_vswitch_reach_it(alone: Alone):
    async def test() -> None:
        await carry_out([Ip("", "link set lo up")])
        async with kernel(P) as made:
            await made.apply(replace(NETWORK, balancers=(Balancer("10.99.0.50", VPC.id), Balancer("47.96.0.7"))))
            assert reaches(at(ONE), ("", "10.99.0.50")) == at(ONE)[1]
            assert reaches(at(THREE), ("", "10.99.0.50")) == at(THREE)[1]
            assert reaches(("", ""), at(THREE)).startswith("100.64.")
            assert reaches(("", "47.96.0.7"), ("", "47.96.0.7"))
            await made.apply(NETWORK)
            with pytest.raises(OSError, match="assign"):
                reaches(at(ONE), ("", "10.99.0.50"))

    alone(test)


def test_nothing_is_left_at_the_end(alone: Alone):
    async def test() -> None:
        before = subprocess.run(["ip", "address"], capture_output=True, check=True).stdout
        async with kernel(P) as made:
            await made.apply(replace(NETWORK, routes=ROUTES, balancers=(Balancer("10.99.0.50", VPC.id),)))
        assert namespaces() == set()
        assert list(Path("/run/yunsim").iterdir()) == []
        assert subprocess.run(["ip", "address"], capture_output=True, check=True).stdout == before

    alone(test)


def test_a_start_removes_what_a_dead_run_left_and_only_that(alone: Alone):
    async def test() -> None:
        await carry_out([Ip("", "netns add somebody-elses")])
        dead = await asyncio.create_subprocess_exec("python3", "-c", DIES, cwd="/")
        assert await dead.wait() == 9
        assert "dead-i-1" in namespaces()
        async with kernel("living-") as living:
            await living.apply(NETWORK)
            async with kernel(P):
                assert namespaces() == {
                    "somebody-elses",
                    *(f"living-{name}" for name in ("vpc-1", "i-1", "i-2", "i-3")),
                }

    alone(test)


DIES = """
import fcntl, os, subprocess
os.makedirs("/run/yunsim", exist_ok=True)
lock = open("/run/yunsim/dead-.lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
subprocess.run(["ip", "netns", "add", "dead-i-1"], check=True)
os._exit(9)
"""


def test_two_runs_have_different_prefixes(alone: Alone):
    async def test() -> None:
        async with kernel(P):
            with pytest.raises(NotPossible, match=f"another run has the prefix '{P}'"):
                async with kernel(P):
                    pass

    alone(test)


def test_a_network_that_this_machine_routes_already_is_refused(alone: Alone):
    async def test() -> None:
        await carry_out([Ip("", "link set lo up"), Ip("", "route add 10.99.7.0/24 dev lo")])
        async with kernel(P) as made:
            with pytest.raises(NotPossible, match=r"10\.99\.0\.0/16 of vpc-1 is in use already"):
                await made.apply(NETWORK)

    alone(test)


def test_what_the_kernel_refuses_is_named_and_leaves_the_rest_as_it_was(alone: Alone):
    async def test() -> None:
        async with kernel(P) as made:
            await made.apply(NETWORK)
            bad = machine(9, H, mac="01:00:5e:00:00:09")
            with pytest.raises(
                NotMade, match=r"ip -n test-vpc-1 link add eni\w+ type veth .* 01:00:5e:00:00:09 .*: RTNET"
            ):
                await made.apply(replace(NETWORK, machines=(*NETWORK.machines, bad), routes=ROUTES))
            assert await routes(made) == set()
            await made.apply(replace(NETWORK, routes=ROUTES))
            assert len(await routes(made)) == 3

    alone(test)


def test_a_prefix_that_begins_no_name_is_refused():
    async def test() -> None:
        async with kernel("Not/One"):
            pass

    with pytest.raises(NotPossible, match="'Not/One' begins no name"):
        asyncio.run(test())
