"""The source/destination check: whose packets an interface sends, and whose it gets."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from yunsim.dataplane.kernel.kernel import kernel
from yunsim.dataplane.kernel.network import Machine, Network

from .conftest import arrives, cut_off, dropped, reaches
from .test_kernel import NETWORK, ONE, PODS, ROUTES, THREE, TWO, P, at, pod, pods

Alone = Callable[[Callable[[], Any]], None]
ROUTED = replace(NETWORK, routes=ROUTES)


def checked(*which: Machine) -> Network:
    """The network in which these machines' interfaces check."""

    def checking(one: Machine) -> Machine:
        return replace(one, interfaces=tuple(replace(each, checked=True) for each in one.interfaces))

    return replace(ROUTED, machines=tuple(checking(one) if one in which else one for one in ROUTED.machines))


def test_an_interface_that_checks_sends_from_its_own_addresses_alone(alone: Alone):
    async def test() -> None:
        async with kernel(P) as made:
            await made.apply(ROUTED)
            await pods()
            for other in (TWO, THREE):
                await made.apply(checked(ONE))
                assert dropped(pod(ONE), at(other))
                assert arrives(pod(other), at(ONE))
                assert reaches(at(ONE), at(other)) == at(ONE)[1]
                await made.apply(ROUTED)
                assert arrives(pod(ONE), at(other))
                assert reaches(pod(ONE), at(other)) == PODS["i-1"]  # it asks for the way again in its time

    alone(test)


def test_an_interface_that_checks_gets_what_is_for_its_own_addresses_alone(alone: Alone):
    async def test() -> None:
        async with kernel(P) as made:
            await made.apply(checked(TWO, THREE))
            await pods()
            for other in (TWO, THREE):
                assert dropped(at(ONE), pod(other))
                assert dropped(pod(ONE), pod(other))
                assert arrives(at(other), pod(ONE))
                assert cut_off(at(ONE), pod(other))
                assert reaches(at(ONE), at(other)) == at(ONE)[1]
                assert reaches(pod(ONE), at(other)) == PODS["i-1"]
            assert dropped(("", ""), pod(TWO))
            await made.apply(ROUTED)
            for other in (TWO, THREE):
                assert reaches(pod(ONE), pod(other)) == PODS["i-1"]

    alone(test)


def test_further_addresses_of_an_interface_are_its_own(alone: Alone):
    async def test() -> None:
        async with kernel(P) as made:
            one, two, three = checked(ONE, TWO, THREE).machines
            more = replace(one.interfaces[0], addresses=("10.99.0.11", "10.99.0.111"))
            await made.apply(replace(ROUTED, machines=(replace(one, interfaces=(more,)), two, three)))
            assert reaches((f"{P}i-1", "10.99.0.111"), at(THREE)) == "10.99.0.111"
            assert reaches(at(TWO), (f"{P}i-1", "10.99.0.111")) == at(TWO)[1]

    alone(test)
