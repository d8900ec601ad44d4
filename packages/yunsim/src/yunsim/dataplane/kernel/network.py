"""What should exist in the kernel, as values: VPCs, switches, the machines on those, routes, balancer addresses."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

GATEWAY_FROM_END = 3
"""The gateway of a vSwitch is its third address from the end, one of those that the cloud keeps
(https://www.alibabacloud.com/help/en/vpc/user-guide/create-and-manage-vswitch)."""

Block = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Vpc:
    """A network with a router of its own; `system_table` is what routes for those who come from outside it."""

    id: str
    blocks: tuple[Block, ...]
    system_table: str

    @property
    def has_six(self) -> bool:
        """Whether it has IPv6 at all."""
        return any(isinstance(block, IPv6Network) for block in self.blocks)


@dataclass(frozen=True, slots=True)
class Switch:
    """A subnet of a VPC; `table_id` names the route table that its machines' packets follow."""

    id: str
    vpc_id: str
    block: IPv4Network
    table_id: str
    block_6: IPv6Network | None = None

    @property
    def gateway(self) -> str:
        """The router's address in it."""
        return str(self.block[-GATEWAY_FROM_END])


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface of a machine; the first address of each family is the primary one.

    One that is `checked` neither sends from nor gets for an address that is not its own.
    """

    id: str
    mac: str
    switch_id: str
    addresses: tuple[str, ...]
    addresses_6: tuple[str, ...] = ()
    checked: bool = False


@dataclass(frozen=True, slots=True)
class Machine:
    """An instance; one that does not run is not on the wire."""

    id: str
    vpc_id: str
    running: bool
    interfaces: tuple[Interface, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """A Custom entry of a route table; `interface_id` is the next hop, "" when that is gone."""

    vpc_id: str
    table_id: str
    destination: Block
    interface_id: str


@dataclass(frozen=True, slots=True)
class Balancer:
    """An address that this process answers at; `vpc_id` is "" for one on the internet."""

    address: str
    vpc_id: str = ""


@dataclass(frozen=True, slots=True)
class Elastic:
    """A public address that stands for a private one of an interface."""

    address: str
    vpc_id: str
    interface_id: str
    private: str


@dataclass(frozen=True, slots=True)
class Network:
    """All of it."""

    vpcs: tuple[Vpc, ...] = ()
    switches: tuple[Switch, ...] = ()
    machines: tuple[Machine, ...] = ()
    routes: tuple[Route, ...] = ()
    balancers: tuple[Balancer, ...] = ()
    elastics: tuple[Elastic, ...] = ()
