"""What would be done about some Services: rehearsed side by side, summed up in one exit code."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from yunqiao.controllers.services.effects import Effect
from yunqiao.controllers.services.rehearsal import Rehearsal, Stage, rehearse
from yunqiao.model.snapshot import Snapshot

NOTHING, FAILED, CHANGES, INTERRUPTIONS = 0, 1, 3, 4
EXIT_CODES = """exit status:
  0  nothing to do
  1  something could not be found out, or a wish cannot be fulfilled
  2  wrong command line
  3  changes, none of which interrupts a listener
  4  changes that interrupt a listener or lose the address
"""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Some Services as rehearsed; `allocated` has stand-ins for what the API server allocates, `skipped` the rest."""

    rehearsals: Sequence[Rehearsal]
    allocated: Mapping[str, str] = field(default_factory=dict)
    skipped: Sequence[str] = ()

    @property
    def exit_code(self) -> int:
        """The worst of all Services, as EXIT_CODES says."""
        codes = [exit_code(one) for one in self.rehearsals]
        return next((code for code in (FAILED, INTERRUPTIONS, CHANGES) if code in codes), NOTHING)


def exit_code(one: Rehearsal) -> int:
    """Of one Service. A plan that interrupts is told as one even when another wish of it is in vain."""
    if one.trouble is None and one.effect >= Effect.INTERRUPTS:
        return INTERRUPTIONS
    if one.trouble is not None or one.problems:
        return FAILED
    return CHANGES if one.acts or one.patches else NOTHING


async def rehearsed(snapshots: Iterable[Snapshot], stage: Stage, at_once: int) -> tuple[Rehearsal, ...]:
    """All of them, so many at a time, in the order given."""
    turns = asyncio.Semaphore(at_once)

    async def one(snapshot: Snapshot) -> Rehearsal:
        async with turns:
            return await rehearse(snapshot, stage)

    return tuple(await asyncio.gather(*map(one, snapshots)))
