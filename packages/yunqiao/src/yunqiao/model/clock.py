"""Time as an argument: whoever needs to know or to wait is given a Clock."""

from typing import Protocol


class Clock(Protocol):
    """The engine's view of time; tests give one that moves at will."""

    def now(self) -> float:
        """Seconds on a monotonic scale; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Come back after `seconds` (at once when it is not positive)."""
        ...
