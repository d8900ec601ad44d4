"""How many calls a minute the cloud takes, per action: nothing is limited, or what is documented, or what a test says.

The cloud counts the calls of one action over a window of one minute and refuses the rest of that minute. Documented
quotas: https://help.aliyun.com/en/slb/classic-load-balancer/developer-reference/api-slb-2014-05-15-quota and the same
page of the other products.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Literal

from yunsim.errors import ApiError

WINDOW = timedelta(minutes=1)

Rates = Mapping[str, int]
"""Calls a minute by pattern `product.Action` (`slb.Describe*`); the first pattern that fits an action counts."""

DOCUMENTED: Rates = {
    "slb.*DomainExtension*": 400,
    "slb.SetLoadBalancerModificationProtection": 400,
    "slb.AddTags": 180,
    "slb.RemoveTags": 180,
    "slb.Describe*": 3000,
    "slb.List*": 3000,
    "slb.*": 90,
    "ecs.*": 1000,
    "vpc.*": 300,
    "sts.*": 6000,
}

NONE: Rates = {}


def rates_of(setting: Literal["real", "none"] | Rates) -> Rates:
    """Turn a setting into rates: `real` is what is documented, `none` limits nothing, a mapping is itself."""
    if isinstance(setting, str):
        return DOCUMENTED if setting == "real" else NONE
    return dict(setting)


def problems_of(rates: Rates) -> Iterator[str]:
    """Yield what is wrong with patterns: those that can fit no action."""
    for pattern in rates:
        if "." not in pattern:
            yield f"rates[{pattern}]: {pattern!r} is not product.Action; write one such as slb.Create* or slb.*"


@dataclass
class Limits:
    """Counts the calls of each action and refuses those above its rate."""

    rates: Rates = field(default_factory=dict)
    _windows: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    def take(self, product: str, action: str, now: datetime) -> None:
        """Count one call; raises ApiError Throttling.User (400) when this minute's calls are used up."""
        name = f"{product}.{action}"
        rate = next((calls for pattern, calls in self.rates.items() if fnmatchcase(name, pattern)), None)
        start, used = self._windows.get(name, (now, 0))
        if now - start >= WINDOW:
            start, used = now, 0
        if rate is not None and used >= rate:
            raise throttled()
        self._windows[name] = (start, used + 1)

    def set(self, rates: Rates) -> None:
        """Replace the rates and forget what was counted."""
        self.rates = rates
        self._windows.clear()


def throttled() -> ApiError:
    """Make the refusal of a call above the rate; the cloud sends no `x-acs-retry-after` with it."""
    return ApiError(400, "Throttling.User", "Request was denied due to user flow control.")
