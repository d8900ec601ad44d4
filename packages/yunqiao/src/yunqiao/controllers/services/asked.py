"""What one Service asks for and all that bears on it, frozen: everything that `want` may know."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, NamedTuple, TypeVar

from yunqiao.controllers.services.identity import Identity
from yunqiao.controllers.services.record import Record, service_hash
from yunqiao.controllers.services.rules import Rules
from yunqiao.model.cluster import Pod
from yunqiao.model.snapshot import Snapshot
from yunqiao.options.declare import Parsed

T = TypeVar("T")


class Address(NamedTuple):
    """A pod's address and the UID of the pod, empty where nobody says: another pod may have another interface."""

    text: str
    pod: str = ""


@dataclass(frozen=True, slots=True)
class Unready:
    """A pod that is not ready and may wait for us; `addresses` are to be looked up if it does."""

    namespace: str
    name: str
    uid: str
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Interface:
    """The network interface of an address, and the address as the cloud spells it."""

    id: str
    address: str


@dataclass(frozen=True, slots=True)
class Needs:
    """What must be looked up before a Service's wish can be said.

    `addresses` are to become backends; `fading` ones only stay if they are there. `gate` is the readiness gate that
    `pods` may wait with. `vswitch` says that a balancer, if it is new, needs one and nobody has said which.
    """

    addresses: frozenset[Address] = frozenset()
    fading: frozenset[Address] = frozenset()
    pods: frozenset[Unready] = frozenset()
    gate: str = ""
    certificates: frozenset[str] = frozenset()
    vswitch: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """What had to be looked up to say what is wanted.

    `interfaces` gives the network interface of an address; `outside` are addresses that are not the VPC's; `missing`
    gives since when one of the VPC's has had no interface. `gated` are pods (by UID) that wait with our readiness
    gate, `ungated` are UIDs of those that have none. `again_after` is in how many seconds to look again. Times are
    seconds on the engine's clock.
    `certificates` gives the end of each server certificate, and is None when nobody has looked; `today` is when this
    was found. Both are in seconds since 1970.
    `vpc_id` and `vswitch_ids` (in the order to try them) are where the cluster is; both are empty where that was not
    needed, or is not known for the reason `nowhere`.
    """

    interfaces: Mapping[Address, Interface] = field(default_factory=dict)
    outside: frozenset[Address] = frozenset()
    missing: Mapping[Address, float] = field(default_factory=dict)
    gated: Mapping[str, Pod] = field(default_factory=dict)
    ungated: frozenset[str] = frozenset()
    again_after: float | None = None
    certificates: Mapping[str, float] | None = None
    today: float = 0.0
    vpc_id: str = ""
    vswitch_ids: tuple[str, ...] = ()
    nowhere: str = ""

    def admits(self, uid: str) -> bool:
        """Whether a pod is done but for us: all its containers are ready, and it waits with our gate."""
        pod = self.gated.get(uid)
        return pod is not None and any(
            one.type == "ContainersReady" and one.status == "True" for one in pod.status.conditions
        )

    @property
    def waits(self) -> bool:
        """Whether somebody waits for something that is still to come."""
        return bool(self.missing or self.gated)

    def doubted(self) -> "Findings":
        """Without what a refused write has put in question."""
        return replace(self, interfaces={})


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """A Service with its surroundings, its options, what was looked up, and the note of what was applied before."""

    snapshot: Snapshot
    parsed: Parsed[T]
    who: Identity
    rules: Rules
    noted: Record
    found: Findings = Findings()

    @property
    def as_taken_over(self) -> bool:
        """Whether nobody has changed the Service since it came from a controller that ignored parts of it."""
        return bool(self.noted.taken) and self.noted.taken == service_hash(self.snapshot.service)
