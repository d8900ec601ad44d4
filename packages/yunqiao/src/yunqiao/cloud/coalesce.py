"""Why ask twice at once? A layer of Send: identical reads at the same time share one answer.

Nobody is given an answer from before a write of ours: once a write has ended, reads under way are not joined any more.
A caller that gives up does not end the read for the others; when all have given up, it is cancelled.
"""

import asyncio
from collections.abc import Hashable

from yunqiao.cloud.layers import Layer, is_read
from yunqiao.model.step import Call, Reply, Send


class _Shared:
    """A read under way and how many wait for it."""

    def __init__(self, task: asyncio.Task[Reply]) -> None:
        self._task = task
        self._waiting = 0

    async def answer(self) -> Reply:
        self._waiting += 1
        try:
            return await asyncio.shield(self._task)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._task.cancel()


def coalesced() -> Layer:
    """Let identical concurrent reads share one answer; the answer must not be changed by who gets it."""

    def layer(send: Send) -> Send:
        shared: dict[Hashable, _Shared] = {}

        async def ask(call: Call) -> Reply:
            return await send(call)

        async def share(call: Call) -> Reply:
            if not is_read(call):
                try:
                    return await send(call)
                finally:
                    shared.clear()
            key = (call.product, call.action, frozenset(call.params.items()))
            reading = shared.get(key)
            if reading is None:
                reading = shared[key] = _Shared(asyncio.create_task(ask(call), name=f"read {call.action}"))
            try:
                return await reading.answer()
            finally:
                if shared.get(key) is reading:
                    del shared[key]

        return share

    return layer
