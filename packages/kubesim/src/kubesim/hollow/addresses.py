"""The addresses of one node's pods: taken from its podCIDR, given back when the pod is gone."""

from ipaddress import IPv4Address, IPv4Network


class OutOfAddresses(Exception):
    """Every address of the podCIDR is in use."""


class Addresses:
    """Hands out the addresses of a prefix in turn, so that one just given back is not reused at once.

    The network's own address, the first one (the node's bridge, as in most network plugins) and the last (broadcast)
    are kept back where the prefix is large enough.
    """

    def __init__(self, network: IPv4Network) -> None:
        """Name the prefix."""
        self._network = network
        keep = network.num_addresses > 4
        self._first, self._last = (2, network.num_addresses - 2) if keep else (0, network.num_addresses - 1)
        self._used: set[IPv4Address] = set()
        self._next = self._first

    def take(self, wanted: str | None = None) -> str:
        """Take the wanted address if it is of this prefix and free, else the next free one. Raises OutOfAddresses."""
        if wanted and IPv4Address(wanted) in self._network and IPv4Address(wanted) not in self._used:
            self._used.add(IPv4Address(wanted))
            return wanted
        for _ in range(self._last - self._first + 1):
            address = self._network[self._next]
            self._next = self._next + 1 if self._next < self._last else self._first
            if address not in self._used:
                self._used.add(address)
                return str(address)
        raise OutOfAddresses(f"all addresses of {self._network} are in use")

    def give_back(self, address: str) -> None:
        """Free an address."""
        self._used.discard(IPv4Address(address))
