"""How many calls were made, how did they end, how long did they take? A layer of Send that fills a plain registry.

The registry is numbers only; whoever serves /metrics turns it into text.
"""

from bisect import bisect_left
from dataclasses import dataclass, field

from yunqiao.cloud.layers import Layer
from yunqiao.model.clock import Clock
from yunqiao.model.errors import Trouble
from yunqiao.model.step import Call, Reply, Send

BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds (seconds) of the histogram's buckets; one more bucket holds what is slower."""


@dataclass(slots=True)
class Durations:
    """A histogram: `buckets[i]` calls took at most `BOUNDS[i]` seconds and more than the bound before."""

    count: int = 0
    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))

    def add(self, seconds: float) -> None:
        """Count one call."""
        self.count += 1
        self.seconds += seconds
        self.buckets[bisect_left(BOUNDS, seconds)] += 1


@dataclass(slots=True)
class CallMetrics:
    """Durations by (product, action, outcome): `ok`, the name of a Trouble, or `error` (a bug, a cancel)."""

    by_outcome: dict[tuple[str, str, str], Durations] = field(default_factory=dict)

    def add(self, call: Call, outcome: str, seconds: float) -> None:
        """Count one call."""
        key = (call.product, call.action, outcome)
        self.by_outcome.setdefault(key, Durations()).add(seconds)

    def count(self, action: str, outcome: str = "") -> int:
        """How many calls of `action` there were (with that outcome)."""
        return sum(
            durations.count
            for (_, name, end), durations in self.by_outcome.items()
            if name == action and outcome in {"", end}
        )


def metered(metrics: CallMetrics, clock: Clock) -> Layer:
    """Count every call and how long it took."""

    def layer(send: Send) -> Send:
        async def measure(call: Call) -> Reply:
            begun = clock.now()
            outcome = "error"
            try:
                reply = await send(call)
                outcome = "ok"
            except Trouble as trouble:
                outcome = type(trouble).__name__
                raise
            finally:
                metrics.add(call, outcome, clock.now() - begun)
            return reply

        return measure

    return layer
