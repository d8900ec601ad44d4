"""What can go wrong at one event, an event being a call of the cloud or a write to Kubernetes.

A trouble has one name for both; where it makes no sense (a read cannot be late) nothing happens.

| trouble | what happens |
| --- | --- |
| ended before, ended after | the process ends; the event had no effect, or had it |
| lost before, lost after | no answer comes; no effect, or the effect |
| throttled, busy, unavailable, failed | an error answer (Throttling, ServiceIsConfiguring, 503, 500), no effect |
| stale | this read and the others of the turn answer from LAG seconds ago |
| stale for long | the same for LAG seconds, whatever begins and ends meanwhile |
| late N, ended late N | the effect comes N events later (LAG seconds at most); the sender gave up, or has ended |
| conflict | somebody else changed the object just before |
| unseen | the write took effect, and the watch shows it LAG seconds later |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

ENDED = ("ended before", "ended after")
LOST = ("lost before", "lost after")
ANSWERS = {
    "throttled": (400, "Throttling.User", "Request was denied due to user flow control."),
    "busy": (400, "ServiceIsConfiguring", "The specified service is configuring."),
    "unavailable": (503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."),
    "failed": (500, "InternalError", "The request processing has failed due to some unknown error."),
}
"""HTTP status, code and message of each error answer."""
STALE = ("stale", "stale for long")
LATE = tuple(f"{who} {events}" for who in ("late", "ended late") for events in (1, 3, 99))
KUBERNETES = ("conflict", "unseen")

CLEAR = (*ENDED, *LOST, *ANSWERS, *KUBERNETES)
"""After these the end is reached without another look."""
UNCLEAR = (*STALE, *LATE)
"""These show nobody the truth: the end is reached by the next verification at the latest."""


def fits(trouble: str, event: str) -> bool:
    """Whether a trouble can happen to an event: a read cannot be late, and only what is read can be stale."""
    patch, read = event.startswith("patch"), event.startswith("Describe")
    if trouble in KUBERNETES:
        return patch
    if trouble in ("busy", "unavailable"):  # to whoever asks the same as being throttled
        return not patch and not read
    return not read if "late" in trouble else not (patch and trouble in STALE)


@dataclass
class Weather:
    """Which trouble comes at which event, counted from 0; `events` and `met` have what did come so far."""

    troubles: Mapping[int, str] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    met: list[str] = field(default_factory=list)

    def next(self, event: str) -> str:
        """The trouble of the event that happens now, "" for none."""
        trouble = self.troubles.get(self.count, "")
        trouble = trouble if fits(trouble, event) else ""
        self.met += [f"{trouble} at event {self.count}, {event}"] if trouble else []
        self.events.append(event)
        return trouble

    @property
    def count(self) -> int:
        """How many events there were."""
        return len(self.events)

    @property
    def over(self) -> bool:
        """Whether all that was to come has come."""
        return all(number < self.count for number in self.troubles)

    @property
    def clear(self) -> bool:
        """Whether whoever looks sees what is there."""
        return all(trouble in CLEAR for trouble in self.troubles.values())

    @property
    def unclear_patch(self) -> bool:
        """Whether a write to Kubernetes took effect without its sender's knowledge."""
        return any("patch" in one and ("late" in one or "lost after" in one) for one in self.met)
