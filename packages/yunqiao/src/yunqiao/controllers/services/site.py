"""What the story of Services stands on: everything it needs, given from outside, and what all turns share."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from yunqiao.cloud.place import Look
from yunqiao.cloud.place import nobody as no_nodes
from yunqiao.controllers.services import gates
from yunqiao.controllers.services.known import Memory
from yunqiao.controllers.services.lookups import Lookups
from yunqiao.controllers.services.neighbours import Neighbours
from yunqiao.controllers.services.provider import PROVIDERS
from yunqiao.controllers.services.rules import Rules
from yunqiao.model.clock import Clock
from yunqiao.model.cluster import Service
from yunqiao.model.snapshot import Snapshot
from yunqiao.model.step import Patch, Send

Tell = Callable[[Service, Literal["Normal", "Warning"], str, str], None]
"""Records an Event on a Service: type (Normal, Warning), reason, message."""


@dataclass(slots=True)
class Site:
    """`trusts_records` says that no other controller has led since the notes on the Services were written.

    `nonce` gives a name for each attempt to make a balancer; `look` says where the nodes are.
    """

    snapshot: Callable[[str], Snapshot | None]
    patch: Callable[[Patch], Awaitable[None]]
    send: Send
    tell: Tell
    rules: Rules
    clock: Clock
    trusts_records: bool = False
    wake: Callable[[str], None] = lambda _: None
    pod: gates.Get = gates.nobody
    nonce: Callable[[], str] = lambda: uuid.uuid4().hex[:8]
    today: Callable[[], datetime] = lambda: datetime.now(UTC)
    look: Look = no_nodes
    memory: Memory = field(default_factory=Memory)
    neighbours: Neighbours = field(default_factory=Neighbours)
    directories: dict[str, Any] = field(init=False)
    lookups: Lookups = field(init=False)

    def __post_init__(self) -> None:
        self.directories = {provider.name: provider.directory(self.send) for provider in PROVIDERS}
        self.lookups = Lookups(self.send, self.rules, self.clock, self.pod, self.today, self.look)
