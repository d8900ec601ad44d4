"""What this process knows of each node, so that nothing is looked at or told twice without need.

It is memory only: a restart and a new leader start empty, and what waits for certainty waits anew.
"""

from dataclasses import dataclass, field
from itertools import islice

from yunqiao.controllers.nodes.triggers import concerns
from yunqiao.model.cluster import Node, NodeAddress

WITHHELD = "DeleteNodeWithheld"
"""Reason of the Event that says why a node without an instance is not deleted."""
ECHO = 5.0
"""Seconds within which a state that our own writes went through may still come back from the cache."""


@dataclass(slots=True)
class Known:
    """Of one node (by its UID); times are seconds on the engine's clock.

    `instance` is the id of the one that it is for certain. `settled` is what it looked like when nothing was left to
    do, `look_at` when it is to be looked at all the same; `passed` are states on the way there. `missing` is since
    when its instance is not found. `published` are the addresses written last, `told` the last Events by reason.
    """

    uid: str
    instance: str = ""
    settled: tuple[object, ...] = ()
    settled_at: float = float("-inf")
    look_at: float = float("-inf")
    passed: set[tuple[object, ...]] = field(default_factory=set)
    missing: float | None = None
    published: tuple[NodeAddress, ...] = ()
    told: dict[str, str] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        """Whether this process has never been done with the node."""
        return self.settled == ()

    def rest(self, node: Node, now: float) -> float:
        """Seconds for which the node needs no look, as far as can be told from what it looks like; 0: it needs one."""
        state = concerns(node)
        if state == self.settled:
            return max(0.0, self.look_at - now)
        if state in self.passed:
            return max(0.0, self.settled_at + ECHO - now)
        return 0.0

    def settle(self, node: Node, now: float, look_at: float) -> None:
        """Nothing is left to do until then."""
        self.settled, self.settled_at, self.look_at = concerns(node), now, look_at

    def found(self) -> None:
        """Its instance is there."""
        self.missing = None
        self.told.pop(WITHHELD, None)

    def is_news(self, reason: str, text: str) -> bool:
        """Whether that was not the last thing told for this reason."""
        news = self.told.get(reason) != text
        self.told[reason] = text
        return news


@dataclass(slots=True)
class Memory:
    """All nodes by name; a node of the same name with another UID is another node."""

    nodes: dict[str, Known] = field(default_factory=dict)

    def of(self, node: Node) -> Known:
        """What is known of a node."""
        known = self.nodes.get(node.metadata.name)
        if known is None or known.uid != node.metadata.uid:
            known = self.nodes[node.metadata.name] = Known(node.metadata.uid)
        return known

    def forget(self, name: str) -> None:
        """The node is gone."""
        self.nodes.pop(name, None)

    def missing(self) -> int:
        """How many nodes' instances are not found."""
        return sum(known.missing is not None for known in self.nodes.values())

    def witnesses(self) -> tuple[str, ...]:
        """An instance that is known to be there: if it is not shown either, what is not shown need not be gone."""
        there = (known.instance for known in self.nodes.values() if known.instance and known.missing is None)
        return tuple(islice(there, 1))

    def withheld(self) -> int:
        """How many nodes are not deleted for safety's sake."""
        return sum(WITHHELD in known.told for known in self.nodes.values())
