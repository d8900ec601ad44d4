"""Server groups and their backends: add what is missing, set what differs, take out what is too much.

Who that is, and when, is said in turnover.py; here it becomes calls.
"""

from collections.abc import Iterator, Sequence

from yunqiao.cloud.clb import BACKENDS_PER_CALL, groups
from yunqiao.controllers.services.clb.turnover import Turnover, turnover, window_of
from yunqiao.controllers.services.identity import Identity
from yunqiao.model.balancer import Backend, Balancer, Group
from yunqiao.model.keys import read
from yunqiao.model.step import Call


def steps(wanted: Balancer, seen: Balancer, who: Identity) -> Iterator[Call]:
    """All calls on groups that can be made now."""
    for group in wanted.groups:
        twin = chosen(seen, group.reference)
        if twin is not None:
            yield from _backends(seen, twin, _turnover(seen, group, twin, who))
        elif not group.id:
            yield _create(seen, group)
    yield from _superfluous(wanted, seen, who)


def due(wanted: Balancer, seen: Balancer, who: Identity) -> float | None:
    """While backends are leaving: seconds until the next may go on; infinite when that is not a matter of time."""
    pairs = ((group, chosen(seen, group.reference)) for group in wanted.groups)
    found = (_turnover(seen, group, twin, who).due for group, twin in pairs if twin is not None)
    partial = [float("inf") for group in wanted.groups if group.partial]
    return min((*(one for one in found if one is not None), *partial), default=None)


def in_doubt(wanted: Balancer, seen: Balancer, who: Identity) -> list[Group]:
    """The groups as seen in which somebody waits to leave until somebody else is known to be healthy."""
    pairs = ((group, chosen(seen, group.reference)) for group in wanted.groups)
    return [twin for group, twin in pairs if twin is not None and _turnover(seen, group, twin, who).doubtful]


def withdrawal(seen: Balancer, who: Identity) -> Iterator[Call]:
    """Nothing of ours is to be left on somebody else's balancer: our groups go, our backends leave theirs."""
    going = {one.group for one in seen.listening if who.owner.owns(one.description)}
    used = {one.group for one in seen.listening} - going
    why = f"Service {who.owner.namespace}/{who.owner.service} goes"
    for group in seen.groups:
        if group.id in going or not isinstance(group.backends, tuple):
            continue
        ours = [one for one in group.backends if who.owner.owns(one.description)]
        if who.owner.owns(group.name) and group.id not in used and len(ours) == len(group.backends):
            yield groups.delete(seen.id, group.id, f"{why}: group {group.name} with it")
        else:
            yield from _batched(groups.remove, seen, group, ours, f"{why}: take out")


def conflicts(wanted: Balancer, seen: Balancer) -> Iterator[str]:
    """Groups of somebody else that are named to be filled and cannot be."""
    for group in wanted.groups:
        twin = chosen(seen, group.reference)
        if group.id and twin is None:
            yield f"load balancer {seen.id} has no server group {group.id}; correct the annotation vgroup-port"
        elif twin is not None and _barred(group, twin):
            yield f'server group {group.id} is "{twin.name}", made by a cluster; name one of your own in vgroup-port'


def _barred(group: Group, twin: Group) -> bool:
    """Whether a group that is to be shared belongs to a cluster."""
    return bool(group.id) and read(twin.name) is not None


def chosen(seen: Balancer, reference: str) -> Group | None:
    """The group of that id or name.

    Of several with one key of ours (a create that arrived late), it is the one a listener uses, else the first.
    """
    used = {listener.group for listener in seen.listening}
    same = [group for group in seen.groups if reference in (group.id, group.name)]
    return min(same, key=lambda group: (group.id not in used, group.id), default=None)


def _create(seen: Balancer, group: Group) -> Call:
    backends = group.backends if isinstance(group.backends, tuple) else ()
    sure = [one for one in backends if not one.leaving and one.server_id not in group.unconfirmed]
    first = sure[:BACKENDS_PER_CALL]
    return groups.create(seen.id, group.name, first, f"group {group.name} is missing, {_servers(first)} to go in")


def _turnover(seen: Balancer, group: Group, twin: Group, who: Identity) -> Turnover:
    if _barred(group, twin):
        return Turnover()
    return turnover(group, twin, who.owner.owns, window_of(seen, twin.id))


def _backends(seen: Balancer, twin: Group, turn: Turnover) -> Iterator[Call]:
    """Swap, then add, then remove: a group is never emptier than both before and after. One that is full has no choice.

    Who comes takes the place of who goes in one write where the numbers match.
    """
    swapped = min(len(turn.new), len(turn.gone)) if twin.swaps else 0
    new, gone = turn.new[swapped:], turn.gone[swapped:]
    removals = _batched(groups.remove, seen, twin, gone, "take out")
    yield from _swaps(seen, twin, turn.gone[:swapped], turn.new[:swapped])
    yield from removals if twin.full else ()
    yield from _batched(groups.add, seen, twin, new, "add")
    yield from _batched(groups.change, seen, twin, turn.differing, "set the weight or mark of")
    yield from removals


def _swaps(seen: Balancer, twin: Group, gone: Sequence[Backend], new: Sequence[Backend]) -> Iterator[Call]:
    """As many as come and go, in one write for each batch: nobody is left out in between."""
    for start in range(0, len(new), BACKENDS_PER_CALL):
        old, fresh = gone[start : start + BACKENDS_PER_CALL], new[start : start + BACKENDS_PER_CALL]
        why = f"put {_servers(fresh)} in the place of {_servers(old)} in group {twin.name}"
        yield groups.replace(seen.id, twin.id, old, fresh, why)


def _batched(
    build: groups.Build, seen: Balancer, twin: Group, backends: Sequence[Backend], verb: str
) -> Iterator[Call]:
    for start in range(0, len(backends), BACKENDS_PER_CALL):
        batch = backends[start : start + BACKENDS_PER_CALL]
        yield build(seen.id, twin.id, batch, f"{verb} {_servers(batch)} in group {twin.name}")


def _superfluous(wanted: Balancer, seen: Balancer, who: Identity) -> Iterator[Call]:
    """Groups with our mark that nothing wants and no listener uses; where others have put backends in, only ours go."""
    used = {listener.group for listener in seen.listening}
    kept = {twin.id for group in wanted.groups if (twin := chosen(seen, group.reference))}
    for group in seen.groups:
        if group.id in kept or not isinstance(group.backends, tuple):
            continue
        ours = [one for one in group.backends if who.owner.owns(one.description)]
        if who.owner.owns(group.name) and group.id not in used and len(ours) == len(group.backends):
            yield groups.delete(seen.id, group.id, f"group {group.name} is no longer wanted")
        elif not who.owner.owns(group.name) or group.id not in used:
            yield from _batched(groups.remove, seen, group, ours, "no longer wanted there: take out")


def _servers(backends: Sequence[Backend]) -> str:
    named = ", ".join(f"{one.server_ip or one.server_id}:{one.port}" for one in backends[:3])
    more = f" and {len(backends) - 3} more" if len(backends) > 3 else ""
    return (named + more) or "no server"
