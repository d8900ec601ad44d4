"""Which network interface has an address? Asked once for all Services that wait together, 100 addresses a call."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address, ip_network

from yunqiao.cloud import ecs, vpc
from yunqiao.cloud.paging import chunks, every
from yunqiao.cloud.place import Whereabouts
from yunqiao.controllers.services.asked import Address, Findings, Interface
from yunqiao.model.clock import Clock
from yunqiao.model.step import Send

TOGETHER = 0.01
"""Seconds that the first address waits for others."""
RANGES_LAST = 600.0
"""Seconds for which the VPC's ranges are believed."""
SOONEST, LATEST = 2.0, 60.0
"""Seconds until an address without an interface is looked for again: as long as it has been missing, within these."""


@dataclass(slots=True)
class _Batch:
    """Addresses that will be asked for at once."""

    addresses: set[str] = field(default_factory=set)
    answer: "asyncio.Task[Mapping[str, Interface]] | None" = None


@dataclass(slots=True)
class Interfaces:
    """Finds interfaces. It remembers none: whoever uses an address keeps what was found for as long as it does."""

    send: Send
    region: str
    whereabouts: Whereabouts
    clock: Clock
    _open: _Batch = field(default_factory=_Batch)
    _ranges: tuple[float, Sequence[str]] = (float("-inf"), ())

    async def find(self, addresses: frozenset[Address], fading: frozenset[Address], before: Findings) -> Findings:
        """The findings on these addresses; what was known `before` is not asked again. Raises Refused, NotYet, Lost.

        A `fading` address that is not found is not missed.
        """
        wanted = addresses | fading
        known = {one: before.interfaces[one] for one in wanted if one in before.interfaces}
        outside = before.outside & addresses
        unknown = wanted - known.keys() - outside
        if not unknown:
            return Findings(interfaces=known, outside=outside)
        found = await self._ask({one.text for one in unknown})
        known |= {one: found[_plain(one.text)] for one in unknown if _plain(one.text) in found}
        lost = (unknown & addresses) - known.keys()
        beyond = await self._beyond(lost) if lost else frozenset()
        return self._told(known, outside | beyond, lost - beyond, before)

    def _told(
        self,
        known: Mapping[Address, Interface],
        outside: frozenset[Address],
        lost: frozenset[Address],
        before: Findings,
    ) -> Findings:
        now = self.clock.now()
        missing = {one: before.missing.get(one, now) for one in lost}
        waits = [min(max(now - since, SOONEST), LATEST) for since in missing.values()]
        return Findings(known, outside, missing, again_after=min(waits, default=None))

    async def _ask(self, addresses: set[str]) -> Mapping[str, Interface]:
        """Ask together with whoever asks now."""
        batch = self._open
        batch.addresses |= addresses
        if batch.answer is None:
            batch.answer = asyncio.create_task(self._later(batch), name="network interfaces")
        return await asyncio.shield(batch.answer)

    async def _later(self, batch: _Batch) -> Mapping[str, Interface]:
        await self.clock.sleep(TOGETHER)
        self._open = _Batch()
        calls = [
            self._look(part, ipv6)
            for ipv6 in (False, True)
            for part in chunks(sorted(one for one in batch.addresses if (":" in one) is ipv6), ecs.PER_CALL)
        ]
        return {address: one for part in await asyncio.gather(*calls) for address, one in part.items()}

    async def _look(self, addresses: Sequence[str], ipv6: bool) -> Mapping[str, Interface]:
        vpc_id = await self.whereabouts.vpc_id()
        ask = partial(ecs.describe_interfaces_by_ip, self.region, vpc_id, addresses, ipv6)
        found = await every(self.send, ask, ecs.read_interfaces)
        return {_plain(text): Interface(one.id, text) for one in found for text in (*one.private_ips, *one.ipv6)}

    async def _beyond(self, addresses: Iterable[Address]) -> frozenset[Address]:
        """Those that are not the VPC's."""
        ranges = [ip_network(one, strict=False) for one in await self._vpc_ranges()]
        return frozenset(
            one for one in addresses if not any(ip_address(one.text) in each for each in ranges)
        )  # fmt: skip

    async def _vpc_ranges(self) -> Sequence[str]:
        asked, ranges = self._ranges
        if self.clock.now() - asked >= RANGES_LAST:
            vpc_id = await self.whereabouts.vpc_id()
            found = vpc.read_vpc(await self.send(vpc.describe_vpc(self.region, vpc_id)))
            ranges = (*found.cidrs, *found.ipv6_cidrs)
            self._ranges = (self.clock.now(), ranges)
        return ranges


def _plain(address: str) -> str:
    """An IPv6 address has several spellings; this is the shortest."""
    return str(ip_address(address)) if ":" in address else address
