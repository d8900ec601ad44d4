"""Which copy of us leads: one that holds every lock, renews them, and stops in time when it cannot.

Others may take a lock when they have seen no renewal for its whole duration. So we stop leading `renew_deadline` after
the start of our last renewal, by a monotonic clock, whatever the API server does, and that is earlier.
The scheme and its records are client-go's (k8s.io/client-go/tools/leaderelection), so we and it exclude each other.
"""

import asyncio
import logging
import random
import socket
import uuid
from collections.abc import Awaitable, Callable, Sequence

from yunqiao.kube.claim import USUAL, Claim, Terms
from yunqiao.kube.lock import LeaseLock, Lock, Store
from yunqiao.model.clock import Clock
from yunqiao.model.errors import Stale, Trouble

log = logging.getLogger(__name__)


class LeadershipLost(Exception):
    """We led and may lead no longer; the process must end, so that nothing of it writes beside the next leader."""


def new_identity() -> str:
    """Give `<hostname>_<uuid>`: no two processes share it, and people see where the leader runs."""
    return f"{socket.gethostname()}_{uuid.uuid4()}"


class Election:
    """One candidate. Give it a `store` of its own (a Client with no rate limit and a short timeout).

    `leading` is true from winning until `lead` has ended. `after_ours` says whether the leader before us was a yunqiao,
    and not another controller that holds the same locks: only then is what it recorded known to be ours.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        locks: Sequence[Lock] = (LeaseLock(),),
        namespace: str = "kube-system",
        name: str = "ccm",
        identity: str = "",
        terms: Terms = USUAL,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.identity = identity or new_identity()
        self._clock, self._terms, self._jitter = clock, terms, jitter
        self._claims = [Claim(store, lock, (namespace, name), self.identity, terms, clock) for lock in locks]
        self._renewed = float("-inf")
        self.leading = False

    @property
    def after_ours(self) -> bool:
        """Whether all locks were last held by a yunqiao."""
        return all(claim.after_ours for claim in self._claims)

    async def run(self, lead: Callable[[], Awaitable[None]]) -> None:
        """Wait until we lead, then run `lead` for as long as we do.

        Returns when `lead` does; raises what it raises; raises LeadershipLost when the locks could not be kept, with
        `lead` cancelled before. Cancel it to step down: `lead` is cancelled, the locks are kept until it has ended.
        Whatever we still hold when `lead` has ended is released; nothing is while it still runs.
        """
        try:
            await self._win()
            await self._lead(lead)
        finally:
            if not self.leading:
                await self._release()

    async def _win(self) -> None:
        log.info("waiting to lead as %s", self.identity)
        while not await self._attempt(self._terms.renew):
            await self._clock.sleep(self._terms.retry * (1 + self._jitter() / 5))
        log.info("leading as %s", self.identity)

    async def _lead(self, lead: Callable[[], Awaitable[None]]) -> None:
        self.leading = True
        work, keep = asyncio.ensure_future(lead()), asyncio.ensure_future(self._keep())
        try:
            await asyncio.wait({work, keep}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._stop(work)
            keep.cancel()
            self.leading = not work.done()
        if keep.done() and not keep.cancelled():
            keep.result()
        await work

    async def _stop(self, work: "asyncio.Future[None]") -> None:
        """Cancel the work and wait for its end, at most until the lease that covers it is over."""
        work.cancel()
        while not work.done() and (left := self._renewed + self._terms.lease - self._clock.now()) > 0:
            over = asyncio.ensure_future(self._clock.sleep(left))
            await asyncio.wait({work, over}, return_when=asyncio.FIRST_COMPLETED)
            over.cancel()

    async def _keep(self) -> None:
        """Renew until that fails for `renew` seconds. Raises LeadershipLost."""
        while (left := self._renewed + self._terms.renew - self._clock.now()) > 0:
            await self._clock.sleep(min(left, self._terms.retry))
            left = self._renewed + self._terms.renew - self._clock.now()
            if left > 0 and not await self._attempt(left):
                for claim in self._claims:
                    if claim.holder not in ("", self.identity):
                        raise LeadershipLost(f"{claim} is held by {claim.holder} now")
        raise LeadershipLost(f"the locks could not be renewed for {self._terms.renew:g} s")

    async def _attempt(self, seconds: float) -> bool:
        """Try to hold every lock within `seconds`; whether that succeeded."""
        started = self._clock.now()
        attempt = asyncio.ensure_future(self._hold_all())
        over = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({attempt, over}, return_when=asyncio.FIRST_COMPLETED)
            held = attempt.done() and attempt.result()
        except Trouble as trouble:
            log.warning("election: %s", trouble)
            held = False
        finally:
            attempt.cancel()
            over.cancel()
        if held:
            self._renewed = started
        return held

    async def _hold_all(self) -> bool:
        """In order, so that two candidates never hold one lock each."""
        for claim in self._claims:
            if not await claim.hold():
                return False
        return True

    async def _release(self) -> None:
        """Give the locks back, last first; what the API server says of it matters no more."""
        over = asyncio.ensure_future(self._clock.sleep(self._terms.retry))
        giving = asyncio.ensure_future(self._release_all())
        await asyncio.wait({giving, over}, return_when=asyncio.FIRST_COMPLETED)
        for task in (giving, over):
            task.cancel()

    async def _release_all(self) -> None:
        for claim in reversed(self._claims):
            try:
                await self._release_one(claim)
            except Trouble as trouble:
                log.warning("releasing %s: %s", claim, trouble)

    async def _release_one(self, claim: Claim) -> None:
        """Once more when a renewal that was under way came in between."""
        try:
            await claim.release()
        except Stale:
            await claim.release()
