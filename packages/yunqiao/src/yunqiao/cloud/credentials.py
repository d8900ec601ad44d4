"""Which access key signs the next call? The one that was found at the start, renewed well before it ends.

A Provider fetches a key (providers.py has them all). Credentials keeps the latest: one fetch at a time however many
callers wait, a new key at about 70 % of the old one's life, and the old one for as long as it is valid when the
fetch fails.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable

from yunqiao.cloud.sign import AccessKey

LOG = logging.getLogger(__name__)

Provider = Callable[[], Awaitable[AccessKey]]
"""Fetches a key; raises Refused (set up wrongly) or Lost (no answer)."""

LIFE = 0.7
JITTER = 0.05
"""A key is renewed at 65 to 75 % of its life, so that many controllers do not all ask at once."""

MARGIN = 60.0
"""Seconds before its end from which a key is not used any more: a call under way must still be accepted."""

AGAIN = 15.0
"""Seconds between two tries to renew a key that is still valid."""


class Credentials:
    """The key to sign with, always a valid one; `now` is Unix time in seconds, as in the keys' `expires`."""

    def __init__(
        self,
        provider: Provider,
        now: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._provider = provider
        self._now = now
        self._jitter = jitter
        self._key: AccessKey | None = None
        self._renew_at = float("inf")
        self._fetching: asyncio.Task[AccessKey] | None = None

    async def get(self) -> AccessKey:
        """Give a valid key; waits only for the very first one, or when the old one has ended."""
        key = self._key
        if key is None or _ended(key, self._now()):
            return await self._fetched()
        if self._now() >= self._renew_at:
            self._fetch()
        return key

    async def renewed(self, refused: AccessKey) -> AccessKey:
        """Give another key than `refused`, fetching one unless somebody already did; raises what the provider does."""
        if self._key is not None and self._key != refused:
            return self._key
        return await self._fetched()

    async def _fetched(self) -> AccessKey:
        # shield: one caller that gives up must not take the key away from the others
        return await asyncio.shield(self._fetch())

    def _fetch(self) -> asyncio.Task[AccessKey]:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._provider_call(), name="credentials")
            self._fetching.add_done_callback(self._done)
        return self._fetching

    async def _provider_call(self) -> AccessKey:
        return await self._provider()

    def _done(self, task: asyncio.Task[AccessKey]) -> None:
        self._fetching = None
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._keep(task.result())
            return
        self._renew_at = self._now() + AGAIN
        LOG.warning("no new access key: %s", error)

    def _keep(self, key: AccessKey) -> None:
        now = self._now()
        self._key = key
        share = LIFE + JITTER * (2 * self._jitter() - 1)
        self._renew_at = float("inf") if key.expires is None else now + share * (key.expires - now)


def _ended(key: AccessKey, now: float) -> bool:
    return key.expires is not None and now >= key.expires - MARGIN
