"""Why ask ten times for one thing each? A layer of Send: reads of one action that wait together become one call.

How an action's calls are joined and its answer is split is data of that action (see cloud/clb/merging.py), so whoever
looks at one balancer need not know that others are looked at as well.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from yunqiao.cloud.layers import Layer
from yunqiao.model.clock import Clock
from yunqiao.model.errors import NotYet, Trouble
from yunqiao.model.step import Call, Reply, Send

TOGETHER = 0.01
"""Seconds that a read waits for others of its kind."""


@dataclass(frozen=True, slots=True)
class Merging:
    """What one action allows: `most` calls in one. `join` makes the one, `split` gives each its part of the answer.

    `fits` says which calls may be joined; `whole` whether an answer holds everything (False: it has further pages).
    """

    most: int
    fits: Callable[[Call], bool]
    join: Callable[[Sequence[Call]], Call]
    whole: Callable[[Reply], bool]
    split: Callable[[Reply, Call], Reply]


@dataclass(slots=True)
class _Batch:
    """Calls that will be one, and the answer that all of them wait for; None: each has to ask alone."""

    calls: list[Call] = field(default_factory=list)
    answer: "asyncio.Task[Reply | None] | None" = None


def merged(actions: Mapping[str, Merging], clock: Clock) -> Layer:
    """Join what waits together; where the one call fails or is not whole, each is sent alone."""

    def layer(send: Send) -> Send:
        open_batches: dict[str, _Batch] = {}

        async def ask(call: Call) -> Reply:
            merging = actions.get(call.action)
            if merging is None or not merging.fits(call):
                return await send(call)
            batch = open_batches.setdefault(call.action, _Batch())
            batch.calls.append(call)
            if batch.answer is None:
                batch.answer = asyncio.create_task(later(call.action, batch, merging), name=f"merged {call.action}")
            if len(batch.calls) == merging.most:
                del open_batches[call.action]
            reply = await asyncio.shield(batch.answer)
            return await send(call) if reply is None else merging.split(reply, call)

        async def later(action: str, batch: _Batch, merging: Merging) -> Reply | None:
            await clock.sleep(TOGETHER)
            if open_batches.get(action) is batch:
                del open_batches[action]
            if len(batch.calls) == 1:
                return None
            try:
                reply = await send(merging.join(batch.calls))
            except NotYet:
                raise
            except Trouble:
                return None
            return reply if merging.whole(reply) else None

        return ask

    return layer
