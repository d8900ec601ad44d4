"""What the story of routes stands on: everything it needs, given from outside, and what it remembers."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from yunqiao.cloud.instances import Instances
from yunqiao.cloud.place import Neighbourhood, Whereabouts
from yunqiao.controllers.routes.claims import claim_of
from yunqiao.controllers.routes.filling import Filling
from yunqiao.controllers.routes.known import Known
from yunqiao.controllers.routes.rules import Rules
from yunqiao.model.clock import Clock
from yunqiao.model.cluster import Node
from yunqiao.model.step import Patch, Send

Tell = Callable[[Node, Literal["Normal", "Warning"], str, str], None]
"""Records an Event on a Node: type (Normal, Warning), reason, message."""


@dataclass(slots=True)
class Site:
    """`nodes` gives all nodes as the watch has them, `get` one as the API server has it, None when it has none."""

    nodes: Callable[[], Iterable[Node]]
    get: Callable[[str], Awaitable[Node | None]]
    patch: Callable[[Patch], Awaitable[None]]
    send: Send
    instances: Instances
    tell: Tell
    rules: Rules
    clock: Clock
    today: Callable[[], datetime] = lambda: datetime.now(UTC)
    known: Known = field(default_factory=Known)
    filling: Filling = field(default_factory=Filling)
    whereabouts: Whereabouts = field(init=False)

    def __post_init__(self) -> None:
        self.whereabouts = Whereabouts(self.rules.vpc_id, look=Neighbourhood(self.instances, self._claiming).look)

    def _claiming(self) -> Iterable[Node]:
        """The nodes that claim to be instances of our region."""
        return (node for node in self.nodes() if claim_of(node, self.rules.region))
