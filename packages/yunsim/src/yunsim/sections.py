"""What the sections of a world file hold, one class for an item of each; default_world.yaml explains every key.

Control takes the same items (`Additions`) to put something into a world that runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Literal

Lock = Literal["financial", "security"]
"""Why an instance is locked."""


@dataclass(frozen=True, slots=True)
class Key:
    """An access key of the account."""

    id: str
    secret: str = field(repr=False)
    role: str = ""


@dataclass(frozen=True, slots=True)
class Vpc:
    """A virtual private cloud."""

    id: str
    cidr: IPv4Network
    name: str = ""
    secondary_cidrs: tuple[IPv4Network, ...] = ()
    ipv6_cidr: IPv6Network | None = None

    def holds(self, network: IPv4Network) -> bool:
        """Tell whether a network is inside one of the VPC's."""
        return any(network.subnet_of(each) for each in (self.cidr, *self.secondary_cidrs))


@dataclass(frozen=True, slots=True)
class VSwitch:
    """A subnet of a VPC in one zone."""

    id: str
    vpc: str
    zone: str
    cidr: IPv4Network
    name: str = ""
    ipv6_cidr: IPv6Network | None = None


@dataclass(frozen=True, slots=True)
class RouteTable:
    """A custom route table, and the vSwitches that have it instead of their VPC's System one."""

    id: str
    vpc: str
    name: str = ""
    vswitches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PrimaryInterface:
    """What may be said of an instance's primary network interface beside its address; empty values are made up."""

    id: str = ""
    mac: str = ""
    secondary_ips: tuple[IPv4Address, ...] = ()
    ipv6: tuple[IPv6Address, ...] = ()
    source_dest_check: bool = True


@dataclass(frozen=True, slots=True)
class Instance:
    """An ECS instance; `in_cluster` says whether it is meant to be a node."""

    id: str
    vswitch: str
    ip: IPv4Address
    hostname: str = ""
    eni: PrimaryInterface = field(default_factory=PrimaryInterface)
    serial_number: str = ""
    type: str = "ecs.g7.large"
    role: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    in_cluster: bool = True
    locks: tuple[Lock, ...] = ()


@dataclass(frozen=True, slots=True)
class Interface:
    """A further network interface, such as one whose addresses are those of pods.

    `instance` is the ECS instance (i-...) or container instance (eci-...) that it is in use by, "" for none. The first
    of `ips` is the primary address. An `id` that exists means that interface: it gets these addresses.
    """

    ips: tuple[IPv4Address, ...]
    id: str = ""
    vswitch: str = ""
    instance: str = ""
    ipv6: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Balancer:
    """A load balancer that somebody else made: intranet in that vSwitch, or on the internet without one."""

    id: str
    name: str = ""
    vswitch: str = ""
    ip: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ElasticIp:
    """A public address, associated with an instance (i-...) or intranet balancer (lb-...) or with nothing."""

    ip: str = ""
    id: str = ""
    name: str = ""
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server certificate: really made, with its key and valid to that moment, so that a listener can show it."""

    id: str
    expires: datetime
    name: str = ""
    common_name: str = ""
    alternative_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Busy:
    """Seconds for which a product refuses further changes of one thing after each."""

    slb: float = 0.0
    vpc: float = 0.0


@dataclass(frozen=True, slots=True)
class Additions:
    """What can be put into a world that runs."""

    instances: tuple[Instance, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    load_balancers: tuple[Balancer, ...] = ()
    elastic_ips: tuple[ElasticIp, ...] = ()
    certificates: tuple[Certificate, ...] = ()
