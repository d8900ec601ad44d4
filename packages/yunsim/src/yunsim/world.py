"""Everything that exists in the simulated cloud, its clock and its ids.

Products never import one another: a product that needs another's thing asks `world.find(id)`.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Protocol

from yunsim.dataplane.engine import ListenerKey


class State(Protocol):
    """What a product holds."""

    def find(self, resource_id: str) -> Any | None:
        """The thing with that id, or None."""
        ...


class Clock(Protocol):
    """The world's time: states advance with it, never by sleeping."""

    def now(self) -> datetime:
        """Current time of the world, in UTC."""
        ...


@dataclass
class SteppedClock:
    """A clock that follows the real one plus an offset, or stands still when frozen; `advance` moves it."""

    offset: timedelta = timedelta()
    frozen_at: datetime | None = None

    def now(self) -> datetime:
        """Current time of the world, in UTC."""
        return (self.frozen_at or datetime.now(UTC)) + self.offset

    def advance(self, seconds: float) -> None:
        """Move the world forward."""
        self.offset += timedelta(seconds=seconds)

    def freeze(self) -> None:
        """Let the world stand still; `advance` still moves it."""
        self.frozen_at = self.frozen_at or datetime.now(UTC)

    def run(self) -> None:
        """Let a frozen world go on from where it stands."""
        if self.frozen_at is not None:
            self.offset -= datetime.now(UTC) - self.frozen_at
            self.frozen_at = None

    def reset(self) -> None:
        """Follow the real time again, exactly."""
        self.offset, self.frozen_at = timedelta(), None


@dataclass
class World:
    """One account's resources in one region.

    `states` holds each product's state by product name; `on_change` is called after every change that traffic may feel,
    with the id of the one thing that changed, or "" when it may be anything.
    `strict` refuses what the documentation does not list. `health` answers as the data plane's `Engine.health`.
    `later` has something done when so many seconds of the world's time have passed, None where nobody waits for that.
    `wire` maps prefixes of addresses in the API to prefixes of as many addresses, where those really answer.
    `internet_holders` has what holds each public address that is in use, `elastic_addresses` the elastic public address
    of an instance or balancer, by its id.
    """

    region: str = "cn-hangzhou"
    account: str = "1234567890123456"
    clock: Clock = field(default_factory=SteppedClock)
    states: dict[str, Any] = field(default_factory=dict)
    on_change: list[Callable[[str], None]] = field(default_factory=list)
    strict: bool = False
    internet: IPv4Network = field(default_factory=lambda: IPv4Network("127.200.0.0/16"))
    wire: dict[IPv4Network | IPv6Network, IPv4Network] = field(default_factory=dict)
    internet_holders: dict[str, str] = field(default_factory=dict)
    elastic_addresses: dict[str, str] = field(default_factory=dict)
    quotas: dict[str, int] = field(default_factory=dict)
    health: Callable[[], Mapping[ListenerKey, Mapping[str, str]]] | None = None
    later: Callable[[float, Callable[[], None]], None] | None = None
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def find(self, resource_id: str) -> Any | None:
        """Look a thing up by its id in every product."""
        return next((thing for state in self.states.values() if (thing := state.find(resource_id)) is not None), None)

    def new_id(self, prefix: str) -> str:
        """Make an id in the cloud's style (`lb-`, `rsp-`, `vtb-` ...), the same in every run of the same steps."""
        return f"{prefix}bp1{next(self._numbers):017x}"

    def clear(self) -> None:
        """Forget everything that exists, and begin the ids anew; settings, clock and listeners stay."""
        self.states.clear()
        self.internet_holders.clear()
        self.elastic_addresses.clear()
        self._numbers = itertools.count(1)

    def changed(self, resource_id: str = "") -> None:
        """Tell the data plane that what it should carry may have changed, around one thing or anywhere."""
        for listener in self.on_change:
            listener(resource_id)

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        """Have something done so many seconds later, or at once; where nobody waits, whoever looks next does it."""
        if seconds <= 0:
            do()
        elif self.later is not None:
            self.later(seconds, do)

    def wire_address(self, address: str) -> str:
        """Say where an address of the API really answers: mapped by `wire`, else itself."""
        asked = ip_address(address)
        for announced, real in self.wire.items():
            if asked in announced:
                return str(real[int(asked) - int(announced.network_address)])
        return address

    def take_internet_address(self, holder: str, network: IPv4Network | IPv6Network, address: str = "") -> str:
        """Give the holder that public address, or the first free one of a network; "" when it, or all, are in use."""
        free = [address] if address else map(str, network.hosts())
        chosen = next((each for each in free if each not in self.internet_holders), "")
        if chosen:
            self.internet_holders[chosen] = holder
        return chosen

    def release_internet_address(self, address: str) -> None:
        """Make a public address free again."""
        self.internet_holders.pop(address, None)
