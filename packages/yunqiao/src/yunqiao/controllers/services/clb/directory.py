"""All balancers of the region, listed once at the start: pages of 100 instead of a search for each Service.

The listing answers for a Service only once, the first time that this process meets it. From then on the process knows
better than a listing of its start: what it did itself, or else a look of its own.
"""

import asyncio
from collections import defaultdict

from yunqiao.cloud.clb import instances
from yunqiao.controllers.services.identity import OWNER_TAG, Identity
from yunqiao.model.balancer import Balancer
from yunqiao.model.step import Send


class Directory:
    """The region's balancers by ownership tag, the untagged ones by name, and all by id; without their parts."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._listed: dict[str, list[Balancer]] | None = None
        self._by_id: dict[str, Balancer] = {}
        self._listing = asyncio.Lock()
        self._met: set[str] = set()

    async def first_look(self, who: Identity) -> tuple[Balancer, ...] | None:
        """What carried this Service's mark at the start; None when it was asked for before. Raises Lost, NotYet ..."""
        async with self._listing:
            if self._listed is None:
                self._listed = await self._list()
        if who.uid in self._met:
            return None
        self._met.add(who.uid)
        ours = tuple(one for one in self._listed.pop(who.name, ()) if who.holds(one))
        named = [self._by_id[one] for one in (who.borrowed, who.asked) if one in self._by_id]
        return ours or tuple(named[:1])

    async def _list(self) -> dict[str, list[Balancer]]:
        found: defaultdict[str, list[Balancer]] = defaultdict(list)
        page, more = 1, True
        while more:
            items, more = instances.read_list(await self._send(instances.list_all(page)))
            for one in items:
                self._by_id[one.id] = one
                found[one.tags.get(OWNER_TAG) or one.attributes.get("LoadBalancerName", "")].append(one)
            page += 1
        return found
