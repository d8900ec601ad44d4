"""Look at the cluster: whatever can be read is read, and what cannot says why."""

import asyncio
from collections.abc import Sequence
from typing import Protocol, TypeVar

from yunqiao.install.permissions import Right, rights
from yunqiao.install.sight import Cluster, Lock
from yunqiao.model.errors import Trouble
from yunqiao.model.kubernetes import NODE, SERVICE, Kind, Listing
from yunqiao.settings import Settings

T = TypeVar("T")


class Kubernetes(Protocol):
    """What is asked of the API server."""

    server: str
    """Where it is, and where that was found, in words."""

    async def version(self) -> str:
        """Its version, such as v1.31.0. Raises Trouble when it is not reached, or does not accept who we are."""
        ...

    async def user(self) -> str:
        """Whom it takes us for; empty when it does not tell."""
        ...

    async def may(self, right: Right) -> bool:
        """Whether we have that right. Raises Trouble."""
        ...

    async def list(self, kind: Kind[T]) -> Listing[T]:
        """Everything of that kind. Raises Trouble."""
        ...

    async def lock(self, settings: Settings) -> Lock | None:
        """The Lease that the controller takes; None when there is none. Raises Trouble."""
        ...

    async def other_locks(self, settings: Settings) -> Sequence[Lock]:
        """Locks that other controllers may hold, as far as they can be read."""
        ...


async def look(kubernetes: Kubernetes, settings: Settings) -> Cluster | Trouble:
    """All that the checks need; a Trouble when the API server cannot be used at all."""
    try:
        version = await kubernetes.version()
    except Trouble as trouble:
        return trouble
    return Cluster(
        server=kubernetes.server,
        version=version,
        user=await kubernetes.user(),
        allowed=await _allowed(kubernetes, settings),
        nodes=await _all(kubernetes, NODE),
        services=await _all(kubernetes, SERVICE),
        lock=await _lock(kubernetes, settings),
        others=await kubernetes.other_locks(settings),
    )


async def _allowed(kubernetes: Kubernetes, settings: Settings) -> dict[Right, bool] | Trouble:
    lease = (settings.lease.namespace, settings.lease.name) if settings.lease.enabled else ("", "")
    asked = rights(settings.controllers, lease, settings.lease.legacy_lock, has_id=bool(settings.cluster_id))
    try:
        return dict(zip(asked, await asyncio.gather(*map(kubernetes.may, asked)), strict=True))
    except Trouble as trouble:
        return trouble


async def _all(kubernetes: Kubernetes, kind: Kind[T]) -> Sequence[T] | Trouble:
    try:
        return (await kubernetes.list(kind)).items
    except Trouble as trouble:
        return trouble


async def _lock(kubernetes: Kubernetes, settings: Settings) -> Lock | Trouble | None:
    try:
        return await kubernetes.lock(settings)
    except Trouble as trouble:
        return trouble
