"""What joins the cloud's state to its traffic: after every change the engine is told which listeners should run.

A change names what it changed, and only the listeners of that balancer are looked at again.
"""

import asyncio
import logging
from collections import defaultdict
from contextlib import suppress

from yunsim.dataplane.engine import Engine, ListenerKey
from yunsim.products.slb.traffic import wanted
from yunsim.world import World

_log = logging.getLogger(__name__)
_ANYTHING = ""
"""What a change is noted as that may concern every listener."""


class Carrying:
    """Keeps an engine in step with a world, from `start` to `close`. Changes that come together are applied once."""

    def __init__(self, world: World, engine: Engine) -> None:
        self.engine = engine
        self._world = world
        self._changed: set[str] = set()
        self._running: dict[str, set[ListenerKey]] = {}
        self._noted = 0
        self._applied = 0
        self._news = asyncio.Event()
        self._step = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to follow the world, and let it answer health from the engine."""
        self._world.on_change.append(self._note)
        self._world.health = self.engine.health
        self._task = asyncio.create_task(self._follow())
        self._note(_ANYTHING)

    async def settled(self) -> None:
        """Wait until the engine has taken what was changed so far."""
        noted = self._noted
        async with self._step:
            await self._step.wait_for(lambda: self._applied >= noted)

    async def close(self) -> None:
        """Stop following, and stop all traffic."""
        if self._task is not None:
            self._world.on_change.remove(self._note)
            self._world.health = None
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self.engine.close()

    def _note(self, resource_id: str) -> None:
        self._changed.add(resource_id)
        self._noted += 1
        self._news.set()

    async def _follow(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            noted, changed = self._noted, self._changed
            self._changed = set()
            try:
                await self._carry(changed)
            except Exception:
                _log.exception("the data plane could not take a change; it is tried again with the next one")
                self._changed.add(_ANYTHING)
            async with self._step:
                self._applied = noted
                self._step.notify_all()

    async def _carry(self, changed: set[str]) -> None:
        whole = _ANYTHING in changed
        listeners = wanted(self._world, None if whole else changed)
        now: dict[str, set[ListenerKey]] = defaultdict(set)
        for one in listeners:
            now[one.load_balancer_id].add((one.load_balancer_id, one.protocol, one.port))
        if whole:
            self._running = {}
            await self.engine.apply(listeners)
        else:
            gone = {key for one in changed for key in self._running.pop(one, set()) - now[one]}
            await self.engine.change(gone, listeners)
        self._running |= {balancer_id: keys for balancer_id, keys in now.items() if keys}
