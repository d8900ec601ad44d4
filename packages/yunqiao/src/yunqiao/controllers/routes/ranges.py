"""Which entries of a table meet a range? Found by bisection: ranges lie in one another or apart, never across.

The incumbent compares every route with every node and reads their texts each time; a table of 5,000 would take that
25 million times.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from yunqiao.model.route import Route, network, read_mark


class Ranges:
    """The entries of one table, those of either family apart."""

    def __init__(self, routes: Iterable[Route]) -> None:
        read = [(found, route) for route in routes if (found := network(route.cidr)) is not None]
        self._sorted = sorted(
            ((one.version, int(one.network_address), one.prefixlen, route.cidr) for one, route in read)
        )
        self._by_cidr = {str(one): route for one, route in read}
        marked = [one for one, route in read if read_mark(route.description) is not None]
        self._lengths = sorted({(one.version, one.prefixlen) for one in marked})

    def inside(self, cidr: str) -> Iterator[Route]:
        """Entries for a part of that range: packets to that part follow them, not an entry for the whole."""
        found = network(cidr)
        if found is None:
            return
        version, last = found.version, int(found.broadcast_address)
        place = bisect_left(self._sorted, (version, int(found.network_address), found.prefixlen + 1, ""))
        while place < len(self._sorted) and self._sorted[place][:2] <= (version, last):
            _, _, length, inner = self._sorted[place]
            if length > found.prefixlen:
                yield self._by_cidr[inner]
            place += 1

    def around(self, cidr: str) -> Iterator[Route]:
        """Entries of nodes, of whatever cluster, that the range is a part of: an entry for it would cut into them."""
        found = network(cidr)
        if found is None:
            return
        for version, length in self._lengths:
            if version == found.version and length < found.prefixlen:
                route = self._by_cidr.get(str(found.supernet(new_prefix=length)))
                if route is not None and read_mark(route.description) is not None:
                    yield route
