"""Faults to order: what a client must survive, done to the requests that match.

A fault is a JSON object for POST /_kubesim/faults, such as
{"kind": "hang", "method": "GET", "path": "^/api/v1/services", "count": 1}. A count of 0 means for ever.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from kubesim.errors import bad_request
from kubesim.objects import Object

FaultKind = Literal["hang", "cut", "410", "410-in-stream", "429", "500", "slow"]
_MEMBERS: dict[str, type | tuple[type, ...]] = {
    "kind": str,
    "method": str,
    "path": str,
    "count": int,
    "seconds": (int, float),
    "running": bool,
}


@dataclass(slots=True)
class Fault:
    """One kind of trouble, for the requests whose method and path match."""

    kind: FaultKind
    method: str = ""
    path: str = ""
    """A regular expression that is searched in path and query."""
    count: int = 1
    """How many requests it meets; 0 for all."""
    seconds: float = 1.0
    """How long `slow` delays, and the Retry-After of 429."""
    met: int = 0

    def matches(self, method: str, path: str) -> bool:
        """Whether it is meant for such a request and not used up."""
        unused = not self.count or self.met < self.count
        return unused and self.method in ("", method) and re.search(self.path, path) is not None

    def body(self) -> Object:
        """As the control API shows it."""
        return {name: getattr(self, name) for name in ("kind", "method", "path", "count", "seconds", "met")}


@dataclass(slots=True)
class RunningWatch:
    """A watch that is being served, and how to do something to it."""

    path: str
    strike: Callable[[FaultKind], None]


@dataclass(slots=True)
class Faults:
    """The faults in force and the watches that run."""

    ordered: list[Fault] = field(default_factory=list)
    watches: list[RunningWatch] = field(default_factory=list)

    def meet(self, method: str, path: str) -> Fault | None:
        """The first fault that matches a request, counted as used."""
        fault = next((each for each in self.ordered if each.matches(method, path)), None)
        if fault is not None:
            fault.met += 1
        return fault

    def order(self, wanted: Object) -> Object:
        """Add a fault, or with "running" do it to the watches that run now. Raises StatusError 400."""
        fault = _parse(wanted)
        if not wanted.get("running"):
            self.ordered.append(fault)
            return fault.body()
        if fault.kind not in ("cut", "hang", "410-in-stream"):
            raise bad_request(f"fault {fault.kind!r} cannot meet a running watch: use cut, hang or 410-in-stream")
        for watch in [each for each in self.watches if fault.matches("GET", each.path)]:
            fault.met += 1
            watch.strike(fault.kind)
        return fault.body()

    def clear(self) -> None:
        """Back to fair weather."""
        self.ordered.clear()


def _parse(wanted: Any) -> Fault:
    if not isinstance(wanted, dict):
        raise bad_request("a fault is a JSON object with kind, method, path, count, seconds, running")
    for name, value in wanted.items():
        if name not in _MEMBERS:
            raise bad_request(f"fault member {name!r} is unknown: use {', '.join(_MEMBERS)}")
        if not isinstance(value, _MEMBERS[name]):
            raise bad_request(f"fault member {name!r} is {value!r}, which has the wrong type")
    if wanted.get("kind") not in get_args(FaultKind):
        raise bad_request(f"fault kind {wanted.get('kind')!r} is unknown: use {', '.join(get_args(FaultKind))}")
    try:
        re.compile(wanted.get("path", ""))
    except re.error as error:
        raise bad_request(f"fault path {wanted['path']!r} is no regular expression: {error}") from None
    return Fault(**{name: value for name, value in wanted.items() if name != "running"})
