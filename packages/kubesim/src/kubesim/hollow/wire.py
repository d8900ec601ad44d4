"""Where an address of the cluster is really listened on.

The API server forbids loopback addresses as endpoints, so pods have addresses of their podCIDR in the API. On the wire
a prefix of them is exchanged for a loopback prefix (10.244.1.7 listens on 127.244.1.7). Where ports below 1024 need a
privilege that this process lacks, such a port is served 20000 higher.

Every part that listens or connects asks the same Wire, so both ends always agree. Where nodes have network namespaces
of their own, its `homes` say in which one the sockets of an address are made.
"""

import socket
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from kubesim.hollow.homes import Homes, Place

PORT_SHIFT = 20000
"""Added to a port that may not be bound."""


def lowest_bindable_port() -> int:
    """Lowest port this process may bind: 1, or the system's first unprivileged port (1024 if it does not say)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.255.255.254", 1))
        except PermissionError:
            return _first_unprivileged_port()
        except OSError:
            return 1
    return 1


def _first_unprivileged_port() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 1024


class Wire:
    """The mapping from addresses of the API to sockets of this machine."""

    def __init__(self, prefixes: Mapping[IPv4Network, IPv4Network], *, lowest_port: int | None = None) -> None:
        """Take pairs of prefixes of equal length; `lowest_port` is what this process may bind (found out if None)."""
        self.homes = Homes()
        self._prefixes = dict(prefixes)
        self._lowest_port = lowest_bindable_port() if lowest_port is None else lowest_port
        self._located: dict[Place, Place] = {}

    def locate(self, address: str, port: int) -> Place:
        """Say where that address and port of the cluster are served; an address outside every prefix is as it is."""
        place = self._located.get((address, port))
        if place is None:
            place = self._located[address, port] = self._compute(address, port)
        return place

    def _compute(self, address: str, port: int) -> Place:
        there = IPv4Address(address)
        for inside, outside in self._prefixes.items():
            if there in inside:
                there = outside[int(there) - int(inside.network_address)]
                break
        shifted = there.is_loopback and port < self._lowest_port
        return str(there), port + PORT_SHIFT if shifted else port
