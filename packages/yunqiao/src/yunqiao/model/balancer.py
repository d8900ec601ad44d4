"""A load balancer, as wanted or as seen: one type, so that the two compare.

Attributes are kept by the API's own parameter names with text values (`{"Scheduler": "rr"}`), so that a new annotation
is a line of declaration, not a new field. Three words where others write None:

- UNMANAGED: a wanted field that is not ours to set (an attribute that is not in the mapping is unmanaged too);
- UNKNOWN: a seen field that nobody has looked at;
- Absent: the whole thing is to go, or was not found.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address
from typing import Final, Literal


class Mark(Enum):
    """The two marks a field can carry instead of a value."""

    UNMANAGED = "unmanaged"
    UNKNOWN = "unknown"


UNMANAGED: Final = Mark.UNMANAGED
UNKNOWN: Final = Mark.UNKNOWN
Unmanaged = Literal[Mark.UNMANAGED]
Unknown = Literal[Mark.UNKNOWN]


@dataclass(frozen=True, slots=True)
class Absent:
    """As wanted: to go. As seen: known to be gone, or not found since `since` (seconds on the engine's clock).

    `tried` says that one may have been made before, by a call whose answer nobody got: making it "again" then gives
    the same one, with whatever is on it. `kept` (as wanted) lets it go without our marks, with all that is on it.
    `access` (as seen) holds access control lists of ours, which outlive the instance that used them; UNKNOWN when none
    was found although there may be one. `avoided` are vSwitches where the cloud had no address for one.
    """

    since: float = float("-inf")
    tried: bool = False
    kept: bool = False
    access: "tuple[AccessList, ...] | Unknown" = ()
    avoided: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the Service's owner should know although nothing is left undone; told at each look."""

    kind: Literal["Normal", "Warning"]
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Backend:
    """One server of a group. `weight` 0 to 100; `type` is `ecs` (an instance) or `eni` (a network interface's IP).

    `leaving` (as wanted) is one that still serves and may finish what it has: it is never added for that. `age` (as
    seen) is for how many seconds it has been known to have a weight, or to have none.
    """

    server_id: str
    port: int
    weight: int = 100
    description: str = ""
    type: str = "ecs"
    server_ip: str = ""
    leaving: bool = field(default=False, compare=False)
    age: float = field(default=0.0, compare=False)

    @property
    def identity(self) -> tuple[str, str, int]:
        """What makes it the same server: an instance and port, or an interface's address and port."""
        return (self.server_id, _plain(self.server_ip) if self.type == "eni" else "", self.port)


def _plain(address: str) -> str:
    """An IPv6 address has several spellings; this is the shortest."""
    return str(ip_address(address)) if ":" in address else address


@dataclass(frozen=True, slots=True)
class Group:
    """A virtual server group. `name` is our key on what is ours.

    As wanted, `id` is given for somebody else's group that our backends are to be in, and empty for one of our own;
    with `keeps_weights` the weights of backends that are there stay as they are, but for those at 0 where it `revives`
    (a drain of ours may have left them so). `lingering` are instances that are to take no more and may finish what
    they have. `unconfirmed` are instances that are not added before ECS has shown that nodes are what they say; those
    that are there stay. `partial` says that not all who are to be in are known: none is taken out.
    As seen, `swaps` is false once the cloud has refused to swap its backends in one write, and `full` is true once it
    has refused to add more.
    """

    name: str
    backends: tuple[Backend, ...] | Unmanaged | Unknown
    id: str = ""
    swaps: bool = True
    full: bool = False
    keeps_weights: bool = False
    revives: bool = False
    lingering: frozenset[str] = frozenset()
    unconfirmed: frozenset[str] = frozenset()
    partial: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it is known that nobody is to take traffic."""
        return isinstance(self.backends, tuple) and all(one.leaving for one in self.backends)

    @property
    def reference(self) -> str:
        """What a wanted listener names it by: the id of somebody else's, the name of our own."""
        return self.id or self.name


def slot_of(port: int, protocol: str) -> tuple[int, str]:
    """TCP, HTTP and HTTPS share the ports of a balancer; UDP has its own."""
    return (port, "udp" if protocol == "udp" else "tcp")


@dataclass(frozen=True, slots=True)
class AccessList:
    """An access control list that we own: `name` is our key, `entries` are CIDR blocks.

    As wanted, `id` is empty and `entries` are of both families; those of the balancer's own are what counts.
    """

    name: str
    entries: frozenset[str] | Unmanaged
    id: str = ""
    version: str = "ipv4"


@dataclass(frozen=True, slots=True)
class Domain:
    """One further domain of an HTTPS listener, with a certificate of its own.

    As wanted, `id` is empty, and one without a certificate stays as it is, whether it is there or not.
    """

    name: str
    certificate: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Listener:
    """One listener. `group` is the group's reference as wanted, its id as seen; `birth` holds defaults for creation.

    As wanted, `access` names the access control list of ours that it is to use, whose id is known later, and `barred`
    says why none may be made now; one that is there keeps what it has in that respect.
    """

    port: int
    protocol: str
    description: str
    group: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    birth: Mapping[str, str] = field(default_factory=dict)
    running: bool = True
    domains: tuple[Domain, ...] | Unmanaged | Unknown = UNMANAGED
    access: str = ""
    barred: str = ""

    @property
    def slot(self) -> tuple[int, str]:
        """What no two listeners of a balancer share."""
        return slot_of(self.port, self.protocol)


@dataclass(frozen=True, slots=True)
class Balancer:
    """A classic load balancer instance with its parts.

    As wanted: `places` are vSwitches for a new one, of which the first that has an address left counts. `barred` says
    why none may be created (empty: it may); one that exists is kept and cared for all the same. `borrowed` is one that
    somebody else made: its attributes and tags are not ours. `hostname` is what is published in the place of its
    address. `former_tags` are keys that we had set and that are no longer asked for. `problems` are wishes that cannot
    be followed, in words for their owner; `notices` are what else to tell.
    As seen:
    `known` is false for one whose parts nobody has looked at, since it may have been made before.
    `spares` are further, empty instances that carry the same ownership tag: left by a call that arrived late.
    """

    attributes: Mapping[str, str]
    tags: Mapping[str, str]
    groups: tuple[Group, ...] = ()
    listeners: tuple[Listener, ...] | Unmanaged = ()
    access: tuple[AccessList, ...] = ()
    birth: Mapping[str, str] = field(default_factory=dict)
    id: str = ""
    address: str = ""
    places: tuple[str, ...] = ()
    barred: str = ""
    borrowed: bool = False
    hostname: str = ""
    former_tags: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    known: bool = True
    spares: "tuple[Balancer, ...]" = ()

    @property
    def listening(self) -> tuple[Listener, ...]:
        """Its listeners; none where they are not ours to set."""
        return self.listeners if isinstance(self.listeners, tuple) else ()
