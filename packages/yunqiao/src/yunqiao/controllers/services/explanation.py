"""Why does a Service answer, or not? The chain from the Service to its pods, link by link, and what is broken first.

A broken link often breaks others (no ready pod: no health), so "first" goes by what causes what, the order of Cause,
and not by the order in which the links are told. This file looks; links.py says what each link is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum, auto

from yunqiao.cloud.clb import certificates, health, instances
from yunqiao.cloud.clb.health import Health
from yunqiao.controllers.services.rehearsal import Rehearsal, Stage, rehearse
from yunqiao.model.balancer import Balancer
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Trouble
from yunqiao.model.snapshot import Snapshot
from yunqiao.model.step import Send


class Mark(Enum):
    """Whether a link holds."""

    OK = "ok"
    BROKEN = "broken"
    UNKNOWN = "unknown"


class Cause(IntEnum):
    """What a link is about; of several broken ones, the first here is most likely why the others are."""

    KUBERNETES = auto()
    KIND = auto()
    CLOUD = auto()
    WISHES = auto()
    CONTROLLER = auto()
    REGION = auto()
    ENDPOINTS = auto()
    NODES = auto()
    BALANCER = auto()
    LISTENER = auto()
    CERTIFICATE = auto()
    GROUP = auto()
    HEALTH = auto()
    ADDRESS = auto()


@dataclass(frozen=True, slots=True)
class Link:
    """One link: how deep it hangs, what it is, what was found, whether it holds, and what to do when it does not."""

    depth: int
    what: str
    text: str
    mark: Mark = Mark.OK
    cause: Cause = Cause.KIND
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole chain of one Service (`namespace/name`)."""

    key: str
    links: tuple[Link, ...]

    @property
    def first_broken(self) -> Link | None:
        """The broken link that is most likely why others are; None when all is well."""
        broken = (one for one in self.links if one.mark is Mark.BROKEN)
        return min(broken, key=lambda one: one.cause, default=None)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the controller's Lease: `age` seconds ago it was renewed, for `duration` seconds."""

    identity: str
    age: float
    duration: float

    @classmethod
    def at(cls, now: datetime, identity: str, renewed: str, duration: float) -> "Holder":
        """From what a lock says; a time that cannot be read is long ago."""
        try:
            age = (now - datetime.fromisoformat(renewed)).total_seconds()
        except ValueError:
            age = float("inf")
        return cls(identity, max(0.0, age), duration)

    @property
    def works(self) -> bool:
        """Whether somebody leads; twice the duration leaves room for clocks that differ."""
        return bool(self.identity) and self.age <= 2 * self.duration


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known besides the Service: the nodes and the Lease (None: there is none; a text: why it is not known).

    `reached` says of (address, port) whether a connection from this machine came about; `today` is in seconds since
    1970.
    """

    nodes: Sequence[Node] = ()
    lease: Holder | str | None = "nobody asked"
    reached: Mapping[tuple[str, int], bool] = field(default_factory=dict)
    today: float = 0.0


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the chain is told from; a Trouble stands where a look failed.

    `status` is the balancer's own word (active, inactive, locked); `ends` are those of server certificates by id;
    `doubts` say by a node's name why it is not taken for the instance that it claims to be.
    """

    snapshot: Snapshot
    rehearsal: Rehearsal
    region: str
    around: Surroundings
    status: str | Trouble = ""
    health: Sequence[Health] | Trouble = ()
    ends: Mapping[str, float] | Trouble = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)

    @property
    def seen(self) -> Balancer | None:
        """The balancer as it is."""
        return self.rehearsal.seen


async def look(snapshot: Snapshot, stage: Stage, around: Surroundings) -> Facts:
    """Look at all that belongs to one Service. Never raises a Trouble: what could not be seen says so."""
    rehearsal = await rehearse(snapshot, stage)
    seen, region = rehearsal.seen, stage.rules.region
    if seen is None:
        return Facts(snapshot, rehearsal, region, around, doubts=stage.doubts)
    status, found = await _status(stage.send, seen.id), await _health(stage.send, seen.id)
    secure = any("ServerCertificateId" in one.attributes for one in seen.listening)
    ends = await _ends(stage.send) if secure else {}
    return Facts(snapshot, rehearsal, region, around, status, found, ends, stage.doubts)


async def _status(send: Send, balancer_id: str) -> str | Trouble:
    try:
        reply = await send(instances.list_by_id(balancer_id))
    except Trouble as trouble:
        return trouble
    items = reply.get("LoadBalancers", {}).get("LoadBalancer", [])
    return next((str(item.get("LoadBalancerStatus", "")) for item in items), "")


async def _health(send: Send, balancer_id: str) -> Sequence[Health] | Trouble:
    try:
        return health.read(await send(health.describe(balancer_id)))
    except Trouble as trouble:
        return trouble


async def _ends(send: Send) -> Mapping[str, float] | Trouble:
    try:
        return certificates.read_ends(await send(certificates.list_certificates()))
    except Trouble as trouble:
        return trouble
