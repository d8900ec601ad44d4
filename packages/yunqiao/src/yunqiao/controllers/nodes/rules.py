"""What the cluster's owner has set for all nodes, from flags, configuration and instance metadata."""

from dataclasses import dataclass

MOST = 100
"""Documented limit of instances, interfaces or addresses per call."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How nodes are initialised.

    `vpc_id` may be empty: then it is that of the nodes' instances. With `routes` on a new node is not reachable until
    its route is there; `checks_stay` leaves the source/destination check of its interface as it is; `ipv6` adds
    addresses of that family.
    """

    region: str
    vpc_id: str = ""
    routes: bool = False
    checks_stay: bool = False
    ipv6: bool = False
