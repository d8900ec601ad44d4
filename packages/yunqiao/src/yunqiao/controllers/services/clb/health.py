"""Is there anybody healthy to take over? Asked only while that is in doubt, so in no ordinary turn.

A backend that this process has not known for long may be healthy all the same: one call tells it of all the backends
of a balancer.
"""

import logging
from collections.abc import Mapping

from yunqiao.cloud.clb import health
from yunqiao.controllers.services.ages import Place
from yunqiao.controllers.services.clb.plan_groups import in_doubt
from yunqiao.controllers.services.identity import Identity
from yunqiao.model.balancer import Backend, Balancer, Group
from yunqiao.model.errors import NotYet, Trouble
from yunqiao.model.step import Send

log = logging.getLogger(__name__)


async def healthy(send: Send, wanted: Balancer, seen: Balancer, who: Identity) -> frozenset[Place]:
    """The backends that are healthy for certain, as far as that matters now. Raises NotYet; other troubles wait."""
    doubtful = in_doubt(wanted, seen, who)
    if not doubtful:
        return frozenset()
    try:
        told = health.read(await send(health.describe(seen.id)))
    except NotYet:
        raise
    except Trouble as trouble:
        log.warning("%s; new backends of %s count as healthy after a while instead", trouble, seen.id)
        return frozenset()
    return frozenset(place for group in doubtful for place in _of(group, seen, told))


def _of(group: Group, seen: Balancer, told: tuple[health.Health, ...]) -> frozenset[Place]:
    """Those of one group that answer the checks of every listener that uses it."""
    slots = {one.slot for one in seen.listening if one.group == group.id}
    said: dict[tuple[str, str, int], set[str]] = {}
    for one in told:
        if one.slot in slots:
            said.setdefault((one.server_id, one.server_ip, one.port), set()).add(one.status)
    backends = group.backends if isinstance(group.backends, tuple) else ()
    return frozenset((group.id, one.identity) for one in backends if _says(said, one) == {"normal"})


def _says(said: Mapping[tuple[str, str, int], set[str]], one: Backend) -> set[str]:
    """By the id and address that were told; of an instance the address does not matter."""
    if one.type != "ecs":
        return said.get((one.server_id, one.server_ip, one.port), set())
    found = (status for key, status in said.items() if (key[0], key[2]) == (one.server_id, one.port))
    return set().union(*found)
