"""What can go wrong on purpose: the failures that a client of the real cloud meets, each told when to happen.

A fault matches calls by product and action (patterns such as `Describe*`) and by the values of their fields (`params`,
patterns as well: `{"LoadBalancerId": "lb-1*"}`), lets the first `skip` of them pass, and happens `count` times with the
given `probability`. It works on the wire and in process alike.

| kind | what happens |
| --- | --- |
| error | the answer is `code`, `message`, HTTP `status` (404 and ResourceNotFound unless told) |
| throttle | Throttling.User |
| quota | QuotaExceeded, or the `code` given (InstanceBackendServerNumberOverLimit ...) |
| unavailable | HTTP `status` 503 with `code` ServiceUnavailable; an empty code: no JSON, as from a proxy |
| lost_before | the connection ends without an answer, and nothing was done |
| lost_after | the connection ends without an answer, and the call took effect |
| busy | a write is refused as while the resource is being configured (ServiceIsConfiguring, TaskConflict ...) |
| late | the connection ends without an answer, and the call takes effect `seconds` later |
| slow | the call waits `seconds` before it is done |
| stale | a read is answered from before the last `writes` writes, or from `seconds` ago |
"""

import copy
import itertools
import random
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from yunsim.errors import ApiError
from yunsim.limits import throttled
from yunsim.world import World

Kind = Literal[
    "error", "throttle", "quota", "unavailable", "busy", "lost_before", "lost_after", "late", "slow", "stale"
]
KINDS: tuple[str, ...] = get_args(Kind)

_ANSWERS: dict[Kind, tuple[int, str, str]] = {
    "error": (404, "ResourceNotFound", "The specified resource does not exist."),
    "quota": (400, "QuotaExceeded", "The quota of this resource has been exceeded."),
    "unavailable": (503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."),
}
_BUSY: dict[str, tuple[str, str]] = {
    "slb.*VServerGroup*": ("BackendServer.configuring", "A previous configuration of the load balancer is pending."),
    "slb.*DomainExtension*": (
        "DomainExtensionProcessing",
        "A previous configuration of the DomainExtension is pending, please try again later.",
    ),
    "slb.*": ("ServiceIsConfiguring", "The specified service is configuring."),
    "vpc.*": ("TaskConflict", "The operation is too frequent. Please wait a moment and try again."),
    "*": ("OperationConflict", "The operation is conflicting with another one."),
}
"""What a busy resource answers, by pattern `product.Action`; the first that fits."""

_READS = ("Describe", "List", "Get", "Check")


def is_read(action: str) -> bool:
    """Tell by its name whether an action only looks."""
    return action.startswith(_READS)


class LostAnswerError(Exception):
    """The connection ends without an answer."""


@dataclass(slots=True)
class Fault:
    """One fault; see the module for the kinds. `count` None means until it is removed; `happened` counts."""

    kind: Kind
    product: str = "*"
    action: str = "*"
    params: Mapping[str, str] = field(default_factory=dict)
    count: int | None = None
    skip: int = 0
    probability: float = 1.0
    status: int | None = None
    code: str | None = None
    message: str | None = None
    seconds: float = 0.0
    writes: int = 0
    id: int = field(default=0, init=False)
    passed: int = field(default=0, init=False)
    happened: int = field(default=0, init=False)

    def matches(self, product: str, action: str, params: Mapping[str, str]) -> bool:
        """Tell whether a call is one that it may happen to."""
        concerned = {"busy": not is_read(action), "late": not is_read(action), "stale": is_read(action)}
        return (
            concerned.get(self.kind, True)
            and fnmatchcase(product, self.product.lower())
            and fnmatchcase(action, self.action)
            and all(fnmatchcase(params.get(name, ""), pattern) for name, pattern in self.params.items())
        )

    def answer(self, product: str, action: str) -> ApiError | None:
        """Return the error that it answers with, if it is of a kind that answers."""
        if self.kind == "throttle":
            return throttled()
        if self.kind == "busy":
            name = f"{product}.{action}"
            status, (code, message) = 400, next(said for fits, said in _BUSY.items() if fnmatchcase(name, fits))
        elif self.kind in _ANSWERS:
            status, code, message = _ANSWERS[self.kind]
        else:
            return None
        return ApiError(
            self.status or status,
            code if self.code is None else self.code,
            message if self.message is None else self.message,
        )


@dataclass
class Faults:
    """The faults that are set, and the past of the world as far as stale reads need it."""

    seed: int = 1
    active: list[Fault] = field(default_factory=list)
    _past: deque[tuple[datetime, dict[str, Any]]] = field(default_factory=lambda: deque(maxlen=50))
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def add(self, fault: Fault) -> Fault:
        """Set a fault and give it an id. Stale reads reach back to when the first `stale` fault was set."""
        added = replace(fault)
        added.id = next(self._ids)
        self.active.append(added)
        return added

    def remove(self, ids: Iterable[int] | None = None) -> None:
        """Remove the faults with these ids, or all."""
        gone = None if ids is None else set(ids)
        self.active = [fault for fault in self.active if gone is not None and fault.id not in gone]
        if not any(fault.kind == "stale" for fault in self.active):
            self._past.clear()

    def struck(self, product: str, action: str, params: Mapping[str, str]) -> list[Fault]:
        """Return the faults that happen to this call, and count it."""
        return [fault for fault in self.active if fault.matches(product, action, params) and self._happens(fault)]

    def remember(self, world: World) -> None:
        """Keep what is before a write, if any stale read may ask for it."""
        if any(fault.kind == "stale" for fault in self.active):
            self._past.append((world.clock.now(), copy.deepcopy(world.states)))

    def earlier(self, world: World, fault: Fault) -> World:
        """Return the world as a stale read sees it; the world itself if nothing was written since."""
        before = [states for _, states in self._past][-fault.writes :] if fault.writes else []
        if fault.seconds:
            moment = world.clock.now() - timedelta(seconds=fault.seconds)
            before = [states for written, states in self._past if written > moment]
        return replace(world, states=before[0]) if before else world

    def _happens(self, fault: Fault) -> bool:
        if fault.passed < fault.skip:
            fault.passed += 1
            return False
        if fault.count is not None and fault.happened >= fault.count:
            return False
        happens = fault.probability >= 1 or self._random.random() < fault.probability
        fault.happened += happens
        return happens
