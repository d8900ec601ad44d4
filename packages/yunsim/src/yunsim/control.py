"""What can be asked of and done to a running yunsim beside its APIs: JSON in, JSON out, served under /_yunsim/.

`ROUTES`, at the end, is the list.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from yunsim.calls import Cloud, Journal
from yunsim.carrying import Carrying
from yunsim.faults import Fault
from yunsim.founding import QUOTAS, refound, unknown_quota
from yunsim.limits import Rates, problems_of, rates_of
from yunsim.placing import lock, place, remove
from yunsim.products.ecs.rules import state as ecs
from yunsim.products.slb.traffic import wanted
from yunsim.reading import read
from yunsim.sections import Additions, Lock
from yunsim.showing import shown
from yunsim.world import SteppedClock
from yunsim.worldfile import WorldFile

Json = dict[str, Any]


class BadControlError(Exception):
    """A control request that cannot be done; the text says what is wrong and what is allowed.

    A body that does not fit raises `yunsim.reading.FileError` instead, which says the same.
    """


@dataclass(frozen=True, slots=True)
class _ClockMove:
    advance: float = 0.0
    freeze: bool | None = None


@dataclass(frozen=True, slots=True)
class _RatesChange:
    rates: str | Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _QuotaChange:
    quotas: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class _LocksChange:
    locks: Mapping[str, tuple[Lock, ...]]


@dataclass(frozen=True, slots=True)
class _BusyChange:
    slb: float | None = None
    vpc: float | None = None


@dataclass
class Control:
    """The control of one cloud; `carrying` is None where nothing carries traffic."""

    cloud: Cloud
    file: WorldFile
    carrying: Carrying | None = None

    def index(self, _query: Mapping[str, str], _body: Any) -> Json:
        """List what there is."""
        return {"control": [f"{route.method} /_yunsim/{route.path}: {route.purpose}" for route in ROUTES]}

    def reset(self, _query: Mapping[str, str], _body: Any) -> Json:
        """Make everything as it was at the start."""
        if isinstance(self.cloud.world.clock, SteppedClock):
            self.cloud.world.clock.reset()
        self.cloud.faults.remove()
        self.cloud.late.forget()
        self.cloud.journal = Journal()
        self.cloud.limits.set(rates_of(self.file.rates))
        self.cloud.world.quotas = dict(self.file.quotas)
        refound(self.cloud.world, self.file)
        return {}

    def state(self, _query: Mapping[str, str], _body: Any) -> Json:
        """Show all resources."""
        self.cloud.late.catch_up()
        world = self.cloud.world
        resources = {name: shown(state) for name, state in world.states.items()}
        about = {"region": world.region, "account": world.account, "time": world.clock.now().isoformat()}
        return about | resources | {"listening": self._listening()}

    def calls(self, query: Mapping[str, str], _body: Any) -> Json:
        """Show the calls after the number `since`."""
        journal = self.cloud.journal
        return {"last": journal.last, "calls": [shown(entry) for entry in journal.since(_number(query, "since", 0))]}

    def forget_calls(self, _query: Mapping[str, str], _body: Any) -> Json:
        """Empty the journal."""
        self.cloud.journal.entries.clear()
        return {"last": self.cloud.journal.last}

    def clock(self, _query: Mapping[str, str], _body: Any) -> Json:
        """Tell the world's time."""
        clock = self.cloud.world.clock
        frozen = isinstance(clock, SteppedClock) and clock.frozen_at is not None
        return {"now": clock.now().isoformat(), "frozen": frozen}

    def set_clock(self, query: Mapping[str, str], body: Any) -> Json:
        """Move, stop or start the world's time."""
        move, clock = read(_ClockMove, body, "the request"), self.cloud.world.clock
        if not isinstance(clock, SteppedClock):
            raise BadControlError(f"this world's clock ({type(clock).__name__}) cannot be moved")
        if move.freeze is not None:
            (clock.freeze if move.freeze else clock.run)()
        clock.advance(move.advance)
        self.cloud.late.catch_up()
        return self.clock(query, body)

    def faults(self, _query: Mapping[str, str], _body: Any) -> Json:
        """Show the faults that are set."""
        return {"faults": [shown(fault) for fault in self.cloud.faults.active]}

    def add_fault(self, _query: Mapping[str, str], body: Any) -> Json:
        """Set a fault and show it with its id."""
        return dict(shown(self.cloud.faults.add(read(Fault, body, "the request"))))

    def remove_faults(self, query: Mapping[str, str], body: Any) -> Json:
        """Remove the fault `id`, or all."""
        self.cloud.faults.remove([_number(query, "id", 0)] if "id" in query else None)
        return self.faults(query, body)

    def busy(self, _query: Mapping[str, str], _body: Any) -> Json:
        """Show for how many seconds a write keeps its resource busy."""
        states = self.cloud.world.states
        return {name: states[name].busy_seconds for name in ("slb", "vpc")}

    def set_busy(self, query: Mapping[str, str], body: Any) -> Json:
        """Set the seconds of the products that are named."""
        change = read(_BusyChange, body, "the request")
        for name, seconds in (("slb", change.slb), ("vpc", change.vpc)):
            if seconds is not None:
                self.cloud.world.states[name].busy_seconds = seconds
        return self.busy(query, body)

    def quotas(self, _query: Mapping[str, str], _body: Any) -> Json:
        """Show how much there may be of everything."""
        return {"quotas": dict(sorted({**QUOTAS, **self.cloud.world.quotas}.items()))}

    def set_quotas(self, query: Mapping[str, str], body: Any) -> Json:
        """Set the quotas that are named; None is the default again."""
        change = read(_QuotaChange, {"quotas": body}, "the request").quotas
        if problem := unknown_quota(change):
            raise BadControlError(problem)
        given = {name: most for name, most in {**self.cloud.world.quotas, **change}.items() if most is not None}
        self.cloud.world.quotas = given
        return self.quotas(query, body)

    def locks(self, _query: Mapping[str, str], _body: Any) -> Json:
        """Show the instances that are locked, and why."""
        return {"locks": {each.id: each.locks for each in ecs(self.cloud.world).instances.values() if each.locks}}

    def set_locks(self, query: Mapping[str, str], body: Any) -> Json:
        """Lock the instances that are named, each for the reasons given; none: it is not locked any more."""
        for instance_id, reasons in read(_LocksChange, {"locks": body}, "the request").locks.items():
            self._placed(partial(lock, self.cloud.world, instance_id, reasons))
        return self.locks(query, body)

    def place(self, _query: Mapping[str, str], body: Any) -> Json:
        """Put things into the world."""
        self._placed(lambda: place(self.cloud.world, read(Additions, body, "the request")))
        return {}

    def remove(self, query: Mapping[str, str], _body: Any) -> Json:
        """Take the thing `id` out of the world."""
        self._placed(lambda: remove(self.cloud.world, query.get("id", "")))
        return {}

    def _placed(self, change: Callable[[], None]) -> None:
        try:
            change()
        except ValueError as error:
            raise BadControlError(str(error)) from error
        finally:
            self.cloud.world.changed()

    def rates(self, _query: Mapping[str, str], _body: Any) -> Json:
        """Show the rates."""
        return {"rates": dict(self.cloud.limits.rates)}

    def set_rates(self, query: Mapping[str, str], body: Any) -> Json:
        """Set the rates."""
        self.cloud.limits.set(_rates(read(_RatesChange, body, "the request").rates))
        return self.rates(query, body)

    def _listening(self) -> list[Json]:
        if self.carrying is None:
            return []
        engine = self.carrying.engine
        ports, health, errors = engine.ports(), engine.health(), engine.errors()
        listeners = [((one.load_balancer_id, one.protocol, one.port), one) for one in wanted(self.cloud.world)]
        return [
            {
                "load_balancer_id": listener.load_balancer_id,
                "protocol": listener.protocol,
                "address": listener.address,
                "port": listener.port,
                "listens_on": ":".join(map(str, ports[key])) if key in ports else None,
                "error": errors.get(key),
                "health": dict(health.get(key, {})),
            }
            for key, listener in listeners
        ]


