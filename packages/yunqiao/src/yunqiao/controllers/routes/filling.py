"""How full are the route tables? A table that takes no more leaves nodes without network, so it is told before.

The API does not tell a table's quota. The documented one is taken for it, until the table proves it wrong: by holding
more, or by taking no more (https://www.alibabacloud.com/help/en/vpc/product-overview/limits-and-quotas).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from yunqiao.controllers.routes.publish import Standing
from yunqiao.controllers.routes.seen import Table
from yunqiao.engine.figures import Figure

QUOTA = 200
"""Custom entries of a table, as documented."""
HIGH = 0.8
"""The part of the quota from which on it is told."""

ALMOST = (
    "route table {table} holds {entries} of {limit} entries (the documented quota, if it was not raised): raise "
    "vpc_quota_route_entrys_num in Quota Center before more nodes come"
)
FULL = "route table {table} is full: {routed} of {nodes} nodes have their routes"


@dataclass(frozen=True, slots=True)
class Level:
    """One table: entries in it, and how many it takes (0: more than the documented number, nobody knows how many)."""

    entries: int
    limit: int
    full: bool

    @property
    def is_high(self) -> bool:
        """Whether it will soon be full."""
        return self.limit > 0 and self.entries >= HIGH * self.limit


@dataclass(frozen=True, slots=True)
class News:
    """What there is to tell of a table, once."""

    reason: str
    text: str


@dataclass(slots=True)
class Filling:
    """The levels as last seen; `nodes` and `routed` count nodes."""

    levels: dict[str, Level] = field(default_factory=dict)
    nodes: int = 0
    routed: int = 0

    def update(self, tables: Mapping[str, Table], standings: Mapping[str, Standing]) -> tuple[News, ...]:
        """Take what is there now, and give what is new about it."""
        before, self.levels = self.levels, {name: _level(table) for name, table in tables.items()}
        self.nodes = len(standings)
        self.routed = sum(one.routed for one in standings.values())
        return tuple(news for name, level in self.levels.items() for news in self._news(name, before.get(name), level))

    def figures(self) -> Iterator[Figure]:
        """The levels as metrics."""
        entries, quota = "Custom entries of a route table.", "How many of them it takes, as far as known."
        for name, level in sorted(self.levels.items()):
            yield Figure("yunqiao_route_table_entries", "gauge", entries, level.entries, {"table": name})
        for name, level in sorted(self.levels.items()):
            if level.limit:
                yield Figure("yunqiao_route_table_quota", "gauge", quota, level.limit, {"table": name})
        yield Figure("yunqiao_routed_nodes", "gauge", "Nodes that have all their routes.", self.routed)
        yield Figure("yunqiao_unrouted_nodes", "gauge", "Nodes that wait for routes.", self.nodes - self.routed)

    def _news(self, table: str, before: Level | None, now: Level) -> Iterable[News]:
        if now.full and not (before and before.full):
            text = FULL.format(table=table, routed=self.routed, nodes=self.nodes)
            return (News("RouteTableFull", text),)
        if now.is_high and not now.full and not (before and before.is_high):
            text = ALMOST.format(table=table, entries=now.entries, limit=now.limit)
            return (News("RouteTableAlmostFull", text),)
        return ()


def _level(table: Table) -> Level:
    entries = len(table.routes)
    limit = entries if table.full else QUOTA
    return Level(entries, limit if entries <= limit else 0, table.full)
