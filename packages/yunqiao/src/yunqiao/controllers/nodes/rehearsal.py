"""What a turn of all nodes would do, played through: reads are real, nothing is written anywhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from yunqiao.cloud.instances import Instances
from yunqiao.cloud.paging import chunks
from yunqiao.controllers.nodes.reconcile import Nodes
from yunqiao.controllers.nodes.rules import MOST, Rules
from yunqiao.controllers.nodes.site import Site
from yunqiao.model.clock import Clock
from yunqiao.model.cluster import Node, as_builtins
from yunqiao.model.errors import Trouble
from yunqiao.model.patching import patched
from yunqiao.model.step import Call, Deletion, Patch, Reply, Send


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """All steps in order, the nodes as they would be then, what they would be warned of, and what went wrong."""

    steps: Sequence[Call | Patch | Deletion]
    nodes: Sequence[Node]
    warnings: Sequence[str]
    troubles: Sequence[Trouble]


async def rehearse(nodes: Iterable[Node], send: Send, instances: Instances, rules: Rules, clock: Clock) -> Rehearsal:
    """Play one turn of each node. Never raises a Trouble."""
    script = _Script(nodes, send)
    site = Site(
        script.all, script.get, script.patch, script.delete, script.send, instances, script.tell, rules, clock
    )  # fmt: skip
    story, troubles = Nodes(site), dict[str, Trouble]()
    for part in chunks(sorted(script.nodes), MOST):
        for outcome in (await story.reconcile(part)).values():
            if isinstance(outcome, Trouble):
                troubles.setdefault(str(outcome), outcome)
            elif isinstance(outcome, BaseException):
                raise outcome
    return Rehearsal(script.steps, [*script.all()], script.warnings, [*troubles.values()])


class _Script:
    """The cluster and the cloud of one rehearsal."""

    def __init__(self, nodes: Iterable[Node], real: Send) -> None:
        self.nodes = {node.metadata.name: node for node in nodes}
        self.steps: list[Call | Patch | Deletion] = []
        self.warnings: list[str] = []
        self._real = real

    def all(self) -> Iterable[Node]:
        return tuple(self.nodes.values())

    def get(self, name: str) -> Node | None:
        return self.nodes.get(name)

    async def patch(self, patch: Patch) -> Node:
        self.steps.append(patch)
        node = msgspec.convert(patched(as_builtins(self.nodes[patch.name]), patch.body), Node)
        self.nodes[patch.name] = node
        return node

    async def delete(self, deletion: Deletion) -> None:
        self.steps.append(deletion)
        self.nodes.pop(deletion.name, None)

    async def send(self, call: Call) -> Reply:
        if not call.write:
            return await self._real(call)
        self.steps.append(call)
        return {}

    def tell(self, node: Node, kind: str, _reason: str, text: Any) -> None:
        if kind == "Warning":
            self.warnings.append(f"{node.metadata.name}: {text}")
