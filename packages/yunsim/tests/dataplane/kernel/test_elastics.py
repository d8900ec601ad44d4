"""Elastic addresses of instances in the kernel."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import pytest

from yunsim.dataplane.kernel import possible
from yunsim.dataplane.kernel.commands import Ip
from yunsim.dataplane.kernel.kernel import kernel
from yunsim.dataplane.kernel.namespaces import carry_out
from yunsim.dataplane.kernel.network import Balancer, Elastic, Route
from yunsim.dataplane.kernel.possible import NotPossible

from .conftest import cut_off, in_child, reaches, separate
from .test_kernel import NETWORK, ONE, THREE, TWO, VPC, P, at

Alone = Callable[[Callable[[], Any]], None]
INTERNET = "47.96.0.7"
PUBLIC = {"i-1": "47.96.1.1", "i-3": "47.96.1.3"}
PRIVATE = {one.id: at(one) for one in (ONE, THREE)}
ELASTICS = tuple(
    Elastic(PUBLIC[one.id], VPC.id, one.interfaces[0].id, one.interfaces[0].addresses[0]) for one in (ONE, THREE)
)
WHOLE = replace(NETWORK, elastics=ELASTICS, balancers=(Balancer(INTERNET), Balancer("10.99.0.50", VPC.id)))


@pytest.fixture(autouse=True)
def translating() -> None:
    """Skip where addresses cannot be translated, as where nftables is not installed."""
    if text := in_child(_try):
        pytest.skip(text.splitlines()[-1])


def _try() -> None:
    separate()
    if lack := possible.no_translation("trial-"):
        raise NotPossible(lack)


async def ready() -> None:
    await carry_out([Ip("", "link set lo up")])


def asked_publicly(source: tuple[str, str], name: str) -> str:
    """Connect to an instance by its elastic address; who it sees."""
    return reaches(source, PRIVATE[name], called=PUBLIC[name])


def nobody_publicly(source: tuple[str, str], name: str) -> bool:
    """Whether nobody answers there."""
    return cut_off(source, PRIVATE[name], called=PUBLIC[name])


def test_an_instance_is_reached_from_here_at_its_elastic_address(alone: Alone):
    async def test() -> None:
        await ready()
        async with kernel(P) as made:
            await made.apply(WHOLE)
            assert asked_publicly(("", ""), "i-1").startswith("100.64.")
            assert asked_publicly(("", ""), "i-3").startswith("100.64.")
            await made.apply(replace(WHOLE, elastics=ELASTICS[:1]))
            assert asked_publicly(("", ""), "i-1")
            assert nobody_publicly(("", ""), "i-3")

    alone(test)


def test_what_an_instance_sends_to_the_internet_comes_from_its_elastic_address(alone: Alone):
    async def test() -> None:
        await ready()
        async with kernel(P) as made:
            await made.apply(WHOLE)
            assert reaches(at(ONE), ("", INTERNET)) == PUBLIC["i-1"]
            assert cut_off(at(TWO), ("", INTERNET))
            await made.apply(replace(WHOLE, elastics=()))
            assert cut_off(at(ONE), ("", INTERNET))
            await made.apply(WHOLE)
            assert reaches(at(ONE), ("", INTERNET)) == PUBLIC["i-1"]

    alone(test)


def test_inside_the_vpc_an_instance_is_known_by_its_private_address(alone: Alone):
    async def test() -> None:
        await ready()
        await carry_out([Ip("", "address add 100.100.100.200/32 dev lo")])
        async with kernel(P) as made:
            await made.apply(WHOLE)
            for target in (at(TWO), at(THREE), ("", "10.99.0.50"), ("", "100.100.100.200")):
                assert reaches(at(ONE), target) == at(ONE)[1]

    alone(test)


def test_two_instances_meet_at_their_elastic_addresses_and_one_without_meets_nobody(alone: Alone):
    async def test() -> None:
        await ready()
        async with kernel(P) as made:
            await made.apply(WHOLE)
            assert asked_publicly(at(ONE), "i-3") == PUBLIC["i-1"]
            assert nobody_publicly(at(TWO), "i-3")

    alone(test)


def test_an_elastic_address_goes_before_a_default_entry_and_after_any_other(alone: Alone):
    async def test() -> None:
        await ready()
        async with kernel(P) as made:
            default = Route(VPC.id, "vtb-1", IPv4Network("0.0.0.0/0"), "eni-2")
            await made.apply(replace(WHOLE, routes=(default,)))
            assert reaches(at(ONE), ("", INTERNET)) == PUBLIC["i-1"]
            await made.apply(replace(WHOLE, routes=(replace(default, destination=IPv4Network("47.0.0.0/8")),)))
            assert cut_off(at(ONE), ("", INTERNET))

    alone(test)


def test_where_nftables_is_missing_its_package_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(possible.shutil, "which", lambda _name, path: None)
    assert possible.no_translation("trial-").endswith("install the package nftables")


def test_without_nftables_a_world_that_begins_with_elastic_addresses_is_refused_and_any_other_is_not(
    alone: Alone, monkeypatch: pytest.MonkeyPatch
):
    which = possible.shutil.which
    monkeypatch.setattr(possible.shutil, "which", lambda name, path: None if name == "nft" else which(name, path=path))

    async def test() -> None:
        await ready()
        async with kernel(P) as made:
            with pytest.raises(NotPossible, match="install the package nftables"):
                await made.apply(WHOLE)
            await made.apply(NETWORK)
            assert reaches(at(ONE), at(TWO))

    alone(test)
