"""Everything the story of nodes needs, given from outside, and what all its turns share."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from yunqiao.cloud.instances import Instances
from yunqiao.cloud.place import Neighbourhood, Whereabouts
from yunqiao.controllers.nodes.kinds import Kind, kind_of
from yunqiao.controllers.nodes.known import Known, Memory
from yunqiao.controllers.nodes.rules import Rules
from yunqiao.model.clock import Clock
from yunqiao.model.cluster import Node
from yunqiao.model.instance import read_provider_id
from yunqiao.model.machine import is_kept_out
from yunqiao.model.step import Deletion, Patch, Send

Tell = Callable[[Node, Literal["Normal", "Warning"], str, str], None]
"""Records an Event on a Node: type, reason, message."""

PERIOD = 300.0
"""Seconds between two looks at all nodes, all together, so that a hundred cost one call."""


@dataclass(slots=True)
class Site:
    """Nodes as the cache has them, and what reads and writes.

    `patch` gives the node as it is after the patch; `today` is the time of day, for conditions.
    """

    all: Callable[[], Iterable[Node]]
    get: Callable[[str], Node | None]
    patch: Callable[[Patch], Awaitable[Node]]
    delete: Callable[[Deletion], Awaitable[None]]
    send: Send
    instances: Instances
    tell: Tell
    rules: Rules
    clock: Clock
    today: Callable[[], datetime] = lambda: datetime.now(UTC)
    memory: Memory = field(default_factory=Memory)
    began: float = field(init=False)
    whereabouts: Whereabouts = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock.now()
        self.whereabouts = Whereabouts(self.rules.vpc_id, look=Neighbourhood(self.instances, self._claiming).look)

    def _claiming(self) -> Iterable[Node]:
        """The nodes that claim to be instances of our region."""
        region = self.rules.region
        return (node for node in self.all() if kind_of(node, region) is Kind.INSTANCE and not is_kept_out(node))

    def known(self, node: Node) -> Known:
        """What is known of a node."""
        return self.memory.of(node)

    def tell_once(
        self, node: Node, kind: Literal["Normal", "Warning"], reason: str, text: str, meaning: str = ""
    ) -> None:
        """Record an Event unless that was told last for that reason; texts of one `meaning` say the same."""
        if self.known(node).is_news(reason, meaning or text):
            self.tell(node, kind, reason, text)

    def until_next_look(self) -> float:
        """Seconds until all nodes are looked at again."""
        return PERIOD - (self.clock.now() - self.began) % PERIOD

    def holders(self) -> Mapping[str, list[Node]]:
        """The nodes by the instance that they are, as they claim or as was found."""
        index: dict[str, list[Node]] = {}
        for node in self.all():
            claim = read_provider_id(node.spec.provider_id)
            index.setdefault(claim.id if claim else self.known(node).instance, []).append(node)
        return index
