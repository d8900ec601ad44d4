"""How fast may we call? As fast as the cloud documents, slower when it says so, the urgent first.

The cloud counts calls per action, region and account over a window (mostly a minute), and an action that was throttled
works again in the next window. So each action has as many tokens as its window allows calls, and a token comes back
one window after it was spent: wherever the cloud's own window starts, we alone never exceed it. The account is shared
with others (console, Terraform, other clusters), so an answer of `Throttling` halves the tokens for a while.
"""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from yunqiao.model.clock import Clock

MARGIN = 0.5
"""Seconds added to each window: calls do not all take equally long to arrive."""

HOLD = 5.0
"""Seconds without a call of an action that was throttled, when the cloud does not say how many."""

RECOVERY = 8
"""Windows without throttling until an action has all of its tokens again: an eighth comes back each."""


class Priority(IntEnum):
    """Who goes first when an action's tokens are short."""

    REMOVE_BACKENDS = 0
    ADD_BACKENDS = 1
    CREATE = 2
    LOOK = 3


@dataclass(frozen=True, slots=True)
class Rate:
    """`calls` in each `window` (seconds)."""

    calls: int
    window: float = 60.0


WRITE = "write"
READ = "read"

# The API rate quotas of each product, per action, region and account:
# https://help.aliyun.com/en/slb/classic-load-balancer/developer-reference/api-slb-2014-05-15-quota
# https://www.alibabacloud.com/help/en/slb/network-load-balancer/developer-reference/api-nlb-2022-04-30-quota
# and the same page of VPC 2016-04-28 and ECS 2014-05-26.
RATES: dict[tuple[str, str], Rate] = {
    ("slb", WRITE): Rate(90),
    ("slb", READ): Rate(3000),
    ("slb", "AddTags"): Rate(180),
    ("slb", "RemoveTags"): Rate(180),
    ("slb", "CreateDomainExtension"): Rate(400),
    ("slb", "DeleteDomainExtension"): Rate(400),
    ("slb", "SetDomainExtensionAttribute"): Rate(400),
    ("slb", "SetLoadBalancerModificationProtection"): Rate(400),
    ("nlb", WRITE): Rate(200),
    ("nlb", READ): Rate(20, window=1.0),
    ("nlb", "GetListenerHealthStatus"): Rate(10, window=1.0),
    ("nlb", "UpdateLoadBalancerProtection"): Rate(300),
    ("vpc", WRITE): Rate(300),
    ("vpc", READ): Rate(300),
    ("ecs", WRITE): Rate(1000),
    ("ecs", READ): Rate(1000),
}
"""By product and action; `write` and `read` stand for all actions that are not named."""

UNKNOWN = Rate(60)
"""For a product that is not in the table."""


def documented(product: str, action: str) -> Rate:
    """Give the rate that the cloud documents for an action."""
    kind = READ if action.startswith(("Describe", "List", "Get")) else WRITE
    return RATES.get((product, action)) or RATES.get((product, kind)) or UNKNOWN


def unlimited(_product: str, _action: str) -> Rate:
    """Give the rate of an account whose quotas were raised out of sight; throttling slows us down all the same."""
    return Rate(1_000_000)


@dataclass(order=True, slots=True)
class _Ticket:
    """One caller's place in the line: by priority, then by arrival."""

    priority: int
    number: int
    turn: asyncio.Future[None] = field(compare=False)


class Bucket:
    """The tokens of one action. Times are seconds of the injected clock."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._spent: deque[float] = deque()
        self._allowed = float(rate.calls)
        self._held_until = float("-inf")
        self._recovers_at = float("inf")

    @property
    def allowed(self) -> int:
        """Calls per window at present."""
        return int(self._allowed)

    def wait(self, now: float) -> float:
        """Seconds until a call may go, 0 when it may go now."""
        self._recover(now)
        window = self._rate.window + MARGIN
        while self._spent and self._spent[0] + window <= now:
            self._spent.popleft()
        short = len(self._spent) - self.allowed
        token = self._spent[short] + window - now if short >= 0 else 0.0
        return max(0.0, token, self._held_until - now)

    def spend(self, now: float) -> None:
        """A call goes."""
        self._spent.append(now)

    def slow(self, now: float, after: float | None) -> None:
        """The cloud throttled a call; calls that were under way then do not halve the tokens once more."""
        if now >= self._held_until:
            self._allowed = max(1.0, self._allowed / 2)
        self._held_until = max(self._held_until, now + (after or min(HOLD, self._rate.window)))
        self._recovers_at = now + self._rate.window

    def _recover(self, now: float) -> None:
        while now >= self._recovers_at:
            self._allowed = min(self._allowed + self._rate.calls / RECOVERY, float(self._rate.calls))
            full = self._allowed >= self._rate.calls
            self._recovers_at = float("inf") if full else self._recovers_at + self._rate.window


class Limits:
    """All actions' buckets, shared by everything that calls the cloud in one region with one account."""

    def __init__(self, clock: Clock, rate: Callable[[str, str], Rate] = documented) -> None:
        self._clock, self._rate = clock, rate
        self._lines: dict[tuple[str, str], _Line] = {}

    async def turn(self, product: str, action: str, priority: int = Priority.CREATE) -> None:
        """Come back when a call of `action` may go."""
        await self._line(product, action).turn(priority)

    def slow(self, product: str, action: str, after: float | None = None) -> None:
        """The cloud throttled `action`; it asked for `after` seconds of silence, if it said so."""
        self._line(product, action).bucket.slow(self._clock.now(), after)

    def allowed(self, product: str, action: str) -> int:
        """Calls of `action` per window at present: the documented number, or fewer after throttling."""
        return self._line(product, action).bucket.allowed

    def _line(self, product: str, action: str) -> "_Line":
        key = (product.lower(), action)
        if key not in self._lines:
            self._lines[key] = _Line(self._clock, Bucket(self._rate(*key)))
        return self._lines[key]


class _Line:
    """Those who wait for one action's tokens; a task serves them while there are any."""

    def __init__(self, clock: Clock, bucket: Bucket) -> None:
        self.bucket = bucket
        self._clock = clock
        self._waiting: list[_Ticket] = []
        self._numbers = itertools.count()
        self._server: asyncio.Task[None] | None = None

    async def turn(self, priority: int) -> None:
        now = self._clock.now()
        if not self._waiting and not self.bucket.wait(now):
            self.bucket.spend(now)
            return
        ticket = _Ticket(priority, next(self._numbers), asyncio.get_running_loop().create_future())
        heapq.heappush(self._waiting, ticket)
        if self._server is None or self._server.done():
            self._server = asyncio.create_task(self._serve(), name="limits")
        await ticket.turn

    async def _serve(self) -> None:
        while self._waiting:
            wait = self.bucket.wait(self._clock.now())
            if wait:
                await self._clock.sleep(wait)
            else:
                self._call_next()

    def _call_next(self) -> None:
        ticket = heapq.heappop(self._waiting)
        if not ticket.turn.done():  # a caller that gave up spends nothing
            self.bucket.spend(self._clock.now())
            ticket.turn.set_result(None)
