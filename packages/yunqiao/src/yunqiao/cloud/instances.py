"""What ECS says of instances: asked once for all controllers, a hundred a call, and kept for whoever asks next.

A refusal that one id may have caused (it is none) is traced to that id by asking for halves; what concerns all of them
alike (permission, throttling, network) is not asked again and again.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from yunqiao.cloud import ecs
from yunqiao.cloud.codes import about_the_question
from yunqiao.cloud.paging import chunks, every
from yunqiao.model.clock import Clock
from yunqiao.model.errors import Trouble
from yunqiao.model.instance import Instance
from yunqiao.model.step import Send

TOGETHER = 0.01
"""Seconds that the first id waits for others."""
ABSENT_FOR = 2.0
"""Seconds for which what was not shown is taken to be not there: an instance that has just been made may come late."""
KEPT = 7200.0
"""Seconds for which an answer is kept."""
MOST_PARTINGS = 16
"""More than two culprits among a hundred need; beyond that it is not one id's fault."""
EVER = float("-inf")

Answer = Instance | Trouble | None
"""An instance, None where ECS shows none, or what kept it from being asked."""


@dataclass(slots=True)
class _Batch:
    """Ids that are asked for at once, since when."""

    since: float
    ids: set[str] = field(default_factory=set)
    answers: "asyncio.Task[Mapping[str, Answer]] | None" = None
    partings: int = 0


@dataclass(slots=True)
class Instances:
    """The instances of a region."""

    send: Send
    region: str
    clock: Clock
    _told: dict[str, tuple[float, Instance | None]] = field(default_factory=dict)
    _asking: dict[str, _Batch] = field(default_factory=dict)
    _open: _Batch | None = None

    async def find(self, ids: Iterable[str], since: float = EVER) -> dict[str, Answer]:
        """What ECS says of each; what was asked before `since` (seconds on the clock) is asked again."""
        wanted = frozenset(ids)
        known: dict[str, Answer] = {one: self._told[one][1] for one in wanted if self._is_fresh(one, since)}
        batches = {id(batch): batch for one in wanted - known.keys() for batch in (self._batch(one, since),)}
        for batch in list(batches.values()):
            if batch.answers is not None:
                answers = await asyncio.shield(batch.answers)
                known |= {one: answers[one] for one in wanted & answers.keys()}
        return known

    def _is_fresh(self, one: str, since: float) -> bool:
        asked, instance = self._told.get(one, (EVER, None))
        return asked >= (since if instance is not None else max(since, self.clock.now() - ABSENT_FOR))

    def _batch(self, one: str, since: float) -> _Batch:
        """The batch that asks for this id: one on its way if it is new enough, else the one that gathers."""
        flying = self._asking.get(one)
        if flying is not None and flying.since >= since:
            return flying
        if self._open is None or self._open.since < since:
            self._open = _Batch(self.clock.now())
            self._open.answers = asyncio.create_task(self._ask(self._open), name="instances")
        self._open.ids.add(one)
        self._asking[one] = self._open
        return self._open

    async def _ask(self, batch: _Batch) -> Mapping[str, Answer]:
        await self.clock.sleep(TOGETHER)
        if self._open is batch:
            self._open = None
        parts = chunks(sorted(batch.ids), ecs.PER_CALL)
        try:
            found = await asyncio.gather(*(self._attempt(batch, part) for part in parts))
        finally:
            self._asking = {one: other for one, other in self._asking.items() if other is not batch}
        answers = {one: answer for part in found for one, answer in part.items()}
        self._keep(batch.since, answers)
        return answers

    async def _attempt(self, batch: _Batch, ids: Sequence[str]) -> Mapping[str, Answer]:
        try:
            told = await every(self.send, partial(ecs.describe_instances, self.region, ids), ecs.read_instances)
        except Trouble as trouble:
            if len(ids) == 1 or batch.partings >= MOST_PARTINGS or not about_the_question(trouble):
                return dict.fromkeys(ids, trouble)
            batch.partings += 1
            middle = len(ids) // 2
            return {**await self._attempt(batch, ids[:middle]), **await self._attempt(batch, ids[middle:])}
        return dict.fromkeys(ids) | {one.id: one for one in told if one.id in ids}

    def _keep(self, asked: float, answers: Mapping[str, Answer]) -> None:
        """Keep what was told; what is older or so old that nobody can need it is forgotten."""
        for one, answer in answers.items():
            if not isinstance(answer, Trouble) and self._told.get(one, (EVER, None))[0] <= asked:
                self._told[one] = (asked, answer)
        oldest = self.clock.now() - KEPT
        self._told = {one: told for one, told in self._told.items() if told[0] >= oldest}
