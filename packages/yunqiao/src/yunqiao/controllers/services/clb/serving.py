"""When does a pod that waits for its balancer get traffic? When the backend that reaches it is healthy for certain."""

from collections.abc import Iterator, Mapping

from yunqiao.controllers.services.asked import Asked
from yunqiao.controllers.services.clb.backends import Crew, reference
from yunqiao.controllers.services.clb.options import Options
from yunqiao.controllers.services.clb.plan_groups import chosen
from yunqiao.controllers.services.clb.turnover import NEVER, window_of
from yunqiao.model.balancer import Balancer, Group
from yunqiao.model.cluster import ServicePort


def serving(asked: Asked[Options], seen: Balancer) -> Mapping[str, float]:
    """For each pod (by UID) that is done but for us: seconds until it gets traffic, 0 when it does."""
    crew = Crew(asked)
    waits = {uid: 0.0 for uid in asked.found.gated if asked.found.admits(uid)}
    for port in asked.snapshot.service.spec.ports if waits else ():
        group = chosen(seen, reference(asked, port))
        for uid, wait in _waits(crew, port, group, window_of(seen, group.id) if group else NEVER):
            if uid in waits:
                waits[uid] = max(waits[uid], wait)
    return waits


def _waits(crew: Crew, port: ServicePort, group: Group | None, window: float) -> Iterator[tuple[str, float]]:
    """For each pod of a port: how long its backend still needs; in Cluster mode any backend leads to it."""
    there = group.backends if group is not None and isinstance(group.backends, tuple) else ()
    ages = {one.identity: one.age for one in there}
    anywhere = max(ages.values(), default=-NEVER)
    for pod, backend in crew.ways(port):
        age = anywhere if backend is None else ages.get(backend.identity, -NEVER)
        yield pod, max(0.0, window - age)
