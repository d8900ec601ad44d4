"""How soon may the next change of routes be sent? The VPC works changes off one by one, and refuses others meanwhile.

How long it takes is not documented, so it is learnt from refusals: a new leader begins without a pause.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from yunqiao.cloud.codes import Throttled
from yunqiao.model.clock import Clock
from yunqiao.model.errors import NotYet
from yunqiao.model.step import Call, Reply, Send

FIRST, MOST = 1.0, 10.0
"""Seconds of the first pause that a refusal teaches, and of the longest; each further refusal makes it half as long
again."""
FORGOTTEN = 600.0
"""Seconds without a change after which nothing is believed any more: what made the last ones slow may be over."""
TRIES = 6
"""How often one change is sent before others than the VPC's own work are to blame."""


@dataclass(slots=True)
class Pace:
    """`pause` is how long a change is believed to take, `free_at` when the last one should be done (seconds)."""

    pause: float = 0.0
    free_at: float = float("-inf")

    async def settle(self, clock: Clock) -> None:
        """Wait until the last change should be done."""
        if (left := self.free_at - clock.now()) > 0:
            await clock.sleep(left)

    def over(self, send: Send, clock: Clock) -> Callable[[Call], Awaitable[Reply]]:
        """Send changes one after the other. Raises what `send` raises; NotYet when waiting did not help."""

        async def paced(call: Call) -> Reply:
            if clock.now() - self.free_at > FORGOTTEN:
                self.pause = 0.0
            for left in reversed(range(TRIES)):
                await self.settle(clock)
                try:
                    return await send(call)
                except NotYet as trouble:
                    if not left or isinstance(trouble, Throttled):
                        raise
                    self.pause = min(MOST, self.pause * 1.5 or FIRST)
                finally:
                    self.free_at = clock.now() + self.pause
            raise AssertionError("the last try returns or raises")

        return paced
