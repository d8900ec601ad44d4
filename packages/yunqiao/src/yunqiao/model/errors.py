"""What can go wrong, told apart by what to do about it: the type is the policy, applied in engine/loop.py.

Trouble
├── Refused   the user (or the account's owner) must act: Event, then wait for a change
├── NotYet    mid-change or throttled: quiet retry after `after` seconds
├── Stale     what was seen is no longer true (not found, exists, over a limit): look again
└── Lost      network, 5xx, unreadable answer: the call may or may not have taken effect; back off, look again

Anything else is a bug of ours: traceback, metric, backoff.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """An error answer of the cloud, as it came: nothing of it is lost, and nothing secret is in it."""

    action: str
    status: int
    code: str
    message: str
    request_id: str

    def __str__(self) -> str:
        """`CreateLoadBalancer: InvalidVSwitchId.NotFound: The vSwitch does not exist. (RequestId ...)`."""
        return f"{self.action}: {self.code}: {self.message} (RequestId {self.request_id or 'none'})"


class Trouble(Exception):
    """Base of the four outcomes; `fault` is the cloud's own answer when there was one."""

    def __init__(self, text: str, fault: Fault | None = None) -> None:
        super().__init__(text)
        self.fault = fault


def brief(trouble: Trouble) -> str:
    """What went wrong, without the number of the request: the same words each time are one Event."""
    fault = trouble.fault
    if fault is None:
        return str(trouble)
    return str(trouble).replace(f" (RequestId {fault.request_id or 'none'})", "")


class Refused(Trouble):
    """The user must act."""


class NotYet(Trouble):
    """Mid-change or throttled; try again after `after` seconds."""

    def __init__(self, text: str, after: float = 1.0, fault: Fault | None = None) -> None:
        super().__init__(text, fault)
        self.after = after


class Stale(Trouble):
    """What was seen is no longer true; drop it and look again."""


class Lost(Trouble):
    """The answer never came or could not be read: the effect is unknown."""
