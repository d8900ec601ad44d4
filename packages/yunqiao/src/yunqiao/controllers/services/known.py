"""What this process knows of each Service's cloud things, so that what is known is not asked again.

It is memory only: a restart and a new leader start empty. Any trouble whose effect is unclear empties it too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from yunqiao.controllers.services.ages import Place, Since, aged, proven
from yunqiao.controllers.services.asked import Findings
from yunqiao.controllers.services.record import Record
from yunqiao.model.balancer import Absent, Balancer, Notice
from yunqiao.model.keys import digest

VERIFY_EVERY = 3600.0
"""Seconds within which every Service's balancer is looked at, whatever is believed of it."""

LOOK_TWICE_AFTER = 5.0
"""Seconds between the two looks that must find nothing before a deletion is done: a listing may lag behind."""

HOPELESS_AFTER = 10.0
"""Seconds after which a listing has caught up with a create for certain."""


@dataclass(slots=True)
class Known:
    """Of one Service (by its UID): the balancer last seen, when to look again, the note last written.

    `listed` is what the listing of the start said of it, until there was a look: enough to delete it by, and to believe
    the Service's note by. `missing` is when it was first not found, `remade` when one was made "again" that nobody has
    found since, `emptied` when our parts of a balancer that stays were first gone. `found` is what was looked up for
    its wish, `since` is when its backends were first seen, `told` are notices that were given since the last look.
    Times are seconds on the engine's clock.
    """

    uid: str
    seen: Balancer | None = None
    listed: tuple[Balancer, ...] = ()
    verify_at: float = float("inf")
    record: Record | None = None
    missing: float | None = None
    remade: float | None = None
    emptied: float | None = None
    found: Findings = field(default_factory=Findings)
    since: Since = field(default_factory=dict)
    told: frozenset[Notice] = frozenset()

    def looked(self, seen: Balancer | Absent, now: float) -> Balancer | Absent:
        """Remember a look; what was not found is stamped with when that was first noticed."""
        self.verify_at, self.told, self.listed = self._next(now), frozenset(), ()
        if isinstance(seen, Balancer):
            self.seen, self.missing, self.remade = seen, None, None
            return seen
        self.missing = now if self.missing is None else self.missing
        return replace(seen, since=self.missing, tried=True)

    def take_listed(self) -> tuple[Balancer, ...]:
        """What was listed, once: it gets old."""
        listed, self.listed = self.listed, ()
        return listed

    def folded(self, seen: Balancer | Absent) -> Balancer | Absent:
        """Remember what an answer proved."""
        self.seen = seen if isinstance(seen, Balancer) and seen.known else None
        return seen

    def aged(self, seen: Balancer | Absent, now: float) -> Balancer | Absent:
        """What is there, with the ages of its backends."""
        if isinstance(seen, Balancer):
            seen, self.since = aged(seen, self.since, now)
        return seen

    def sure(self, seen: Balancer, healthy: Iterable[Place], now: float) -> Balancer | Absent:
        """What is there, now that these backends are known to be healthy."""
        self.since = proven(self.since, healthy)
        return self.aged(seen, now)

    def news(self, notices: Iterable[Notice]) -> Sequence[Notice]:
        """Those that have not been given since the last look."""
        new = [one for one in notices if one not in self.told]
        self.told = frozenset(notices)
        return new

    def doubt(self) -> None:
        """A write went wrong: what was believed may be false."""
        self.seen, self.listed, self.found = None, (), self.found.doubted()

    def is_hopeless(self, now: float) -> bool:
        """Whether making it "again" only gives the id of one that is gone: nobody found it for long enough."""
        return self.remade is not None and now - self.remade >= HOPELESS_AFTER

    def doubtful(self, now: float) -> float:
        """Seconds until a balancer that stays is looked at a second time for parts of ours; 0 when that was done.

        A call of ours may have come late, and the first look may have been too early to see what it made.
        """
        self.emptied = now if self.emptied is None else self.emptied
        self.seen = None
        return max(0.0, self.emptied + LOOK_TWICE_AFTER - now)

    def due(self, now: float) -> float:
        """Seconds until the next look; what was made without one gets its first look within the same period."""
        self.verify_at = min(self.verify_at, self._next(now))
        return max(0.0, self.verify_at - now)

    def later(self, now: float) -> float:
        """No look is needed now: seconds until one is due, spread so that not all come at once."""
        if not self.rests(now):
            self.verify_at = now + VERIFY_EVERY * self.spread
        return self.verify_at - now

    def rests(self, now: float) -> bool:
        """Whether the Service's note was believed instead of a look, and still may be."""
        return self.seen is None and bool(self.listed) and now < self.verify_at < float("inf")

    def _next(self, now: float) -> float:
        return now + VERIFY_EVERY * (0.8 + 0.2 * self.spread)

    @property
    def spread(self) -> float:
        """A share of 1 that is this Service's own."""
        return int.from_bytes(digest(self.uid, length=4).encode()) / int.from_bytes(b"zzzz")


@dataclass(slots=True)
class Memory:
    """All Services by their queue key; an object of the same name with another UID is another Service."""

    services: dict[str, Known] = field(default_factory=dict)

    def of(self, key: str, uid: str) -> Known:
        """What is known of a Service."""
        known = self.services.get(key)
        if known is None or known.uid != uid:
            known = self.services[key] = Known(uid)
        return known

    def forget(self, key: str) -> None:
        """The Service is gone."""
        self.services.pop(key, None)

    def drop(self, key: str) -> None:
        """What is known of a Service's balancer is no longer true: somebody took something away there."""
        if key in self.services:
            self.services[key].seen, self.services[key].listed = None, ()
