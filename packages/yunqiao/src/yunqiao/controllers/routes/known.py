"""What is remembered between two turns, so that nothing is asked twice; a new leader starts with none of it.

Times are seconds of the injected clock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from yunqiao.cloud.vpc import VSwitch
from yunqiao.controllers.routes.pace import Pace
from yunqiao.controllers.routes.seen import Seen
from yunqiao.model.instance import Instance

MISSING_AGAIN = 60.0
"""Seconds until an instance that was not found is looked for again."""
FIRST_POLL, LAST_POLL = 1.0, 10.0
"""Seconds between looks at what is on its way: the first, and the longest."""
NEVER = float("-inf")


@dataclass(slots=True)
class Known:
    """Instances by id, their VPC, tables (found for the vSwitches `tables_for`), what is in them, and since when.

    `marks` tells that entries may be marked: where that was refused once, it is not tried again.
    `said` has the status of the condition that each node was told last.
    """

    instances: dict[str, Instance] = field(default_factory=dict)
    missing: dict[str, float] = field(default_factory=dict)
    vpc_id: str = ""
    tables: tuple[str, ...] = ()
    tables_at: float = NEVER
    tables_for: frozenset[str] = frozenset()
    vswitches: tuple[VSwitch, ...] = ()
    vswitches_at: float = NEVER
    seen: Seen = field(default_factory=Seen)
    looked_at: float = NEVER
    poll: float = FIRST_POLL
    pace: Pace = field(default_factory=Pace)
    marks: bool = True
    said: dict[str, str] = field(default_factory=dict)

    def unknown(self, ids: Iterable[str], now: float) -> tuple[str, ...]:
        """The instances that ECS must be asked for."""
        return tuple(one for one in ids if one not in self.instances and self.missing.get(one, NEVER) <= now)

    def learn(self, found: Mapping[str, Instance | None], now: float) -> None:
        """Keep what ECS said."""
        for name, instance in found.items():
            if instance is None:
                self.missing[name] = now + MISSING_AGAIN
            else:
                self.missing.pop(name, None)
                self.instances[name] = instance

    def verdicts(self) -> dict[str, Instance | None]:
        """Each instance as ECS told of it last."""
        return {**dict.fromkeys(self.missing), **self.instances}

    def keep_only(self, ids: frozenset[str]) -> None:
        """Forget instances that no node names any more."""
        self.instances = {name: one for name, one in self.instances.items() if name in ids}
        self.missing = {name: until for name, until in self.missing.items() if name in ids}

    def doubt(self) -> None:
        """No answer told what came of a write: all tables are looked at anew."""
        self.seen, self.looked_at = Seen(), NEVER

    def prune(self, now: float) -> None:
        """Forget refusals whose time is over, and with them how small the batches had to be."""
        refusals = {key: one for key, one in self.seen.refusals.items() if one.until > now}
        if len(refusals) < len(self.seen.refusals):
            self.seen = replace(self.seen, refusals=refusals)

    def next_poll(self) -> float:
        """Seconds until what is on its way is looked at again, longer each time."""
        poll, self.poll = self.poll, min(LAST_POLL, self.poll * 2)
        return poll

    def again(self, now: float) -> float:
        """Seconds until there is something to try again."""
        times = [*self.missing.values(), *(one.until for one in self.seen.refusals.values())]
        return min((max(0.0, at - now) for at in times), default=float("inf"))
