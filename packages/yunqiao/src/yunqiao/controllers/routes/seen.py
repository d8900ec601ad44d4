"""Route tables as seen, and what the answers of the cloud teach. Pure.

A table is known as a whole or not at all; single ranges of it become `unclear` when something was written there, since
the cloud works that off later, or when it contradicted what we believed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from yunqiao.cloud import vpc
from yunqiao.cloud.codes import about_the_question, outcome
from yunqiao.cloud.vpc import FailedRoute
from yunqiao.model.errors import Fault, NotYet, Stale, Trouble
from yunqiao.model.route import Route, canonical
from yunqiao.model.step import Call, Reply

COMING = "Pending"
"""The state of an entry whose making was accepted."""
BUSY_AGAIN = 5.0
DOUBT_AGAIN = 10.0
REFUSED_AGAIN = 300.0
"""Seconds until a write is tried again: in a table that is busy; after "it exists already" of one that is not to be
seen; after a clear refusal."""

Key = tuple[str, str, str]
"""An entry: table id, range, instance id."""
Spot = tuple[str, str]
"""A range in a table."""


@dataclass(frozen=True, slots=True)
class Table:
    """Entries by range. `full` is a table that took no more; `problem` says why it cannot be used at all."""

    routes: Mapping[str, Route] = field(default_factory=dict)
    full: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an entry is not written before `until`; without `text` it is only not its time yet."""

    until: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """Tables by id. `portions` has the size of the batches that entries may be written in after one was refused."""

    tables: Mapping[str, Table] = field(default_factory=dict)
    refusals: Mapping[Key, Refusal] = field(default_factory=dict)
    portions: Mapping[Key, int] = field(default_factory=dict)
    unclear: frozenset[Spot] = frozenset()


def by_range(routes: Iterable[Route]) -> Mapping[str, Route]:
    """Entries by range; of one with several next hops any, as it is `shared`."""
    return {canonical(route.cidr): replace(route, cidr=canonical(route.cidr)) for route in routes}


def looked(seen: Seen, table_id: str, routes: Iterable[Route], ranges: frozenset[str] | None = None) -> Seen:
    """What is known after a look at a whole table, or at some ranges of it."""
    found = by_range(routes)
    old = seen.tables.get(table_id, Table())
    if ranges is not None:
        found = {cidr: route for cidr, route in old.routes.items() if cidr not in ranges} | dict(found)
    table = Table(found, full=old.full and ranges is not None)
    unclear = {one for one in seen.unclear if one[0] != table_id or (ranges is not None and one[1] not in ranges)}
    return replace(seen, tables={**seen.tables, table_id: table}, unclear=frozenset(unclear))


def fold(seen: Seen, call: Call, reply: Reply, now: float) -> Seen:
    """What is known after the answer to a batch, each entry judged by itself."""
    failed = {(canonical(one.cidr), one.next_hop): one for one in vpc.read_failed_routes(reply)}
    done: list[Route] = []
    for route in vpc.written_routes(call):
        failure = failed.get((canonical(route.cidr), route.next_hop))
        if failure is None or "RouteEntry.NotFound" in failure.code:
            done.append(replace(route, cidr=canonical(route.cidr), status=COMING))
        else:
            seen = _failed(seen, call, route, failure, now)
    return _removed(seen, done) if call.action == "DeleteRouteEntries" else _made(seen, done)


def stumble(seen: Seen, call: Call, trouble: Trouble, now: float) -> Seen | None:
    """What the refusal of a whole batch teaches: which of its entries is to blame shows in smaller ones.

    None when it is not about the entries (permission, throttling, network).
    """
    fault = trouble.fault
    if fault is None or not about_the_question(trouble):
        return None
    routes = vpc.written_routes(call)
    if len(routes) == 1:
        failure = {"DstCidrBlock": routes[0].cidr, "NextHop": routes[0].next_hop}
        told = failure | {"FailedCode": fault.code, "FailedMessage": fault.message}
        return fold(seen, call, {"FailedRouteEntries": [told]}, now)
    smaller = dict.fromkeys((_key(route) for route in routes), len(routes) // 2)
    return replace(seen, portions={**seen.portions, **smaller})


def marked(seen: Seen, route: Route) -> Seen:
    """What is known after an entry was given that name and description."""
    table = seen.tables[route.table_id]
    now = replace(table.routes[route.cidr], name=route.name, description=route.description)
    return _with(seen, route.table_id, replace(table, routes={**table.routes, route.cidr: now}))


def _made(seen: Seen, routes: Sequence[Route]) -> Seen:
    """Entries whose making was accepted: they are looked at until they work."""
    if not routes:
        return seen
    table = seen.tables[routes[0].table_id]
    now = replace(table, routes={**table.routes, **{route.cidr: route for route in routes}})
    spots = {(route.table_id, route.cidr) for route in routes}
    return replace(_with(seen, routes[0].table_id, now), unclear=seen.unclear | spots)


def _removed(seen: Seen, routes: Sequence[Route]) -> Seen:
    """Entries that have made room."""
    if not routes:
        return seen
    table, gone = seen.tables[routes[0].table_id], {route.cidr for route in routes}
    left = {cidr: one for cidr, one in table.routes.items() if cidr not in gone}
    return _with(seen, routes[0].table_id, replace(table, routes=left, full=False))


def _failed(seen: Seen, call: Call, route: Route, failure: FailedRoute, now: float) -> Seen:
    fault = Fault(call.action, 400, failure.code, failure.message, "")
    trouble = outcome(fault, call.product)
    if "Quota" in failure.code or "LimitExceed" in failure.code:
        return _with(seen, route.table_id, replace(seen.tables[route.table_id], full=True))
    if isinstance(trouble, NotYet):
        return _refused(seen, route, Refusal(now + max(trouble.after, BUSY_AGAIN)))
    text = f"{failure.code}: {failure.message}"
    if isinstance(trouble, Stale):
        spot = (route.table_id, canonical(route.cidr))
        seen = replace(seen, unclear=seen.unclear | {spot})
        return _refused(seen, route, Refusal(now + DOUBT_AGAIN, text))
    return _refused(seen, route, Refusal(now + REFUSED_AGAIN, text))


def _with(seen: Seen, table_id: str, table: Table) -> Seen:
    return replace(seen, tables={**seen.tables, table_id: table})


def _refused(seen: Seen, route: Route, refusal: Refusal) -> Seen:
    return replace(seen, refusals={**seen.refusals, _key(route): refusal})


def _key(route: Route) -> Key:
    return (route.table_id, canonical(route.cidr), route.next_hop)
