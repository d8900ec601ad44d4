"""When is a node deleted? When its instance is gone for certain, and never when it may be us who do not see it.

An answer without an instance also comes from a wrong account or region, or where RAM permissions hide it. So: an
instance that was shown before; two looks some minutes apart; a kubelet that nobody hears; other instances that are
found; and never more nodes at once than a share of the cluster, which does not lose a fifth of itself without its
owner knowing.
"""

from dataclasses import dataclass

SECOND_LOOK = 180.0
"""Seconds for which an instance is not found before it counts as gone."""
LARGEST_SHARE = 0.2
"""Of all ECS nodes: when more are missing at once, none is deleted (one always may be)."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What bears on one node whose instance was not found; `since` is when that was first so (seconds).

    `shown_before` says that ECS has shown the instance to a controller, to this one or to one that led before.
    """

    instance: str
    since: float
    shown_before: bool
    readiness: str
    missing: int
    nodes: int
    anything_found: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """It is not time yet."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Withheld:
    """The node stays, in words for its owner."""

    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Certain:
    """The node goes."""


ALIVE = (
    "its ECS instance {id} is not found, but its kubelet is heard of: it is not deleted; check region, account and RAM "
    "permissions (ecs:DescribeInstances)"
)
NEVER_SHOWN = (
    "its ECS instance {id} is not found and never was: it may be another account's, so the node is not deleted; if the "
    "instance is gone, delete the node with kubectl delete node"
)
NOTHING_FOUND = (
    "its ECS instance {id} is not found, and neither is that of any other node: it is not deleted; check region, "
    "account and RAM permissions (ecs:DescribeInstances)"
)
TOO_MANY = (
    "its ECS instance {id} is not found, nor are those of {others} other nodes ({missing} of {nodes}); more than "
    "{allowed} at once are not deleted: if they are gone, delete them with kubectl delete node"
)


def may_go(sight: Sight, now: float) -> Certain | Wait | Withheld:
    """Decide about one node. Pure."""
    if sight.readiness != "Unknown":
        return Withheld("InstanceNotFound", ALIVE.format(id=sight.instance))
    if not sight.shown_before:
        return Withheld("InstanceNotFound", NEVER_SHOWN.format(id=sight.instance))
    waited = now - sight.since
    if waited < SECOND_LOOK:
        return Wait(SECOND_LOOK - waited)
    if not sight.anything_found:
        return Withheld("DeleteNodeWithheld", NOTHING_FOUND.format(id=sight.instance))
    allowed = max(1, int(sight.nodes * LARGEST_SHARE))
    if sight.missing > allowed:
        told = {"id": sight.instance, "missing": sight.missing, "nodes": sight.nodes, "allowed": allowed}
        return Withheld("DeleteNodeWithheld", TOO_MANY.format(others=sight.missing - 1, **told))
    return Certain()
