"""The story of nodes: who they are, what is written on them, and when they go; a hundred of them at a time."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from yunqiao.cloud.ecs import Instance
from yunqiao.controllers.nodes import identity, parting
from yunqiao.controllers.nodes.aside import word_for
from yunqiao.controllers.nodes.identity import Doubt, Gone, Verdict
from yunqiao.controllers.nodes.kinds import Kind, is_excluded, is_uninitialized, kind_of, readiness
from yunqiao.controllers.nodes.known import ECHO, Known, Memory
from yunqiao.controllers.nodes.plan import admit, delete, hold, plan
from yunqiao.controllers.nodes.rules import Rules
from yunqiao.controllers.nodes.see import Seen, see, see_interfaces
from yunqiao.controllers.nodes.triggers import concerns
from yunqiao.controllers.nodes.want import Wanted, want
from yunqiao.engine.batches import Outcome
from yunqiao.engine.figures import Figure
from yunqiao.model.clock import Clock
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Lost, Refused, Trouble
from yunqiao.model.instance import read_provider_id
from yunqiao.model.step import Call, Deletion, Patch, Send, Step

Tell = Callable[[Node, Literal["Normal", "Warning"], str, str], None]
"""Records an Event on a Node: type, reason, message."""

PERIOD = 300.0
"""Seconds between two looks at all nodes, all together, so that a hundred cost one call."""
MOST_ROUNDS = 10
"""More than any node needs."""


@dataclass(slots=True)
class Nodes:
    """Everything the story needs, given from outside: nodes as the cache has them, and what reads and writes.

    `patch` gives the node as it is after the patch.
    """

    all: Callable[[], Iterable[Node]]
    get: Callable[[str], Node | None]
    patch: Callable[[Patch], Awaitable[Node]]
    delete: Callable[[Deletion], Awaitable[None]]
    send: Send
    tell: Tell
    rules: Rules
    clock: Clock
    today: Callable[[], datetime] = lambda: datetime.now(UTC)
    memory: Memory = field(default_factory=Memory)
    found_at: float = float("-inf")
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock.now()

    def noticed(self, old: Node | None, new: Node | None) -> bool:
        """Whether a change of a node is a reason to look at it: what we wrote ourselves is none."""
        if new is None:
            if old is not None:
                self.memory.forget(old.metadata.name)
            return False
        state = concerns(new)
        return (old is None or concerns(old) != state) and self.memory.of(new).settled != state

    async def reconcile(self, names: Sequence[str]) -> Mapping[str, Outcome]:
        """Bring nodes to where they should be; for each the seconds until it should come up again, or what went wrong.

        Whatever goes wrong with one of them is no other's outcome.
        """
        turn = _Turn(self, [node for name in names if (node := self.get(name)) and not _is_going(node)])
        return dict.fromkeys(names) | await turn.work()

    def report(self, name: str, trouble: Trouble) -> None:
        """Tell the node's owner what went wrong: what passes by itself, only while the node waits for it."""
        node = self.get(name)
        if node is not None and (not isinstance(trouble, Lost) or is_uninitialized(node)):
            self._tell_once(node, "Warning", "SyncNodeFailed", str(trouble))

    def figures(self) -> Iterable[Figure]:
        """How many nodes of each kind there are, and how many of them have lost their instance."""
        kinds = Counter(kind_of(node, self.rules.region) for node in self.all())
        for kind in Kind:
            yield Figure("yunqiao_nodes", "gauge", "Nodes by kind.", kinds[kind], {"kind": kind.value})
        missing = "Nodes whose ECS instance is not found."
        yield Figure("yunqiao_nodes_without_instance", "gauge", missing, self.memory.missing())
        withheld = sum("DeleteNodeWithheld" in known.told for known in self.memory.nodes.values())
        yield Figure("yunqiao_node_deletions_withheld", "gauge", "Nodes that are not deleted for safety.", withheld)

    def _tell_once(self, node: Node, kind: Literal["Normal", "Warning"], reason: str, text: str) -> None:
        if self.memory.of(node).is_news(reason, text):
            self.tell(node, kind, reason, text)

    def _next_look(self) -> float:
        """When all nodes are looked at again (on the clock)."""
        now = self.clock.now()
        return now + PERIOD - (now - self.began) % PERIOD


class _Turn:
    """One turn of a batch of nodes."""

    def __init__(self, nodes: Nodes, batch: Sequence[Node]) -> None:
        self._nodes, self._rules = nodes, nodes.rules
        self._now = nodes.clock.now()
        self._outcomes: dict[str, Outcome] = {}
        self._batch = [node for node in batch if not self._rests(node)]

    def _rests(self, node: Node) -> bool:
        rest = self._nodes.memory.of(node).rest(node, self._now)
        if rest:
            self._outcomes[node.metadata.name] = rest
        return bool(rest)

    async def work(self) -> Mapping[str, Outcome]:
        kinds = {node.metadata.name: kind_of(node, self._rules.region) for node in self._batch}
        of = lambda kind: [node for node in self._batch if kinds[node.metadata.name] is kind]  # noqa: E731 - twice below
        named, unnamed = of(Kind.INSTANCE), of(Kind.UNNAMED)
        seen = await see(self._nodes.send, self._rules, named, unnamed)
        if seen.instances:
            self._nodes.found_at = self._now
        verdicts = {node.metadata.name: self._verdict(node, seen) for node in (*named, *unnamed)}
        self._remember(verdicts)
        await self._look_at_checks([*named, *unnamed], verdicts, seen)
        ours = (self._instance(node, verdicts[node.metadata.name], seen) for node in (*named, *unnamed))
        others = (self._other(node, kind) for node in self._batch if (kind := kinds[node.metadata.name]) not in OURS)
        await self._all([*named, *unnamed, *(n for n in self._batch if kinds[n.metadata.name] not in OURS)], [*ours, *others])
        return self._outcomes
