"""What was read of cluster and cloud, for the checks to judge; a Trouble stands where a look failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from yunqiao.cloud.sign import AccessKey
from yunqiao.cloud.vpc import Vpc, VSwitch
from yunqiao.controllers.nodes.see import Seen as NodesSeen
from yunqiao.controllers.routes.rules import Place
from yunqiao.controllers.routes.seen import Seen
from yunqiao.controllers.services.explanation import Holder
from yunqiao.controllers.services.rules import Rules
from yunqiao.install.permissions import IDENTITY, Action, Right
from yunqiao.model.cluster import Node, Service
from yunqiao.model.errors import NotYet, Trouble

NOBODY_LOOKED = NotYet("because of: access to the cloud")
UNUSABLE = NotYet("because of: configuration")
"""Stands where the settings are such that nobody can look."""


def no_objects(cluster: "Cluster | Trouble", resource: str) -> str:
    """Which check is why nothing is known of the cluster's objects of that kind."""
    return "because of: API server" if isinstance(cluster, Trouble) else f"because of: right to {resource}"


def in_the_way(cloud: Trouble) -> str:
    """Which check is why nothing in the cloud could be looked at."""
    return str(cloud) if cloud is UNUSABLE else "because of: region"


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that controllers hold: `place` as `Lease kube-system/ccm`; `ours` says that its holder is a yunqiao."""

    place: str
    holder: Holder
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster: where it is (`server`), what it answers, what it allows, and what is in it.

    `lock` is the one that the controller takes (None: there is none yet), `others` are those of other controllers.
    """

    server: str
    version: str
    user: str
    allowed: Mapping[Right, bool] | Trouble
    nodes: Sequence[Node] | Trouble
    services: Sequence[Service] | Trouble
    lock: Lock | Trouble | None
    others: Sequence[Lock] = ()

    @property
    def leads(self) -> bool:
        """Whether a controller is at work."""
        return isinstance(self.lock, Lock) and self.lock.holder.works

    @property
    def tells_its_id(self) -> bool:
        """Whether what the cluster's id is made of may be read."""
        if isinstance(self.allowed, Trouble):
            return True  # as far as is known
        return any(is_allowed for right, is_allowed in self.allowed.items() if right.rule in IDENTITY)


@dataclass(frozen=True, slots=True)
class Cloud:
    """The cloud: who we are there, what it lets us see, and the place where nodes, routes and balancers are.

    `hosts` has the host of each product. `skew` is how many seconds our clock is ahead of the cloud's. `nodes` is None
    where nobody could ask for instances. `vpc_id` is the VPC of everything, by whatever way it was found; the Trouble
    says which key to set. `vswitch_ids` are for new balancers, `tables` the route tables with what is in them.
    """

    rules: Rules
    hosts: Mapping[str, str]
    key: AccessKey | Trouble = NOBODY_LOOKED
    skew: float | None = None
    answers: Mapping[Action, Trouble | None] = field(default_factory=dict)
    nodes: NodesSeen | None = None
    vpc_id: str | Trouble = NOBODY_LOOKED
    vpc: Vpc | Trouble = NOBODY_LOOKED
    vswitch_ids: Sequence[str] | Trouble = NOBODY_LOOKED
    vswitches: Sequence[VSwitch] | Trouble = NOBODY_LOOKED
    place: Place | Trouble = NOBODY_LOOKED
    tables: Seen | Trouble = NOBODY_LOOKED
