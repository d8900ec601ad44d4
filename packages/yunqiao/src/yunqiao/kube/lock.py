"""The two kinds of lock that an election is held on, in the records that client-go writes and reads.

A Lease is the lock of today. Older controllers hold the annotation `control-plane.alpha.kubernetes.io/leader` on an
Endpoints or a ConfigMap instead. Both are updated under their resourceVersion, so of two writers one is turned down.
https://kubernetes.io/docs/concepts/architecture/leases/
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from yunqiao.model.kubernetes import CONFIG_MAP, ENDPOINTS_AS_WRITTEN, LEASE, Kind

LEADER = "control-plane.alpha.kubernetes.io/leader"
TENURE = "yunqiao/lease-transitions"
"""Our mark beside the record: the count of transitions under which a yunqiao led. Another kind of leader counts on."""

LEGACY: Mapping[str, Kind[dict[str, Any]]] = {"endpoints": ENDPOINTS_AS_WRITTEN, "configmaps": CONFIG_MAP}

Thing = Mapping[str, Any]


class Store(Protocol):
    """What a lock needs of kube.client.Client."""

    async def get(self, kind: Kind[dict[str, Any]], namespace: str, name: str) -> dict[str, Any] | None:
        """The object, or None."""
        ...

    async def create(self, kind: str, namespace: str, body: Mapping[str, Any]) -> None:
        """Create; one that exists raises Stale."""
        ...

    async def update(self, kind: Kind[dict[str, Any]], body: Mapping[str, Any]) -> None:
        """Replace; one that has changed raises Stale."""
        ...


@dataclass(frozen=True, slots=True)
class Record:
    """Who holds a lock: times are wall clock and for people to read, nobody compares them with another machine's."""

    holder: str = ""
    seconds: int = 0
    acquired: str = ""
    renewed: str = ""
    transitions: int = 0


class Lock(Protocol):
    """Where a Record is kept in an object."""

    @property
    def kind(self) -> Kind[dict[str, Any]]:
        """The kind of that object."""
        ...

    def read(self, thing: Thing) -> Record:
        """The record in the object; empty when there is none."""
        ...

    def write(self, thing: Thing, record: Record) -> dict[str, Any]:
        """The object with that record, everything else in it untouched."""
        ...

    def time(self, moment: datetime) -> str:
        """A moment as this lock spells it."""
        ...


class LeaseLock:
    """The record is the `spec` of a Lease; its times have microseconds."""

    kind = LEASE

    def read(self, thing: Thing) -> Record:
        """Read `spec`."""
        spec = thing.get("spec") or {}
        return Record(
            spec.get("holderIdentity") or "",
            spec.get("leaseDurationSeconds") or 0,
            spec.get("acquireTime") or "",
            spec.get("renewTime") or "",
            spec.get("leaseTransitions") or 0,
        )

    def write(self, thing: Thing, record: Record) -> dict[str, Any]:
        """Change `spec`."""
        spec = {
            **(thing.get("spec") or {}),
            "holderIdentity": record.holder,
            "leaseDurationSeconds": record.seconds,
            "acquireTime": record.acquired,
            "renewTime": record.renewed,
            "leaseTransitions": record.transitions,
        }
        return {**thing, "spec": spec}

    def time(self, moment: datetime) -> str:
        """A MicroTime."""
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True)
class AnnotationLock:
    """The record is JSON in an annotation of an Endpoints or a ConfigMap; its times have seconds."""

    kind: Kind[dict[str, Any]]

    def read(self, thing: Thing) -> Record:
        """Read the annotation; one that is no record holds nobody back."""
        text = (thing["metadata"].get("annotations") or {}).get(LEADER, "")
        try:
            held = msgspec.json.decode(text, type=_Annotation)
        except msgspec.MsgspecError:
            return Record()
        return Record(
            held.holder_identity, held.lease_duration_seconds, held.acquire_time or "", held.renew_time or "",
            held.leader_transitions,
        )  # fmt: skip

    def write(self, thing: Thing, record: Record) -> dict[str, Any]:
        """Change the annotation."""
        held = _Annotation(record.holder, record.seconds, record.acquired, record.renewed, record.transitions)
        return annotated(thing, LEADER, msgspec.json.encode(held).decode())

    def time(self, moment: datetime) -> str:
        """A Time."""
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Annotation(msgspec.Struct, rename="camel"):
    holder_identity: str = ""
    lease_duration_seconds: int = 0
    acquire_time: str | None = None
    renew_time: str | None = None
    leader_transitions: int = 0


def annotated(thing: Thing, key: str, value: str) -> dict[str, Any]:
    """Give the object with that annotation."""
    metadata = thing["metadata"]
    return {**thing, "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), key: value}}}


def annotation(thing: Thing, key: str) -> str:
    """Give the value of an annotation; empty when there is none."""
    return str((thing["metadata"].get("annotations") or {}).get(key, ""))


def locks(resource_lock: str) -> list[Lock]:
    """Give the locks that all must be held for a --leader-elect-resource-lock: always the Lease, first.

    `endpoints`, `configmaps`, `endpointsleases` and `configmapsleases` add the annotation that older controllers hold,
    so that during an upgrade there is one leader.
    """
    legacy = LEGACY.get(resource_lock.removesuffix("leases"))
    return [LeaseLock(), AnnotationLock(legacy)] if legacy else [LeaseLock()]
