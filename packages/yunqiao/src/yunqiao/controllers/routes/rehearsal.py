"""What a turn of all routes would do, played through: reads are real, nothing is written anywhere.

Conditions of nodes are left out: they say what the table says, and that has not changed.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from yunqiao.cloud.instances import Instances
from yunqiao.controllers.routes.reconcile import KEY, Routes
from yunqiao.controllers.routes.rules import Rules
from yunqiao.controllers.routes.site import Site
from yunqiao.model.clock import Clock
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Trouble
from yunqiao.model.step import Call, Patch, Reply, Send


@dataclass(slots=True)
class Rehearsal:
    """All calls in order, what nodes would be warned of, and what went wrong."""

    steps: list[Call] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    troubles: Sequence[Trouble] = ()


async def rehearse(
    nodes: Iterable[Node],
    get: Callable[[str], Awaitable[Node | None]],
    send: Send,
    instances: Instances,
    rules: Rules,
    clock: Clock,
) -> Rehearsal:
    """Play one turn; `get` gives a node as the API server has it now. Never raises a Trouble."""
    played, there = Rehearsal(), tuple(nodes)

    async def imagined(call: Call) -> Reply:
        if not call.write:
            return await send(call)
        played.steps.append(call)
        return {}

    async def patch(_: Patch) -> None:
        """Nothing is told."""

    def tell(node: Node, kind: str, _reason: str, text: str) -> None:
        if kind == "Warning":
            played.warnings.append(f"{node.metadata.name}: {text}")

    site = Site(there.__iter__, get, patch, imagined, instances, tell, rules, clock)
    try:
        await Routes(site).reconcile(KEY)
    except Trouble as trouble:
        played.troubles = (trouble,)
    return played
