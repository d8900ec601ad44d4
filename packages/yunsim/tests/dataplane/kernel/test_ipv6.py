"""IPv6 in the kernel: instances and pods that have it beside IPv4."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from yunsim.dataplane.kernel.commands import Ip
from yunsim.dataplane.kernel.kernel import kernel
from yunsim.dataplane.kernel.namespaces import carry_out
from yunsim.dataplane.kernel.network import Balancer, Machine, Network, Route, Vpc

from .conftest import arrives, cut_off, dropped, reaches
from .test_kernel import H, I, P, machine, routes

Alone = Callable[[Callable[[], Any]], None]
VPC = Vpc("vpc-1", (IPv4Network("10.99.0.0/16"), IPv6Network("2001:db8:99::/56")), "vtb-1")
ADDRESSES = {1: "2001:db8:99::1", 2: "2001:db8:99::2", 3: "2001:db8:99:1::3"}
PODS = {n: f"2001:db8:244:{n}::2" for n in (1, 2, 3)}
SWITCHES = (
    replace(H, block_6=IPv6Network("2001:db8:99::/64")),
    replace(I, block_6=IPv6Network("2001:db8:99:1::/64")),
)
MACHINES = tuple(machine(n, H if n < 3 else I, addresses_6=(ADDRESSES[n],)) for n in (1, 2, 3))
ROUTES = tuple(Route(VPC.id, "vtb-1", IPv6Network(f"2001:db8:244:{n}::/64"), f"eni-{n}") for n in (1, 2, 3))
NETWORK = Network((VPC,), SWITCHES, MACHINES)


def at(number: int) -> tuple[str, str]:
    return f"{P}i-{number}", ADDRESSES[number]


def pod(number: int) -> tuple[str, str]:
    return f"{P}i-{number}", PODS[number]


async def pods() -> None:
    await carry_out(Ip(f"{P}i-{n}", f"address add {address}/128 dev lo nodad", six=True) for n, address in PODS.items())


def test_instances_reach_each_other_and_are_reached_from_here_in_both_families(alone: Alone):
    async def test() -> None:
        async with kernel(P) as made:
            await made.apply(NETWORK)
            for other in (2, 3):
                assert reaches(at(1), at(other)) == ADDRESSES[1]
                assert reaches(at(other), at(1)) == ADDRESSES[other]
                assert reaches(
                    (f"{P}i-1", "10.99.0.11"), (f"{P}i-{other}", MACHINES[other - 1].interfaces[0].addresses[0])
                )
            assert reaches(("", ""), at(3)).startswith("fd79:756e:7369:6d00:")

    alone(test)


def test_pods_reach_each_other_by_entries_for_their_ranges_and_nobody_without(alone: Alone):
    async def test() -> None:
        async with kernel(P) as made:
            await made.apply(NETWORK)
            await pods()
            assert cut_off(pod(1), pod(3))
            await made.apply(replace(NETWORK, routes=ROUTES))
            assert await routes(made, "-6") == {
                f"2001:db8:244:{n}::/64 via {address}" for n, address in ADDRESSES.items()
            }
            for other in (2, 3):
                assert reaches(pod(1), pod(other)) == PODS[1]
                assert reaches(pod(other), pod(1)) == PODS[other]
            await made.apply(replace(NETWORK, routes=ROUTES[:2]))
            assert cut_off(pod(1), pod(3))

    alone(test)


def test_an_interface_that_checks_drops_what_is_not_its_own(alone: Alone):
    async def test() -> None:
        def checking(one: Machine) -> Machine:
            return replace(one, interfaces=(replace(one.interfaces[0], checked=True),))

        async with kernel(P) as made:
            await made.apply(replace(NETWORK, routes=ROUTES, machines=tuple(map(checking, MACHINES))))
            await pods()
            assert reaches(at(1), at(3)) == ADDRESSES[1]
            for source, target in ((pod(1), at(3)), (at(1), pod(3)), (pod(1), pod(2))):
                assert dropped(source, target)
            await made.apply(replace(NETWORK, routes=ROUTES, machines=(checking(MACHINES[0]), *MACHINES[1:])))
            assert dropped(pod(1), at(3))
            assert dropped(at(3), pod(1))
            assert arrives(pod(3), at(1))
            await made.apply(replace(NETWORK, routes=ROUTES))
            assert arrives(pod(1), at(3))
            assert reaches(pod(1), pod(3)) == PODS[1]

    alone(test)


def test_an_entry_leads_nowhere_when_its_instance_has_no_address_of_the_family(alone: Alone):
    async def test() -> None:
        async with kernel(P) as made:
            await made.apply(replace(NETWORK, machines=(*MACHINES[:2], machine(3, I)), routes=ROUTES))
            assert "blackhole 2001:db8:244:3::/64 dev" in await routes(made, "-6")

    alone(test)


def test_an_instance_that_stops_and_starts_again_has_its_addresses_and_entries(alone: Alone):
    async def test() -> None:
        async with kernel(P) as made:
            whole = replace(NETWORK, routes=ROUTES)
            await made.apply(whole)
            await pods()
            await made.apply(replace(whole, machines=(*MACHINES[:2], replace(MACHINES[2], running=False))))
            assert cut_off(pod(1), pod(3))
            await made.apply(whole)
            assert reaches(pod(1), pod(3)) == PODS[1]
            assert reaches(pod(3), at(1)) == PODS[3]

    alone(test)


def test_an_address_that_is_assigned_later_is_there_beside_the_others(alone: Alone):
    async def test() -> None:
        async with kernel(P) as made:
            await made.apply(replace(NETWORK, machines=(machine(1, H), *MACHINES[1:])))
            assert cut_off(at(2), (f"{P}i-1", "10.99.0.11"))  # of another family: no way there
            await made.apply(NETWORK)
            assert reaches(at(1), at(3)) == ADDRESSES[1]
            assert reaches((f"{P}i-1", "10.99.0.11"), (f"{P}i-3", "10.99.1.13")) == "10.99.0.11"

    alone(test)


def test_a_balancers_address_may_be_of_ipv6(alone: Alone):
    async def test() -> None:
        await carry_out([Ip("", "link set lo up")])
        async with kernel(P) as made:
            await made.apply(
                replace(NETWORK, balancers=(Balancer("2001:db8:99::50", VPC.id), Balancer("2001:db8:1::7")))
            )
            assert reaches(at(1), ("", "2001:db8:99::50")) == ADDRESSES[1]
            assert reaches(("", ""), ("", "2001:db8:1::7"))

    alone(test)
