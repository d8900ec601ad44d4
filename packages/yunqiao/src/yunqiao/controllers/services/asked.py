"""What one Service asks for and all that bears on it, frozen: everything that `want` may know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from yunqiao.controllers.services.identity import Identity
from yunqiao.controllers.services.record import Record, service_hash
from yunqiao.controllers.services.rules import Rules
from yunqiao.model.snapshot import Snapshot
from yunqiao.options.declare import Parsed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Needs:
    """What must be looked up before a Service's wish can be said: interfaces of addresses, ends of certificates."""

    addresses: frozenset[str] = frozenset()
    certificates: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Findings:
    """What had to be looked up in the cloud to say what is wanted.

    `interfaces` gives the network interface of an address; `outside` are addresses that are not the VPC's.
    `certificates` gives the end of each server certificate (seconds since 1970), and is None when nobody has looked.
    """

    interfaces: Mapping[str, str] = field(default_factory=dict)
    outside: frozenset[str] = frozenset()
    certificates: Mapping[str, float] | None = None


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
