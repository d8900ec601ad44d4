"""What is there for one Service: as known, as the listing of the start says, or by a look of its own."""

from dataclasses import replace
from typing import Any

from yunqiao.controllers.services import record
from yunqiao.controllers.services.asked import Asked
from yunqiao.controllers.services.identity import Identity, has_finalizer
from yunqiao.controllers.services.known import Known
from yunqiao.controllers.services.provider import Provider
from yunqiao.controllers.services.site import Site
from yunqiao.model.balancer import Absent, Balancer
from yunqiao.model.cluster import Service


class Sighting:
    """Of one turn. `looked` says that the cloud was asked in this turn, so that what is known of it is fresh."""

    def __init__(self, site: Site, service: Service, provider: Provider, who: Identity, known: Known) -> None:
        self._site, self._service, self._provider = site, service, provider
        self._who, self._known = who, known
        self.looked = False

    async def seen(self, asked: Asked[Any]) -> Balancer | Absent | None:
        """What is there: as known, else as the listing of the start says, else by a look; None when that can wait."""
        if self._known.seen is not None and self._site.clock.now() < self._known.verify_at:
            return await self._provider.refresh(self._site.send, self._who, self._known.seen)
        if self._known.rests(self._site.clock.now()) and self._as_noted(asked, self._known.listed[0]):
            return None
        if not await self._first_look():
            return await self._look(())
        listed = self._known.listed
        if len(listed) == 1 and self._as_noted(asked, listed[0]):
            return None
        if not listed and not has_finalizer(self._service) and not self._who.asked:
            return Absent()
        return await self._look(listed)

    async def going(self) -> Balancer | Absent:
        """What is to go, as known where it is ours alone: what stays when we go must not keep a part of ours."""
        kept = self._known.seen
        return kept if kept is not None and self._who.holds(kept) else await self._found()

    def _as_noted(self, asked: Asked[Any], bare: Balancer) -> bool:
        """Whether the Service's note says that exactly what it wants now was applied to this balancer."""
        noted = record.read(self._service)
        if not self._site.trusts_records or noted.dirty or noted.balancer != bare.id or asked.parsed.problems:
            return False
        if self._who.asked != (bare.id if noted.borrowed else "") or asked.found.waits:
            return False
        wanted = self._provider.want(replace(asked, who=self._who.on(bare), noted=noted))
        return (noted.applied, noted.backends) == (record.applied(wanted), record.backends(wanted))

    async def _first_look(self) -> bool:
        """Whether this process meets the Service for the first time, and then what the listing of the start says."""
        listed = await self._site.directories[self._provider.name].first_look(self._who)
        if listed is not None:
            self._known.listed = listed
        return listed is not None

    async def _found(self) -> Balancer | Absent:
        await self._first_look()
        self.looked = True
        found = await self._provider.find(self._site.send, self._who, self._known.take_listed())
        return found if isinstance(found, Balancer) else self._known.looked(found, self._site.clock.now())

    async def _look(self, listed: tuple[Balancer, ...]) -> Balancer | Absent:
        self.looked = True
        return self._known.looked(await self._provider.see(self._site.send, self._who, listed), self._site.clock.now())
