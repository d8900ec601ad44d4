"""One lock as one candidate sees it: who holds it, since when by our own clock, and our attempts to hold it."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from yunqiao.kube.lock import TENURE, Lock, Record, Store, annotated, annotation
from yunqiao.model.clock import Clock


@dataclass(frozen=True, slots=True)
class Terms:
    """The times of an election in seconds: --leader-elect-lease-duration, -renew-deadline and -retry-period."""

    lease: float = 15.0
    renew: float = 10.0
    retry: float = 2.0

    def __post_init__(self) -> None:
        """Raise ValueError naming the flags when two leaders would be possible."""
        if not 0 < self.retry * 1.2 < self.renew < self.lease:
            raise ValueError(
                f"--leader-elect-lease-duration ({self.lease} s) must be above --leader-elect-renew-deadline "
                f"({self.renew} s), and that above 1.2 times --leader-elect-retry-period ({self.retry} s)"
            )


USUAL = Terms()


class Claim:
    """A lock at a place (namespace, name).

    `after_ours` says, once it is held, whether a yunqiao held it before.
    """

    def __init__(
        self, store: Store, lock: Lock, place: tuple[str, str], identity: str, terms: Terms, clock: Clock
    ) -> None:
        self._store, self._lock, self._identity, self._terms, self._clock = store, lock, identity, terms, clock
        self._namespace, self._name = place
        self._seen = Record()
        self._seen_at = float("-inf")
        self.after_ours = False

    def __str__(self) -> str:
        """`Lease kube-system/ccm`."""
        return f"{self._lock.kind.name} {self._namespace}/{self._name}"

    @property
    def holder(self) -> str:
        """Who held it when we last looked."""
        return self._seen.holder

    async def hold(self) -> bool:
        """Take or renew it if we may; whether we hold it now. Raises Trouble."""
        thing = await self._store.get(self._lock.kind, self._namespace, self._name)
        old = self._lock.read(thing or self._blank())
        if old != self._seen:
            self._seen, self._seen_at = old, self._clock.now()
        if not self._free(old):
            return False
        await self._write(thing, old, self._ours(old))
        return True

    async def release(self) -> None:
        """Let others take it at once. Raises Trouble."""
        thing = await self._store.get(self._lock.kind, self._namespace, self._name)
        if thing is not None and (old := self._lock.read(thing)).holder == self._identity:
            now = self._lock.time(datetime.now(UTC))
            await self._write(thing, old, Record("", 1, now, now, old.transitions))

    def _free(self, record: Record) -> bool:
        if record.holder in ("", self._identity):
            return True
        promised = record.seconds or self._terms.lease
        return self._clock.now() >= self._seen_at + promised

    def _ours(self, old: Record) -> Record:
        now = self._lock.time(datetime.now(UTC))
        mine = Record(self._identity, math.ceil(self._terms.lease), now, now, old.transitions)
        if old.holder == self._identity:
            return replace(mine, acquired=old.acquired)
        return mine if old == Record() else replace(mine, transitions=old.transitions + 1)

    async def _write(self, thing: dict[str, object] | None, old: Record, new: Record) -> None:
        whole = self._lock.write(thing or self._blank(), new)
        if new.holder == self._identity:
            if old.holder != self._identity:
                self.after_ours = thing is not None and annotation(thing, TENURE) == str(old.transitions)
            whole = annotated(whole, TENURE, str(new.transitions))
        if thing is None:
            await self._store.create(self._lock.kind.name, self._namespace, whole)
        else:
            await self._store.update(self._lock.kind, whole)
        self._seen, self._seen_at = new, self._clock.now()

    def _blank(self) -> dict[str, object]:
        kind = self._lock.kind
        return {"apiVersion": kind.api, "kind": kind.name,
                "metadata": {"name": self._name, "namespace": self._namespace}}  # fmt: skip
