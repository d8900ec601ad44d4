"""One entry of a VPC's route table, and our mark on those that we make.

The mark is the entry's description, `k8s/route/<node>/nodes/<cluster>`: the five parts of the keys on balancers. By it
an entry is found again after a restart and told apart from everybody else's, and by it alone.
"""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from yunqiao.model.keys import digest

LONGEST_MARK = 250
LONGEST_NAME = 128
"""Characters. The cloud takes 256 as a description and 128 as a name."""
DONE = ("available", "created")
"""States of an entry that works; the rest is on its way to be made, changed or removed."""
_BEGIN, _KIND = "k8s/route/", "/nodes/"
_DIGEST = 8

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Route:
    """One entry of a route table; `next_hop` is an instance's id.

    `shared` tells that traffic of this entry goes to several next hops, of which this is one.
    """

    table_id: str
    cidr: str
    next_hop: str
    name: str = ""
    description: str = ""
    status: str = ""
    id: str = ""
    next_hop_type: str = "Instance"
    shared: bool = False

    @property
    def is_done(self) -> bool:
        """Whether the cloud has finished making it."""
        return self.status.lower() in DONE

    def leads_to(self, instance_id: str) -> bool:
        """Whether all traffic of this entry goes to that instance."""
        return not self.shared and self.next_hop_type.lower() == "instance" and self.next_hop == instance_id


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark as read; `node` is empty when the name was too long for the mark."""

    node: str
    cluster: str


def mark(node: str, cluster: str) -> str:
    """Say whose an entry is; a name that is too long is cut and ends in 8 characters of digest over the whole."""
    whole = f"{_BEGIN}{node}{_KIND}{cluster}"
    if len(whole) < LONGEST_MARK:
        return whole
    kept = LONGEST_MARK - len(f"{_BEGIN}.{_KIND}{cluster}") - _DIGEST
    return f"{_BEGIN}{node[:kept]}.{digest(whole, length=_DIGEST)}{_KIND}{cluster}"


@lru_cache(maxsize=1 << 16)
def read_mark(text: str) -> Mark | None:
    """Read a mark; None for anything else, which is somebody's own."""
    node, kind, cluster = text.removeprefix(_BEGIN).partition(_KIND)
    if not (text.startswith(_BEGIN) and kind and node and cluster) or "/" in node:
        return None
    return Mark(node if len(text) < LONGEST_MARK else "", cluster)


@lru_cache(maxsize=1 << 16)
def network(cidr: str) -> Network | None:
    """The range that a text means, host bits dropped; None for what is no range, such as a prefix list's id."""
    try:
        return ip_network(cidr, strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=1 << 16)
def canonical(cidr: str) -> str:
    """The one spelling of a range; what is no range stays as it is."""
    return str(network(cidr) or cidr)
