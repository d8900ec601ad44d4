"""Which entries to remove and to write now: at most two kinds of batches per table, and nothing that is not ours.

What the removal of an entry makes room for is planned in the next round, when it is gone. Pure.
"""

from collections.abc import Iterable, Iterator, Sequence

from yunqiao.cloud import vpc
from yunqiao.cloud.paging import chunks
from yunqiao.controllers.routes.judge import Ground, State
from yunqiao.controllers.routes.rules import Place, Rules
from yunqiao.controllers.routes.seen import Seen, Spot
from yunqiao.controllers.routes.want import Wanted, Wish
from yunqiao.model.route import LONGEST_NAME, Route, read_mark
from yunqiao.model.step import Call, Plan

MARKED_AT_ONCE = 20
"""Entries that are marked in one turn: each takes a call, and new nodes must not wait for that."""


def plan(grounds: Iterable[Ground], rules: Rules, place: Place) -> Plan:
    """Give the batches whose preconditions hold."""
    steps = [step for one in grounds for step in (*_removals(one, rules, place), *_additions(one, rules, place))]
    return Plan(tuple(steps))


def doomed(grounds: Iterable[Ground]) -> tuple[Route, ...]:
    """The entries that the plan would remove."""
    return tuple(route for ground in grounds for route in ground.doomed.values())


def unmarked(grounds: Iterable[Ground]) -> tuple[Route, ...]:
    """Entries that serve our nodes and carry nobody's words: the incumbent made them, and they become ours.

    So does an entry of ours whose instance has come back under another node name. Each is given as it should be.
    """
    return tuple(
        Route(ground.id, route.cidr, route.next_hop, wish.node[:LONGEST_NAME], wish.mark, id=route.id)
        for ground in grounds
        for wish in ground.wanted.wishes
        if (route := ground.table.routes.get(wish.cidr)) is not None
        and route.description != wish.mark
        and wish.mark in ground.wanted.settled
        and route.id
        and route.leads_to(wish.instance)
        and _is_free(route, ground.wanted, wish)
    )


def marking(routes: Sequence[Route], rules: Rules, place: Place) -> tuple[Call, ...]:
    """Give the calls that mark them, as many as one turn takes."""
    return tuple(
        vpc.mark_route(rules.region, place.vpc_id, one, f"mark the route to {one.cidr} as node {one.name}'s")
        for one in routes[:MARKED_AT_ONCE]
    )


def unsettled(grounds: Iterable[Ground], seen: Seen) -> frozenset[Spot]:
    """The ranges to look at again: what was written there is not done, or what was believed proved wrong."""
    coming = {
        (ground.id, wish.cidr)
        for ground in grounds
        for wish, verdict in ground.verdicts
        if verdict.state is State.COMING and wish.cidr in ground.table.routes and wish.cidr not in ground.doomed
    }
    return seen.unclear | coming


def _is_free(route: Route, wanted: Wanted, wish: Wish) -> bool:
    """Whether the entry of a wish is to carry its mark, and does not."""
    if not route.name and not route.description:
        return True
    owner, ours = read_mark(route.description), read_mark(wish.mark)
    same_cluster = owner is not None and ours is not None and owner.cluster == ours.cluster
    return same_cluster and route.description not in wanted.marks


def _removals(ground: Ground, rules: Rules, place: Place) -> Iterator[Call]:
    due = [one for one in ground.doomed.values() if not _waits(ground, one)]
    for batch in _batches(ground, due, rules.together):
        why = f"remove {_counted(batch)} of nodes that are gone or have changed from {ground.id}"
        yield vpc.delete_routes(rules.region, place.vpc_id, batch, why)


def _additions(ground: Ground, rules: Rules, place: Place) -> Iterator[Call]:
    missing: dict[str, Route] = {}
    for wish, verdict in ground.verdicts:
        if wish.cidr not in missing and verdict.state is State.MISSING:
            name = wish.node[:LONGEST_NAME]
            missing[wish.cidr] = Route(ground.id, wish.cidr, wish.instance, name, wish.mark)
    for batch in _batches(ground, missing.values(), rules.together):
        why = f"write {_counted(batch)} to {ground.id}"
        yield vpc.create_routes(rules.region, place.vpc_id, batch, why)


def _waits(ground: Ground, route: Route) -> bool:
    refusal = ground.seen.refusals.get((ground.id, route.cidr, route.next_hop))
    return refusal is not None and refusal.until > ground.now


def _batches(ground: Ground, routes: Iterable[Route], most: int) -> Iterator[Sequence[Route]]:
    """Parted into batches; entries of a batch that was refused go in smaller ones."""
    sizes: dict[int, list[Route]] = {}
    for route in routes:
        allowed = ground.seen.portions.get((ground.id, route.cidr, route.next_hop), most)
        sizes.setdefault(max(1, min(allowed, most)), []).append(route)
    for size, those in sorted(sizes.items(), reverse=True):
        yield from chunks(those, size)


def _counted(routes: Sequence[Route]) -> str:
    return f"the route to {routes[0].cidr}" if len(routes) == 1 else f"{len(routes)} routes"
