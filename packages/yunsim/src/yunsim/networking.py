"""What joins the cloud's networks to a kernel: VPCs, vSwitches, instances, Custom routes and elastic addresses, now."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Literal

from yunsim.dataplane.engine import Engine, Listener, ListenerKey
from yunsim.dataplane.kernel.kernel import Kernel
from yunsim.dataplane.kernel.network import (
    Balancer,
    Elastic,
    Interface,
    Machine,
    Network,
    Route,
    Switch,
    Vpc,
)
from yunsim.dataplane.kernel.possible import NotPossible
from yunsim.products.ecs.rules import state as ecs
from yunsim.products.slb.rules import state as slb
from yunsim.products.vpc.rules import state as vpc
from yunsim.world import World

_LOOPBACK = IPv4Network("127.0.0.0/8")
_log = logging.getLogger(__name__)


def wanted(world: World) -> Network:
    """Return the network of a world."""
    return Network(
        vpcs=tuple(_vpc(world, each) for each in vpc(world).vpcs.values()),
        switches=tuple(map(_switch, vpc(world).vswitches.values())),
        machines=tuple(_machine(each) for each in ecs(world).instances.values()),
        routes=tuple(_routes(world)),
        balancers=tuple(_balancers(world)),
        elastics=tuple(_elastics(world)),
    )


def _vpc(world: World, each: Any) -> Vpc:
    six = [IPv6Network(each.ipv6_cidr_block)] if each.ipv6_cidr_block else []
    blocks = (each.cidr_block, *map(IPv4Network, each.secondary_cidr_blocks), *six)
    return Vpc(each.id, blocks, vpc(world).system_table(each.id).id)


def _switch(each: Any) -> Switch:
    six = IPv6Network(each.ipv6_cidr_block) if each.ipv6_cidr_block else None
    return Switch(each.id, each.vpc_id, each.cidr_block, each.route_table_id, six)


def _machine(each: Any) -> Machine:
    return Machine(each.id, each.vpc_id, each.status == "Running", tuple(map(_interface, each.interfaces)))


def _interface(each: Any) -> Interface:
    four, six = tuple(each.private_ips), tuple(each.ipv6)
    return Interface(each.id, each.mac_address, each.vswitch_id, four, six, each.source_dest_check)


def _routes(world: World) -> Iterator[Route]:
    for table in vpc(world).route_tables.values():
        for entry in table.entries.values():
            if entry.type == "Custom" and entry.carries_to:
                hop = _first_interface(world, entry.carries_to)
                yield Route(table.vpc_id, table.id, ip_network(entry.destination), hop.id if hop else "")


def _first_interface(world: World, resource_id: str) -> Any | None:
    """The primary network interface of an instance, or a network interface itself; None when it is gone."""
    found: Any = world.find(resource_id)
    return next(iter(getattr(found, "interfaces", [found] if found else [])), None)


def _balancers(world: World) -> Iterator[Balancer]:
    six = any(each.ipv6_cidr_block for each in vpc(world).vpcs.values())
    for each in slb(world).load_balancers.values():
        if each.address and (six or ip_address(each.address).version == 4):
            yield Balancer(each.address, each.vpc_id if each.address_type == "intranet" else "")
        if each.id in world.elastic_addresses:
            yield Balancer(world.elastic_addresses[each.id])


def _elastics(world: World) -> Iterator[Elastic]:
    """The elastic addresses of instances and their interfaces, one for each private address.

    Those of balancers are balancers' addresses.
    """
    taken: set[str] = set()
    for each in vpc(world).elastic_ips.values():
        holder = _first_interface(world, each.instance_id) if each.instance_type != "SlbInstance" else None
        if holder is None or not holder.instance_id or ip_address(each.ip_address) in _LOOPBACK:
            continue
        private = each.private_ip or holder.private_ips[0]
        if private not in taken:
            taken.add(private)
            yield Elastic(each.ip_address, holder.vpc_id, holder.id, private)


def refuse_loopback(network: Network, wire: Mapping[Any, Any]) -> None:
    """Refuse a world whose addresses are not what they say. Raises NotPossible."""
    if not network.vpcs:
        raise NotPossible("the world file has no VPC; describe one under `vpcs`")
    if wire:
        raise NotPossible(
            "the world file maps addresses with `wire`; leave that out, in a kernel every address is true"
        )
    for block in (block for each in network.vpcs for block in each.blocks):
        if block.overlaps(_LOOPBACK):
            raise NotPossible(
                f"a VPC of the world file has {block}: choose a private range instead, such as 10.0.0.0/16"
            )


class Networked:
    """An Engine whose network is brought into line with the world before each change of its listeners."""

    def __init__(self, engine: Engine, kernel: Kernel, world: World) -> None:
        self._engine = engine
        self._kernel = kernel
        self._world = world
        self._told = ""

    async def apply(self, listeners: Iterable[Listener]) -> None:
        """Make the network and the sockets match."""
        await self._connect()
        await self._engine.apply(listeners)

    async def change(self, gone: Iterable[ListenerKey], listeners: Iterable[Listener]) -> None:
        """Make the network match, close some sockets and change others."""
        await self._connect()
        await self._engine.change(gone, listeners)

    async def _connect(self) -> None:
        """Make the network match; without elastic addresses where the system lacks what they take, said once."""
        network = wanted(self._world)
        if network.elastics and (lack := self._kernel.lacks_translation()):
            if not self._told:
                _log.warning("%s; they lead nowhere meanwhile", lack)
            self._told, network = lack, replace(network, elastics=())
        await self._kernel.apply(network)

    def health(self) -> Mapping[ListenerKey, Mapping[str, Literal["normal", "abnormal", "unavailable"]]]:
        """Each backend's health by its key."""
        return self._engine.health()

    def ports(self) -> Mapping[ListenerKey, tuple[str, int]]:
        """Where each listener really listens."""
        return self._engine.ports()

    def errors(self) -> Mapping[ListenerKey, str]:
        """Why a listener could not be opened."""
        return self._engine.errors()

    async def close(self) -> None:
        """Stop the listeners; whoever made the network removes it."""
        await self._engine.close()