def _rates(setting: str | Mapping[str, int]) -> Rates:
    if isinstance(setting, str) and setting not in ("real", "none"):
        raise BadControlError(f'rates: {setting!r} is not "real", "none" or a mapping such as {{"slb.Create*": 5}}')
    if isinstance(setting, str):
        return rates_of("real" if setting == "real" else "none")
    if problems := list(problems_of(setting)):
        raise BadControlError("; ".join(problems))
    return setting


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal():
        raise BadControlError(f"{name}: {text!r} is not a number, 0 or more")
    return int(text)


@dataclass(frozen=True, slots=True)
class Route:
    """One control request: HTTP method, path below /_yunsim/, what answers, and what it is for."""

    method: str
    path: str
    answer: Callable[[Control, Mapping[str, str], Any], Json]
    purpose: str


ROUTES = (
    Route("GET", "", Control.index, "this list"),
    Route("POST", "reset", Control.reset, "make everything as it was at the start; calls, faults and rates too"),
    Route("GET", "state", Control.state, "all resources, and where each listener really listens"),
    Route("GET", "calls", Control.calls, "the calls so far; ?since=N: those after number N"),
    Route("DELETE", "calls", Control.forget_calls, "empty the journal; numbers go on"),
    Route("GET", "clock", Control.clock, "the world's time"),
    Route("POST", "clock", Control.set_clock, 'move it {"advance": 60} (seconds), stop it or not {"freeze": true}'),
    Route("GET", "faults", Control.faults, "the faults that are set, and how often each happened"),
    Route("POST", "faults", Control.add_fault, 'set one: {"kind": "lost_after", "action": "Create*", "count": 1}'),
    Route("DELETE", "faults", Control.remove_faults, "remove all; ?id=N: that one"),
    Route("GET", "busy", Control.busy, "for how many seconds a balancer, and a VPC's routes, are busy after a write"),
    Route("POST", "busy", Control.set_busy, 'set them {"slb": 3, "vpc": 2}'),
    Route("GET", "quotas", Control.quotas, "how much there may be of everything, by the names in Quota Center"),
    Route("POST", "quotas", Control.set_quotas, 'set them {"slb_quota_listeners_num": 5}; null is the default again'),
    Route("GET", "locks", Control.locks, "the instances that are locked, and why"),
    Route("POST", "locks", Control.set_locks, 'lock them {"i-1": ["security"]}, or not {"i-1": []}; or "financial"'),
    Route("POST", "world", Control.place, 'put things into it {"interfaces": [...]}, as in the world file'),
    Route("DELETE", "world", Control.remove, "?id=ID: take a thing out of it at once, whoever uses it"),
    Route("GET", "rates", Control.rates, "calls a minute by pattern"),
    Route("POST", "rates", Control.set_rates, 'set them {"rates": "real"}, "none", or {"slb.Create*": 5}'),
)
