"""What things are called in the kernel, and which addresses and numbers they have there that the cloud's API lacks."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

UPLINK = "cloud"
"""The device of every router that leads to this process."""
SERVICES = IPv4Network("100.64.0.0/10")
"""Where the cloud's own services are: no VPC may use it, and balancers' requests come from there
(https://www.alibabacloud.com/help/en/slb/classic-load-balancer/user-guide/overview-of-health-checks)."""
SERVICES_6 = IPv6Network("fd79:756e:7369:6d00::/64")
"""The same for IPv6, for which the cloud documents none: a range of unique local addresses (RFC 4193)."""
GATEWAY_6 = "fe80::1"
"""The gateway of every machine for IPv6, on each link."""
OURS = 100
"""The routing protocol number of routes that are entries of a route table."""

OWN_SOURCE, ANY_SOURCE, MAIN, SPECIFIC, INTERNET, DEFAULT = 1000, 1001, 32766, 33000, 33001, 33002
"""Priorities of rules, the lowest first: who may send from an interface; the kernel's main table, which is the VPC's
own; the entries of the route table but for the default one; the internet for those with an elastic address, which goes
before a default entry; that."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run has of its own: how its namespaces' names begin, and the /30 of each VPC's link to this process."""

    prefix: str
    links: Mapping[str, IPv4Network]

    def namespace(self, resource_id: str) -> str:
        """The namespace of an instance or VPC."""
        return f"{self.prefix}{resource_id}"

    def device_here(self, vpc_id: str) -> str:
        """This process's end of the link to a VPC."""
        return device("ysim", f"{self.prefix}{vpc_id}")

    def ends(self, vpc_id: str) -> tuple[IPv4Address, IPv4Address]:
        """The addresses of a link: of the router, and of this process."""
        return self.links[vpc_id][1], self.links[vpc_id][2]

    def ends_6(self, vpc_id: str) -> tuple[IPv6Address, IPv6Address]:
        """The same for IPv6: of those of IPv4, a part of a longer address."""
        router, here = (IPv6Address(int(SERVICES_6.network_address) + int(end)) for end in self.ends(vpc_id))
        return router, here


def table_number(table_id: str) -> int:
    """The kernel's number for a route table: always the same for one id, and none of the kernel's own (below 256)."""
    return 1000 + int(sha256(table_id.encode()).hexdigest()[:7], 16)


def device(kind: str, resource_id: str) -> str:
    """Name a device: at most 15 characters, so that the id is in it as a digest only."""
    return f"{kind}{sha256(resource_id.encode()).hexdigest()[: 15 - len(kind)]}"


def port(interface_id: str) -> str:
    """The router's end of a machine's interface."""
    return device("eni", interface_id)
