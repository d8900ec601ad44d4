"""Which backends may take new traffic: probes that really run, and the thresholds that turn them into a verdict.

One task watches each distinct (address, port, settings), however many listeners share it. A backend starts as
`unavailable`, the API's word for "no health check has completed", and takes nothing. Its first successful probe makes
it `normal`, so that a fresh backend serves at once; from then on the thresholds decide. Where checks are `patient`,
`healthy_threshold` probes are needed the first time as well, as on the cloud: what then is lost while backends change
places would be lost there. A backend whose check gets other settings keeps its state. The next probe starts
`interval` seconds after the last one ended, as in the detection window of
https://www.alibabacloud.com/help/en/slb/classic-load-balancer/user-guide/health-check-overview
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from yunsim.dataplane.engine import Backend, HealthCheck, Listener
from yunsim.dataplane.probes import probe

log = logging.getLogger(__name__)

State = Literal["normal", "abnormal", "unavailable"]
"""ServerHealthStatus of DescribeHealthStatus."""

CONCURRENT_PROBES = 256
"""Probes in flight at any time; more wait for their turn."""


@dataclass(slots=True)
class Health:
    """What is known of one backend.

    `streak` counts the latest probes that agree with one another against its state, `leaning` is what they say.

    `probed` is set once a first probe has ended, whatever its result.
    """

    check: HealthCheck
    state: State = "unavailable"
    patient: bool = False
    leaning: State = "unavailable"
    streak: int = 0
    probed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def accepts(self) -> bool:
        """Whether new traffic may go there. Without a health check it always may, though its state is not known."""
        return self.state == "normal" or self.check.kind == "off"

    @property
    def pending(self) -> bool:
        """Whether the first probe is still under way."""
        return self.check.kind != "off" and not self.probed.is_set()

    def record(self, passed: bool) -> bool:
        """Count one probe; True when the state changed."""
        self.probed.set()
        verdict: State = "normal" if passed else "abnormal"
        self.streak = 0 if verdict == self.state else self.streak + 1 if verdict == self.leaning else 1
        self.leaning = verdict
        if self.streak == 0 or self.streak < self._needed(passed):
            return False
        self.state, self.streak = verdict, 0
        return True

    def _needed(self, passed: bool) -> int:
        if self.state == "unavailable" and passed and not self.patient:
            return 1
        return self.check.healthy_threshold if passed else self.check.unhealthy_threshold


Watched = tuple[str, int, HealthCheck]
"""Address, port and settings of one probe."""


class HealthChecks:
    """All probes of a data plane."""

    def __init__(self, *, patient: bool = False) -> None:
        self._patient = patient
        self._uses: Counter[Watched] = Counter()
        self._health: dict[Watched, Health] = {}
        self._tasks: dict[Watched, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(CONCURRENT_PROBES)

    def watch(self, listeners: Iterable[Listener], instead_of: Iterable[Listener] | None = None) -> None:
        """Probe the backends of these listeners, and no longer those of others: `instead_of`, or all others (None).

        What was watched before keeps its history.
        """
        more = _uses(listeners)
        fewer = Counter(self._uses) if instead_of is None else _uses(instead_of)
        former = {watched[:2]: self._health[watched].state for watched in fewer if watched in self._health}
        self._uses.update(more)
        self._uses.subtract(fewer)
        for watched in fewer.keys() | more.keys():
            if self._uses[watched] <= 0:
                self._forget(watched)
            elif watched not in self._health:
                self._begin(watched, former.get(watched[:2], "unavailable"))

    def of(self, backend: Backend, check: HealthCheck) -> Health:
        """The health of a watched backend."""
        return self._health[_watched(backend, check)]

    async def close(self) -> None:
        """Stop probing."""
        tasks = list(self._tasks.values())
        self.watch(())
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, watched: Watched, state: State) -> None:
        self._health[watched] = Health(watched[2], state, self._patient)
        if watched[2].kind != "off":
            self._tasks[watched] = asyncio.create_task(self._run(watched, self._health[watched]))

    def _forget(self, watched: Watched) -> None:
        del self._uses[watched]
        self._health.pop(watched).probed.set()  # nobody shall wait for it any more
        if task := self._tasks.pop(watched, None):
            task.cancel()

    async def _run(self, watched: Watched, health: Health) -> None:
        address, port, check = watched
        while True:
            async with self._turns:
                passed = await probe(address, port, check)
            if health.record(passed):
                log.info("Backend %s:%d is now %s (%s check)", address, port, health.state, check.kind)
            await asyncio.sleep(check.interval)


def _uses(listeners: Iterable[Listener]) -> Counter[Watched]:
    """Count how many backends of how many listeners share each probe."""
    return Counter(_watched(backend, listener.health_check) for listener in listeners for backend in listener.backends)


def _watched(backend: Backend, check: HealthCheck) -> Watched:
    return backend.address, check.port or backend.port, check
