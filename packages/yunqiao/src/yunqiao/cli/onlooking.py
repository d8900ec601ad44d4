"""A look at cluster and cloud for commands that write nothing: everything listed once, the cloud within reach."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from yunqiao.cli.reaching import Cloud, reach, transport
from yunqiao.cli.watching import Watching
from yunqiao.cloud.metrics import CallMetrics
from yunqiao.controllers.services.claims import Claims
from yunqiao.controllers.services.rehearsal import Stage
from yunqiao.engine.clock import MonotonicClock
from yunqiao.kube.client import Client
from yunqiao.kube.connect import find
from yunqiao.kube.limit import RateLimit
from yunqiao.kube.snapshot import Caches
from yunqiao.model.errors import Lost, Trouble
from yunqiao.model.kubernetes import NODE, POD, SERVICE
from yunqiao.settings import Settings

log = logging.getLogger("yunqiao")

PATIENCE = 60.0
"""Seconds for all objects to be listed."""


@dataclass(frozen=True, slots=True)
class View:
    """The cluster's objects as of now, its API for more, and the settings and clock they are looked at with."""

    settings: Settings
    client: Client
    caches: Caches
    clock: MonotonicClock

    @asynccontextmanager
    async def cloud(self) -> AsyncIterator[Cloud]:
        """The cloud's API. Raises Refused when something is missing that only the user can give."""
        async with reach(self.settings, self.client, self.clock, CallMetrics()) as cloud:
            yield cloud

    @asynccontextmanager
    async def stage(self) -> AsyncIterator[Stage]:
        """What Services are rehearsed on. Raises as `cloud` does."""
        async with self.cloud() as cloud:
            yield await self.staged(cloud)

    async def staged(self, cloud: Cloud) -> Stage:
        """The same, for whoever has the cloud already."""
        claims = await self._checked(cloud)
        return Stage(
            cloud.send, cloud.rules, self.clock, partial(self.client.get, POD), claims.judge, claims.doubts,
            cloud.where_nodes_are(self.caches.nodes.__iter__),
        )  # fmt: skip

    async def _checked(self, cloud: Cloud) -> Claims:
        """Ask ECS whether the nodes are what they claim to be."""
        claims = Claims(
            cloud.instances,
            cloud.rules.region,
            self.settings.vpc_id,
            tell=lambda name, text: log.warning("%s: %s", name, text),
        )
        names = [node.metadata.name for node in self.caches.nodes if claims.noticed(None, node)]
        for name, outcome in (await claims.check(names)).items():
            if isinstance(outcome, Trouble):
                claims.report(name, outcome)
        return claims


@asynccontextmanager
async def look(settings: Settings) -> AsyncIterator[View]:
    """List what the controller lists. Raises Refused naming the RBAC rule that is missing, Lost."""
    clock = MonotonicClock()
    limit = RateLimit(clock, settings.kube_qps, settings.kube_burst)
    async with Client(transport(find(clock, settings.kubeconfig, os.environ), limit)) as client:
        for kind in (SERVICE, NODE):
            await client.probe(kind)
        watching = Watching(client, clock, settings.feature_gates)
        watch = asyncio.create_task(watching.run(), name="watching")
        try:
            await _synced(watching, watch)
            yield View(settings, client, watching.caches, clock)
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)


async def _synced(watching: Watching, watch: "asyncio.Task[None]") -> None:
    synced = asyncio.create_task(watching.synced(), name="synced")
    done, _ = await asyncio.wait({synced, watch}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    synced.cancel()
    if watch in done:
        watch.result()
    if synced not in done:
        raise Lost(f"the cluster's objects were not listed within {PATIENCE:g} s; with -v=1 it is told what hangs")
