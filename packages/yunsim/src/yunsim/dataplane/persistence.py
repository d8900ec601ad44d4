"""Which backend a TCP client's address had last, for as long as its listener keeps that in mind.

The time begins anew with every connection of the client; with a timeout of 0 nothing is kept.
"""

from dataclasses import dataclass, field

from yunsim.dataplane.pool import Target


@dataclass(slots=True)
class Persistence:
    """The memory of one listener: `timeout` in seconds, times as of the loop's clock."""

    timeout: float = 0.0
    _last: dict[str, tuple[Target, float]] = field(default_factory=dict)

    def recall(self, client: str, now: float) -> Target | None:
        """The backend that this address had, unless too long ago; whether it still accepts is the caller's to ask."""
        target, since = self._last.get(client, (None, 0.0))
        return target if now - since < self.timeout else None

    def remember(self, client: str, target: Target, now: float) -> None:
        """Keep which backend took a connection, and forget what is too old: the eldest come first."""
        self._last.pop(client, None)
        self._last[client] = (target, now)
        while self._last and now - next(iter(self._last.values()))[1] >= self.timeout:
            del self._last[next(iter(self._last))]
