"""What joins the cloud's networks to a kernel: VPCs, vSwitches, instances and Custom routes, as they are at a moment.

Only IPv4: pods behind nodes have no other addresses here.
"""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, ip_address, ip_network
from typing import Any, Literal

from yunsim.dataplane.engine import Engine, Listener, ListenerKey
from yunsim.dataplane.kernel.kernel import Kernel
from yunsim.dataplane.kernel.network import Balancer, Interface, Machine, Network, Route, Switch, Vpc
from yunsim.dataplane.kernel.possible import NotPossible
from yunsim.products.ecs.rules import state as ecs
from yunsim.products.slb.rules import state as slb
from yunsim.products.vpc.rules import state as vpc
from yunsim.world import World

_LOOPBACK = IPv4Network("127.0.0.0/8")


def wanted(world: World) -> Network:
    """Return the network of a world."""
    return Network(
        vpcs=tuple(_vpc(world, each) for each in vpc(world).vpcs.values()),
        switches=tuple(
            Switch(each.id, each.vpc_id, each.cidr_block, each.route_table_id) for each in vpc(world).vswitches.values()
        ),
        machines=tuple(_machine(each) for each in ecs(world).instances.values()),
        routes=tuple(_routes(world)),
        balancers=tuple(_balancers(world)),
    )


def _vpc(world: World, each: Any) -> Vpc:
    blocks = (each.cidr_block, *map(IPv4Network, each.secondary_cidr_blocks))
    return Vpc(each.id, blocks, vpc(world).system_table(each.id).id)


def _machine(each: Any) -> Machine:
    interfaces = tuple(
        Interface(one.id, one.mac_address, one.vswitch_id, tuple(one.private_ips)) for one in each.interfaces
    )
    return Machine(each.id, each.vpc_id, each.status == "Running", interfaces)


def _routes(world: World) -> Iterator[Route]:
    for table in vpc(world).route_tables.values():
        for entry in table.entries.values():
            destination = ip_network(entry.destination)
            if entry.type == "Custom" and entry.carries_to and isinstance(destination, IPv4Network):
                yield Route(table.vpc_id, table.id, destination, _address(world, entry.carries_to))


def _address(world: World, next_hop_id: str) -> str:
    """The primary address of an instance or network interface; "" when it is gone."""
    found: Any = world.find(next_hop_id)
    interfaces = getattr(found, "interfaces", [found] if found else [])
    return str(interfaces[0].private_ips[0]) if interfaces else ""


def _balancers(world: World) -> Iterator[Balancer]:
    for each in slb(world).load_balancers.values():
        if each.address and ip_address(each.address).version == 4:
            yield Balancer(each.address, each.vpc_id if each.address_type == "intranet" else "")
        if each.id in world.elastic_addresses:
            yield Balancer(world.elastic_addresses[each.id])


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

    async def apply(self, listeners: Iterable[Listener]) -> None:
        """Make the network and the sockets match."""
        await self._kernel.apply(wanted(self._world))
        await self._engine.apply(listeners)

    async def change(self, gone: Iterable[ListenerKey], listeners: Iterable[Listener]) -> None:
        """Make the network match, close some sockets and change others."""
        await self._kernel.apply(wanted(self._world))
        await self._engine.change(gone, listeners)

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
