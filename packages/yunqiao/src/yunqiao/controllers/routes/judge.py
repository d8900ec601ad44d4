"""How does a wish stand in a table? There, on its way, to be written, or in somebody's way. Pure.

`plan` writes what is missing, `publish` tells what is true: both ask here, so they never disagree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from yunqiao.controllers.routes.ranges import Ranges
from yunqiao.controllers.routes.seen import Seen, Table
from yunqiao.controllers.routes.want import Wanted, Wish
from yunqiao.model.route import Route, read_mark

DUPLICATE = (
    "route table {table} leads {cidr} to {hop} already ({owner}): remove that entry if nobody needs it, or give this "
    "cluster pod ranges (--cluster-cidr) of its own"
)
INSIDE = (
    "route table {table} leads {inner}, which is a part of {cidr}, to {hop} ({owner}): remove that entry if nobody "
    "needs it, or give this cluster pod ranges (--cluster-cidr) of its own"
)
AROUND = (
    "{cidr} is a part of {outer}, which route table {table} leads to {hop} ({owner}): give this cluster pod ranges "
    "(--cluster-cidr) of its own"
)
FULL = (
    "route table {table} is full: it holds {there} entries and takes no more; raise the quota "
    "vpc_quota_route_entrys_num in Quota Center, or remove entries that nobody needs"
)


class State(Enum):
    """How a wish stands."""

    THERE = "there"
    COMING = "coming"
    MISSING = "missing"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a wish stands, and why when it is blocked."""

    state: State
    text: str = ""


THERE, COMING, MISSING = Verdict(State.THERE), Verdict(State.COMING), Verdict(State.MISSING)


@dataclass(slots=True)
class Ground:
    """One table as everything that is wanted meets it at one time (seconds).

    `doomed` are entries that must go, by range; `verdicts` say how each wish stands.
    """

    id: str
    table: Table
    wanted: Wanted
    seen: Seen
    cluster: str
    now: float
    doomed: Mapping[str, Route] = field(init=False)
    verdicts: Sequence[tuple[Wish, Verdict]] = field(init=False)
    _ranges: Ranges = field(init=False)

    def __post_init__(self) -> None:
        wishes = {(wish.cidr, wish.instance) for wish in self.wanted.wishes}
        self.doomed = {cidr: one for cidr, one in self.table.routes.items() if self._is_doomed(one, wishes)}
        self._ranges = Ranges(self.table.routes.values())
        self.verdicts = [(wish, self._verdict(wish)) for wish in self.wanted.wishes]

    def _verdict(self, wish: Wish) -> Verdict:
        if self.table.problem:
            return Verdict(State.BLOCKED, self.table.problem)
        there = self.table.routes.get(wish.cidr)
        cut = self._cut(wish)
        if cut:
            return Verdict(State.BLOCKED, cut)
        if there is None:
            return self._absent(wish)
        if there.leads_to(wish.instance):
            return THERE if there.is_done else COMING
        if wish.cidr in self.doomed:
            return COMING
        return Verdict(State.BLOCKED, DUPLICATE.format(table=self.id, cidr=wish.cidr, **_told(there)))

    def _absent(self, wish: Wish) -> Verdict:
        around = next((one for one in self._ranges.around(wish.cidr) if one.cidr not in self.doomed), None)
        if wish.barred:
            return Verdict(State.BLOCKED, wish.barred)
        if around is not None:
            text = AROUND.format(cidr=wish.cidr, outer=around.cidr, table=self.id, **_told(around))
            return Verdict(State.BLOCKED, text)
        if self.table.full:
            return Verdict(State.BLOCKED, FULL.format(table=self.id, there=len(self.table.routes)))
        refusal = self.seen.refusals.get((self.id, wish.cidr, wish.instance))
        if refusal is not None and refusal.until > self.now:
            return Verdict(State.BLOCKED, refusal.text) if refusal.text else COMING
        return MISSING

    def _cut(self, wish: Wish) -> str:
        """Why packets to a part of the range would go elsewhere, whatever we write."""
        inner = next((one for one in self._ranges.inside(wish.cidr) if one.cidr not in self.doomed), None)
        if inner is None:
            return ""
        return INSIDE.format(table=self.id, cidr=wish.cidr, inner=inner.cidr, **_told(inner))

    def _is_doomed(self, route: Route, wishes: set[tuple[str, str]]) -> bool:
        """Whether an entry of ours serves nobody: its node is gone, or has another range or instance by now."""
        owner = read_mark(route.description)
        if owner is None or owner.cluster != self.cluster or not route.leads_to(route.next_hop):
            return False
        if (route.cidr, route.next_hop) in wishes:
            return False
        if route.description in self.wanted.marks:
            return route.description in self.wanted.settled
        return bool(owner.node)


def grounds(wanted: Wanted, seen: Seen, cluster: str, now: float) -> tuple[Ground, ...]:
    """Every table as it stands, ordered by id."""
    return tuple(Ground(name, table, wanted, seen, cluster, now) for name, table in sorted(seen.tables.items()))


def _told(route: Route) -> dict[str, str]:
    """Where an entry leads, and whose it is, in words."""
    owner = read_mark(route.description)
    if owner is not None:
        whose = f"node {owner.node or 'with a long name'} of cluster {owner.cluster}"
    else:
        text = route.description or route.name
        whose = f'somebody else\'s, "{text}"' if text else "somebody else's"
    return {"hop": route.next_hop or "several next hops", "owner": whose}
