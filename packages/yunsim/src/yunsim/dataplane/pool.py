"""Who takes the next connection of one listener.

Unhealthy backends and those of weight 0 take nothing new. When nobody is left, nobody is asked: the cloud's pages know
no fall-back to unhealthy servers (a 502 of a layer-7 listener is explained by failed health checks,
https://www.alibabacloud.com/help/faq-detail/55207.htm). Connections that exist stay where they are: a backend that
leaves keeps its established ones until they end, or, with connection draining, until its time is over.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from yunsim.dataplane.engine import Backend, HealthCheck, Listener
from yunsim.dataplane.hashing import draw
from yunsim.dataplane.health import Health


@dataclass(slots=True, eq=False)
class Target:
    """A backend in use: `active` counts its connections, `credit` its claim to the next turn.

    `leaving_since` is when it was removed or got weight 0 (monotonic clock); None while it takes part.
    """

    backend: Backend
    health: Health
    active: int = 0
    credit: int = 0
    leaving_since: float | None = None

    @property
    def accepts(self) -> bool:
        """Whether it may be given something new."""
        return self.leaving_since is None and self.health.accepts

    def take_part(self, backend: Backend, health: Health) -> None:
        """Follow a changed weight and health check."""
        self.backend, self.health = backend, health
        if backend.weight > 0:
            self.leaving_since = None
        else:
            self.leave()

    def leave(self) -> None:
        """Take nothing new from now on."""
        if self.leaving_since is None:
            self.leaving_since = time.monotonic()

    def drained(self, now: float, timeout: float | None) -> bool:
        """Whether its connections have had their time (seconds; None: as long as they like)."""
        return timeout is not None and self.leaving_since is not None and now - self.leaving_since >= timeout


Scheduler = Callable[[Sequence[Target], bytes], Target]
"""Picks one of at least one target; the bytes are what is hashed of the client, if anything."""


class Pool:
    """The backends of one listener."""

    def __init__(self) -> None:
        self.targets: list[Target] = []
        self._pick: Scheduler = round_robin

    def assign(self, listener: Listener, health_of: Callable[[Backend, HealthCheck], Health]) -> None:
        """Take over the listener's backends, weights and scheduler; who stays keeps its count of connections.

        Turns begin anew when anybody's share has changed: claims of other weights would make one wait too long.
        """
        shares = self._shares()
        known = {_identity(target.backend): target for target in self.targets}
        self._pick = SCHEDULERS[listener.scheduler]
        self.targets = []
        for backend in listener.backends:
            health = health_of(backend, listener.health_check)
            target = known.get(_identity(backend)) or Target(backend, health)
            target.take_part(backend, health)
            self.targets.append(target)
        for gone in set(known.values()).difference(self.targets):
            gone.leave()
        if self._shares() != shares:
            for target in self.targets:
                target.credit = 0

    def _shares(self) -> tuple[Scheduler, list[Backend]]:
        return self._pick, [target.backend for target in self.targets]

    def choose(self, tried: Collection[Target] = (), client: bytes = b"") -> Target | None:
        """The target whose turn it is, leaving out those already tried; None when nobody takes anything new."""
        ready = [target for target in self.targets if target.accepts and target not in tried]
        return self._pick(ready, client) if ready else None

    async def wait(self, tried: Collection[Target], seconds: float, client: bytes = b"") -> Target | None:
        """Like choose; but while first probes are under way and nobody is ready yet, wait some seconds for them.

        A client of the cloud meets the same wait: its unanswered SYN is sent again.
        """
        while not (target := self.choose(tried, client)) and (pending := self._pending()):
            if not await _any_probed(pending, seconds):
                return None
        return target

    def _pending(self) -> list[Health]:
        return [target.health for target in self.targets if target.health.pending and target.backend.weight > 0]


async def _any_probed(pending: Sequence[Health], seconds: float) -> bool:
    waiting = [asyncio.ensure_future(health.probed.wait()) for health in pending]
    try:
        done, _ = await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for future in waiting:
            future.cancel()
    return bool(done)


def _identity(backend: Backend) -> tuple[str, str, int]:
    return backend.key, backend.address, backend.port


def round_robin(ready: Sequence[Target], _client: bytes) -> Target:
    """Each in turn, whatever the weight."""
    return _turn(ready, lambda _: 1)


def weighted_round_robin(ready: Sequence[Target], _client: bytes) -> Target:
    """In proportion to the weights and evenly interleaved: 3 and 1 give a, a, b, a."""
    return _turn(ready, lambda target: target.backend.weight)


def weighted_least_connections(ready: Sequence[Target], client: bytes) -> Target:
    """The fewest active connections for its weight; equals take weighted turns."""
    least = min(target.active / target.backend.weight for target in ready)
    idle = [target for target in ready if target.active / target.backend.weight == least]
    return weighted_round_robin(idle, client)


def consistent_hash(ready: Sequence[Target], client: bytes) -> Target:
    """Always the same for the same client, as long as it is there."""
    return max(ready, key=lambda target: draw(client, target.backend))


def _turn(ready: Sequence[Target], share: Callable[[Target], int]) -> Target:
    """Every target earns its share, the richest is chosen and pays for the whole round."""
    total = 0
    for target in ready:
        target.credit += share(target)
        total += share(target)
    chosen = max(ready, key=lambda target: target.credit)
    chosen.credit -= total
    return chosen


SCHEDULERS: dict[str, Scheduler] = {
    "rr": round_robin,
    "wrr": weighted_round_robin,
    "wlc": weighted_least_connections,
    "sch": consistent_hash,
    "tch": consistent_hash,
    "qch": consistent_hash,
}
