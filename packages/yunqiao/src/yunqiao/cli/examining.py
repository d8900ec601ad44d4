"""Cluster and cloud within reach of `yunqiao doctor`: connected to, then looked at by what is in install/."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from email.utils import parsedate_to_datetime

import aiohttp

from yunqiao.cli.api_server import Unreached, api_server
from yunqiao.cli.reaching import reach
from yunqiao.cloud.metadata import Metadata
from yunqiao.cloud.metrics import CallMetrics
from yunqiao.cloud.providers import provider
from yunqiao.cloud.sign import AccessKey
from yunqiao.engine.clock import MonotonicClock
from yunqiao.install import look_cloud, look_cluster
from yunqiao.install.configuration import Given
from yunqiao.install.examination import Case
from yunqiao.install.look_cloud import Reach
from yunqiao.install.permissions import PRODUCTS
from yunqiao.install.sight import UNUSABLE, Cloud, Cluster
from yunqiao.kube.client import Client
from yunqiao.model.clock import Clock
from yunqiao.model.errors import Trouble
from yunqiao.settings import Settings

PATIENCE = 10.0
"""Seconds for the cloud to tell its time."""


async def looked_at(given: Given, settings: Settings | None, tell: Callable[[str], None]) -> Case:
    """Look at cluster and cloud, as far as the settings allow; `tell` is told what is being done."""
    if settings is None:
        return Case(given, Settings(), UNUSABLE, UNUSABLE)
    clock = MonotonicClock()
    async with AsyncExitStack() as stack:
        tell("looking at the cluster ...")
        client, cluster = await _cluster(stack, settings, clock)
        cloud: Cloud | Trouble = UNUSABLE
        if not given.problems:
            tell("looking at the cloud ...")
            cloud = await _cloud(stack, settings, client, cluster)
        tell("")
    return Case(given, settings, cluster, cloud)


async def _cluster(stack: AsyncExitStack, settings: Settings, clock: Clock) -> tuple[Client, Cluster | Trouble]:
    try:
        server = await stack.enter_async_context(api_server(settings, clock))
    except Trouble as trouble:
        return Unreached(trouble), trouble
    cluster = await look_cluster.look(server, settings)
    return (Unreached(cluster) if isinstance(cluster, Trouble) else server.client), cluster


async def _cloud(
    stack: AsyncExitStack, settings: Settings, client: Client, cluster: Cluster | Trouble
) -> Cloud | Trouble:
    """Look at the cloud; where the cluster cannot tell its id, that need not keep us from it."""
    clock = MonotonicClock()
    named = settings.cluster_id or (not isinstance(cluster, Trouble) and cluster.tells_its_id)
    try:
        reached = await stack.enter_async_context(
            reach(settings if named else replace(settings, cluster_id="unknown"), client, clock, CallMetrics())
        )
    except Trouble as trouble:
        return trouble
    endpoints, region = settings.endpoints, reached.rules.region
    hosts = {product: endpoints.host(product, region) for product in PRODUCTS}
    key, skew = await asyncio.gather(_key(settings, clock), _skew(endpoints.url("ecs", region)))
    first = Cloud(reached.rules, hosts, key, skew)
    if isinstance(first.key, Trouble):
        return first
    nodes = () if isinstance(cluster, Trouble) or isinstance(cluster.nodes, Trouble) else cluster.nodes
    return await look_cloud.look(Reach(reached.send, reached.instances, settings, clock), first, nodes)


async def _key(settings: Settings, clock: Clock) -> AccessKey | Trouble:
    """The key that calls are signed with, or why there is none."""
    async with Metadata(clock, settings.metadata_endpoint) as metadata:
        try:
            return await provider(settings.source, metadata)()
        except Trouble as trouble:
            return trouble


async def _skew(url: str) -> float | None:
    """Seconds that our clock is ahead of the one at `url`; None when it does not tell."""
    patience = aiohttp.ClientTimeout(total=PATIENCE)
    try:
        async with aiohttp.ClientSession(timeout=patience, trust_env=True) as session, session.head(url) as answer:
            return time.time() - parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (aiohttp.ClientError, OSError, KeyError, ValueError):
        return None
