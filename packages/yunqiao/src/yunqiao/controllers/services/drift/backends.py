"""Drift of server groups: removed or made, and who is in them. A group that is left is left with all who are in it."""

from collections.abc import Iterator
from dataclasses import replace

from yunqiao.controllers.services.drift.marks import Marks
from yunqiao.controllers.services.drift.policies import Judge
from yunqiao.model.balancer import UNMANAGED, Backend, Balancer, Group
from yunqiao.model.keys import read

SHOWN = 3
"""How many backends of a group are named."""


def groups(wanted: Balancer, seen: Balancer, judge: Judge) -> Balancer:
    """The wish without the groups that differ and are not to be mended."""
    marks = Marks(wanted)
    twins = [(one, _twin(one, seen)) for one in wanted.groups]
    spared = [each for one, twin in twins for each in _spared(one, twin, marks, judge)]
    others = [one for one in seen.groups if one not in [twin for _, twin in twins]]
    return replace(wanted, groups=(*spared, *_left(others, wanted, judge)))


def _twin(one: Group, seen: Balancer) -> Group | None:
    """The group as seen; of several with one key of ours, the one that a listener uses."""
    used = {listener.group for listener in seen.listening}
    same = [each for each in seen.groups if one.reference in (each.id, each.name)]
    return min(same, key=lambda each: (each.id not in used, each.id), default=None)


def _spared(one: Group, twin: Group | None, marks: Marks, judge: Judge) -> Iterator[Group]:
    if twin is None:
        if one.id or not judge.leaves("backends", f"server group {one.name} was removed"):
            yield one
        return
    changed = [f"{each.server_ip or each.server_id}:{each.port}" for each in _changed(one, twin, marks)]
    more = ", ..." if len(changed) > SHOWN else ""
    what = f"the backends of server group {twin.name} ({', '.join(changed[:SHOWN])}{more}) were changed"
    yield replace(one, backends=UNMANAGED) if changed and judge.leaves("backends", what) else one


def _changed(one: Group, twin: Group, marks: Marks) -> Iterator[Backend]:
    """Backends that are missing, too many, or not as they were; those with a mark of others are theirs."""
    if not isinstance(one.backends, tuple) or not isinstance(twin.backends, tuple):
        return
    wish, have = ({each.identity: each for each in some} for some in (one.backends, twin.backends))
    for identity, each in wish.items():
        there = have.get(identity)
        if not each.leaving and (there is None or (marks.own(there.description) and _differs(one, each, there))):
            yield each
    yield from (each for identity, each in have.items() if identity not in wish and marks.own(each.description))


def _differs(group: Group, wish: Backend, there: Backend) -> bool:
    other_weight = there.weight != wish.weight and not group.keeps_weights
    return other_weight or there.description != wish.description


def _left(others: list[Group], wanted: Balancer, judge: Judge) -> Iterator[Group]:
    """Groups that nobody wants and that have our mark, or backends with it, by somebody's hand.

    A twin of one that is wanted comes of a call that arrived late.
    """
    marks, names = Marks(wanted), {one.name for one in wanted.groups}
    for one in others:
        inside = one.backends if isinstance(one.backends, tuple) else ()
        ours = marks.own(one.name) or any(marks.own(each.description) for each in inside)
        what = f"server group {one.name} ({one.id}) was made, or given backends of this Service,"
        if ours and one.name not in names and judge.leaves("backends", what):
            yield _as_it_is(one)


def _as_it_is(one: Group) -> Group:
    """By its name where that is a mark, since a group of a cluster is not to be shared by its id."""
    return Group("", UNMANAGED, one.id) if read(one.name) is None else Group(one.name, UNMANAGED)
