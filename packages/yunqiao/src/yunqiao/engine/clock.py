"""The real clock, monotonic, given to everything that waits; tests give one that moves at will."""

import asyncio
import time


class MonotonicClock:
    """A model.clock.Clock that never jumps when somebody sets the machine's date."""

    def now(self) -> float:
        """Seconds since an arbitrary start; only differences mean anything."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Come back after `seconds` (at once when it is not positive)."""
        await asyncio.sleep(max(0.0, seconds))
