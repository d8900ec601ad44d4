"""What the cluster's owner has set for all routes, and the place in the cloud that they are written to."""

from dataclasses import dataclass, field

from yunqiao.cloud.vpc import ROUTES_PER_CALL, VSwitch


@dataclass(frozen=True, slots=True)
class Rules:
    """How routes are made. What is empty is found out, but for `cluster_cidrs`: then any range of a node will do.

    `together` entries are written at once; `period` is the time (seconds) between two looks at what is there.
    """

    region: str
    cluster: str
    vpc_id: str = ""
    table_ids: tuple[str, ...] = ()
    cluster_cidrs: tuple[str, ...] = ()
    together: int = ROUTES_PER_CALL
    period: float = 300.0


@dataclass(frozen=True, slots=True)
class Place:
    """The VPC, the ids of the tables that direct its traffic between pods, and its vSwitches as far as known."""

    vpc_id: str
    tables: tuple[str, ...] = ()
    vswitches: tuple[VSwitch, ...] = field(default=())
