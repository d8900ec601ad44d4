"""The story of nodes: who they are, what is written on them, and when they go; a hundred of them at a time."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from yunqiao.controllers.nodes.kinds import Kind, is_uninitialized, kind_of
from yunqiao.controllers.nodes.see import Sources, see, see_interfaces
from yunqiao.controllers.nodes.site import Site
from yunqiao.controllers.nodes.triggers import concerns
from yunqiao.controllers.nodes.turn import Turn
from yunqiao.engine.batches import Outcome
from yunqiao.engine.figures import Figure
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Lost, Trouble


class Nodes:
    """The story; a node's key is its name."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def noticed(self, old: Node | None, new: Node | None) -> bool:
        """Whether a change of a node is a reason to look at it: what we wrote ourselves is none."""
        if new is None:
            if old is not None:
                self._site.memory.forget(old.metadata.name)
            return False
        state = concerns(new)
        return (old is None or concerns(old) != state) and self._site.known(new).settled != state

    async def reconcile(self, names: Sequence[str]) -> Mapping[str, Outcome]:
        """Bring nodes to where they should be: seconds until each should come up again, or what went wrong with it.

        Whatever goes wrong with one of them is no other's outcome.
        """
        now = self._site.clock.now()
        nodes = [node for name in names if (node := self._site.get(name)) and not node.metadata.deletion_timestamp]
        rests: dict[str, Outcome] = {one.metadata.name: self._site.known(one).rest(one, now) for one in nodes}
        turns = [Turn(self._site, node) for node in nodes if not rests[node.metadata.name]]
        await self._judge(turns)
        ends = await asyncio.gather(*(turn.work() for turn in turns), return_exceptions=True)
        return rests | {turn.name: end for turn, end in zip(turns, ends, strict=True)}

    async def _judge(self, turns: Sequence[Turn]) -> None:
        """Look up for all of them together what each must know, and decide who each is."""
        asking = [turn for turn in turns if turn.asks]
        named = [turn.node for turn in asking if turn.kind is Kind.INSTANCE]
        unnamed = [turn.node for turn in asking if turn.kind is Kind.UNNAMED]
        doubtful = any(turn.known.missing is not None for turn in asking)
        witnesses = self._site.memory.witnesses() if doubtful else ()
        site = self._site
        sources = Sources(site.send, site.instances, site.rules, site.whereabouts, site.clock)
        first = {turn.name for turn in asking if turn.known.is_new or is_uninitialized(turn.node)}
        seen = await see(sources, named, unnamed, first, witnesses)
        for turn in turns:
            turn.judge(seen)
        if any(turn.joins for turn in turns):
            holders = self._site.holders()
            for turn in turns:
                turn.doubt(holders)
        ids = [one for turn in turns if (one := turn.unchecked)]
        await see_interfaces(self._site.send, self._site.rules, seen, ids)

    def report(self, name: str, trouble: Trouble) -> None:
        """Tell the node's owner what went wrong; what passes by itself, only while the node waits for it."""
        node = self._site.get(name)
        if node is not None and (not isinstance(trouble, Lost) or is_uninitialized(node)):
            meaning = f"{fault.action} {fault.code}" if (fault := trouble.fault) else ""  # each has its own RequestId
            self._site.tell_once(node, "Warning", "SyncNodeFailed", str(trouble), meaning)

    def figures(self) -> Iterable[Figure]:
        """How many nodes of each kind there are, and how many of them have lost their instance."""
        kinds = Counter(kind_of(node, self._site.rules.region) for node in self._site.all())
        for kind in Kind:
            yield Figure("yunqiao_nodes", "gauge", "Nodes by kind.", kinds[kind], {"kind": kind.value})
        missing = "Nodes whose ECS instance is not found."
        yield Figure("yunqiao_nodes_without_instance", "gauge", missing, self._site.memory.missing())
        withheld = "Nodes that are not deleted, because their instances may only be hidden from us."
        yield Figure("yunqiao_node_deletions_withheld", "gauge", withheld, self._site.memory.withheld())
