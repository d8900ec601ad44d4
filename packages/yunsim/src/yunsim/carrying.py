"""What joins the cloud's state to its traffic: after every change the engine is told which listeners should run."""

import asyncio
import logging
from contextlib import suppress

from yunsim.dataplane.engine import Engine
from yunsim.products.slb.traffic import wanted
from yunsim.world import World

_log = logging.getLogger(__name__)


class Carrying:
    """Keeps an engine in step with a world, from `start` to `close`. Changes that come together are applied once."""

    def __init__(self, world: World, engine: Engine) -> None:
        self.engine = engine
        self._world = world
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
        self._note()

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

    def _note(self) -> None:
        self._noted += 1
        self._news.set()

    async def _follow(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            noted = self._noted
            try:
                await self.engine.apply(wanted(self._world))
            except Exception:
                _log.exception("the data plane could not take a change; it is tried again with the next one")
            async with self._step:
                self._applied = noted
                self._step.notify_all()
