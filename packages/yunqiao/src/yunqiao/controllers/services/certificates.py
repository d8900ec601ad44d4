"""When do server certificates end? One list of the region's answers for all Services, and is kept for some minutes."""

import asyncio
from collections.abc import Mapping

from yunqiao.cloud.clb import certificates
from yunqiao.model.clock import Clock
from yunqiao.model.errors import Refused, Trouble
from yunqiao.model.step import Send

KEPT = 300.0
"""Seconds for which a list is good, unless it lacks one that is named: that one may have been made since."""


class Certificates:
    """The ends of the region's server certificates, as far as anybody has asked."""

    def __init__(self, send: Send, clock: Clock) -> None:
        self._send, self._clock = send, clock
        self._ends: Mapping[str, float] | None = None
        self._since, self._begun = float("-inf"), 0
        self._listing = asyncio.Lock()

    async def ends(self, ids: frozenset[str]) -> Mapping[str, float] | None:
        """The end of each certificate (seconds since 1970) by its id; None when nobody could tell.

        In trouble an older list is better than none. Raises Lost, NotYet when there is none at all.
        """
        if not ids:
            return None
        before = self._begun
        async with self._listing:
            if self._begun == before and not self._is_good(ids):
                await self._ask()
        return self._ends

    def _is_good(self, ids: frozenset[str]) -> bool:
        known = self._ends is not None and ids <= self._ends.keys()
        return known and self._clock.now() - self._since < KEPT

    async def _ask(self) -> None:
        self._begun += 1
        try:
            self._ends = certificates.read_ends(await self._send(certificates.list_certificates()))
        except Trouble as trouble:
            if self._ends is None and not isinstance(trouble, Refused):
                raise
        self._since = self._clock.now()
