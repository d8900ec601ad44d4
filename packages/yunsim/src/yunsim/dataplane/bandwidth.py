"""How fast the bytes of a listener pass, each way: into the balancer, and out of it.

A listener with a bandwidth of its own has that; the others of a balancer share what those leave of the balancer's
(https://www.alibabacloud.com/help/doc-detail/85930.htm), and both ways have as much
(https://www.alibabacloud.com/help/doc-detail/58760.htm). The cloud drops packets. Here a connection that has brought
too much is not read for a while, which slows its sender down as drops would; datagrams are dropped. What is counted is
what is read, after TLS: bounds are loose by one read of each connection.
"""

import asyncio
from typing import Protocol
from weakref import WeakValueDictionary

from yunsim.dataplane.engine import Listener

BYTES = 125_000
"""Bytes a second in one Mbit/s."""
BURST = 0.1
"""Seconds for which a bandwidth that was not used is kept."""
PATIENCE = 1.0
"""Seconds after which whoever waits looks again, as the bandwidth may have become another."""
REASON = "too fast"
"""Why a reader is held."""


class Reader(Protocol):
    """A connection that is read from."""

    def hold(self, reason: str) -> None:
        """Stop reading until every reason is released."""
        ...

    def release(self, reason: str) -> None:
        """Read again when no other reason holds."""
        ...


class Bucket:
    """What may pass one way: it fills with time; what was read is taken out, also when that is more than there is."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._rate: float | None = None
        self._content = 0.0
        self._filled_at = self._loop.time()
        self._waiting: set[Reader] = set()
        self._timer: asyncio.TimerHandle | None = None

    def allow(self, mbits: float | None) -> None:
        """Let that much pass from now on, in Mbit/s; None: as much as comes."""
        self._fill()
        self._rate = None if mbits is None else mbits * BYTES

    def take(self, size: int) -> bool:
        """Take a datagram of that many bytes, or tell that it is too much."""
        if self._overdrawn():
            return False
        self._content -= size
        return True

    def charge(self, size: int, reader: Reader) -> None:
        """Take what somebody has read, who reads no more until that much was allowed."""
        if self._rate is None:
            return
        self._fill()
        self._content -= size
        if self._overdrawn() and reader not in self._waiting:
            self._waiting.add(reader)
            reader.hold(REASON)
            self._wait()

    def _overdrawn(self) -> bool:
        self._fill()
        return self._rate is not None and self._content < 0

    def _fill(self) -> None:
        now = self._loop.time()
        passed, self._filled_at = now - self._filled_at, now
        if self._rate is None:
            self._content = 0.0
        else:
            self._content = min(self._rate * BURST, self._content + passed * self._rate)

    def _wait(self) -> None:
        if self._timer is None:
            seconds = -self._content / self._rate if self._rate else PATIENCE
            self._timer = self._loop.call_later(max(0.001, min(PATIENCE, seconds)), self._look)

    def _look(self) -> None:
        self._timer = None
        if self._overdrawn():
            self._wait()
            return
        waiting, self._waiting = self._waiting, set()
        for reader in waiting:
            reader.release(REASON)


class Lane:
    """Both ways of one listener, or of all that share a balancer's bandwidth."""

    def __init__(self) -> None:
        self.inward, self.outward = Bucket(), Bucket()

    def allow(self, mbits: float | None) -> None:
        """Let that much pass each way from now on, in Mbit/s; None: as much as comes."""
        self.inward.allow(mbits)
        self.outward.allow(mbits)


class Lanes:
    """The lanes of all listeners of an engine; those that nobody uses are forgotten."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[object, Lane] = WeakValueDictionary()

    def of(self, listener: Listener) -> Lane:
        """The lane of a listener, as wide as it is to be."""
        bandwidth, owner = listener.bandwidth, listener.load_balancer_id
        shared = bandwidth is not None and bandwidth.shared
        lane = self._known.setdefault(owner if shared else (owner, listener.protocol, listener.port), Lane())
        lane.allow(bandwidth.mbits if bandwidth else None)
        return lane
