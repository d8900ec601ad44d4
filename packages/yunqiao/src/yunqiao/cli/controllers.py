"""Which controllers there are, and how each is put together: one function per controller, one line in the table.

Each works until it is cancelled, with a queue of its own; Events carry the name of the controller that tells them.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from yunqiao.cli.reaching import Cloud
from yunqiao.cli.watching import FIRST_RETRY, Watching
from yunqiao.cloud.vpc import ROUTES_PER_CALL
from yunqiao.controllers.nodes.kinds import is_uninitialized
from yunqiao.controllers.nodes.reconcile import Nodes
from yunqiao.controllers.nodes.rules import MOST
from yunqiao.controllers.nodes.rules import Rules as NodeRules
from yunqiao.controllers.nodes.site import Site
from yunqiao.controllers.routes.reconcile import KEY, Routes
from yunqiao.controllers.routes.rules import Rules as RouteRules
from yunqiao.controllers.routes.site import Site as RouteSite
from yunqiao.controllers.services.claims import Claims
from yunqiao.controllers.services.reconcile import Services
from yunqiao.controllers.services.site import Site as ServiceSite
from yunqiao.engine import batches, loop
from yunqiao.engine.batches import Batching
from yunqiao.engine.figures import Figures
from yunqiao.engine.queue import Queue
from yunqiao.kube.client import Client
from yunqiao.kube.events import Recorder
from yunqiao.model.candidate import unreadable
from yunqiao.model.clock import Clock
from yunqiao.model.cluster import Node, ObjectReference, Service
from yunqiao.model.kubernetes import NODE, POD
from yunqiao.settings import Settings

log = logging.getLogger("yunqiao")

BATCHES_AT_ONCE = 4
"""Batches of nodes that are worked on side by side: one that waits for its rate limit keeps no other waiting."""
NODES_TOGETHER = 0.05
"""Seconds for which a node that load balancers wait for waits for others that are asked about in the same call."""
PATIENCE = 10.0
"""Seconds for which Services wait at the start until the nodes are checked."""
JOINING = -1
"""Priority of nodes that wait to be used, over those that are only looked at."""


@dataclass(frozen=True, slots=True)
class Footing:
    """What every controller stands on; `events` is the connection for Events, `show` takes a controller's figures.

    `after_ours` says that nobody but a yunqiao led before us.
    """

    settings: Settings
    kube: Client
    events: Client
    watching: Watching
    cloud: Cloud
    show: Callable[[Figures], None]
    after_ours: bool

    @property
    def clock(self) -> Clock:
        """The clock of everything here."""
        return self.watching.clock


async def services(footing: Footing) -> None:
    """Services of type LoadBalancer to balancers."""
    watching, cloud = footing.watching, footing.cloud
    async with _telling(footing, "service-controller") as tell:
        claims = Claims(
            cloud.instances,
            cloud.rules.region,
            footing.settings.vpc_id,
            watching.nodes_changed,
            partial(_doubted, footing, tell),
        )
        story = Services(ServiceSite(
            lambda key: (found := watching.caches.snapshot(key)) and claims.judge(found), footing.kube.patch,
            cloud.send, tell, cloud.rules, footing.clock,
            trusts_records=footing.after_ours, wake=watching.queue.add, pod=partial(footing.kube.get, POD),
            look=cloud.where_nodes_are(watching.caches.nodes.__iter__),
        ))  # fmt: skip
        watching.follow_nodes(partial(_out_of_reach, tell))
        async with asyncio.TaskGroup() as tasks:
            checked = await _checking(footing, claims, tasks)
            await asyncio.wait([checked], timeout=PATIENCE)
            await loop.run(watching.queue, story.reconcile, story.report, footing.settings.service_workers)


async def _checking(footing: Footing, claims: Claims, tasks: asyncio.TaskGroup) -> "asyncio.Task[Any]":
    """Check every node's claim from now on; gives the check of those that are there already."""
    queue: Queue[str] = Queue(footing.clock, random.random, FIRST_RETRY)

    def noticed(old: Node | None, new: Node | None) -> None:
        if claims.noticed(old, new) and new is not None:
            queue.add(new.metadata.name)

    footing.watching.follow_nodes(noticed)
    batching = Batching(MOST, NODES_TOGETHER, BATCHES_AT_ONCE)
    tasks.create_task(batches.run(queue, claims.check, claims.report, batching, footing.clock), name="claims")
    return tasks.create_task(claims.check([one.metadata.name for one in footing.watching.caches.nodes]))


def _doubted(
    footing: Footing, tell: Callable[[Node, Literal["Normal", "Warning"], str, str], None], name: str, text: str
) -> None:
    node = footing.watching.caches.nodes.get(name)
    if node is not None:
        tell(node, "Warning", "NodeNotConfirmed", text)


def _out_of_reach(
    tell: Callable[[Node, Literal["Normal", "Warning"], str, str], None], old: Node | None, new: Node | None
) -> None:
    """Say on a node itself, once, that no balancer can reach it."""
    text = unreadable(new) if new is not None else ""
    if new is not None and text and (old is None or unreadable(old) != text):
        tell(new, "Warning", "UnreadableProviderID", text)


async def nodes(footing: Footing) -> None:
    """Nodes to ECS instances."""
    watching, cloud, settings = footing.watching, footing.cloud, footing.settings
    queue: Queue[str] = Queue(footing.clock, jitter=lambda: 0.0, first=FIRST_RETRY)  # what failed together, waits so
    async with _telling(footing, "node-controller") as tell:
        cache, patch = watching.caches.nodes, partial(footing.kube.patched, NODE)
        site = Site(
            cache.__iter__,
            cache.get,
            patch,
            footing.kube.delete,
            cloud.send,
            cloud.instances,
            tell,
            node_rules(settings, cloud),
            footing.clock,
        )
        story = Nodes(site)

        def noticed(old: Node | None, new: Node | None) -> None:
            if story.noticed(old, new) and new is not None:
                queue.add(new.metadata.name, JOINING if is_uninitialized(new) else 0)

        watching.follow_nodes(noticed)
        footing.show(story.figures)
        workers = max(settings.node_workers, BATCHES_AT_ONCE)
        batching = Batching(min(MOST, settings.nodes_per_call), settings.node_event_wait, workers)
        await batches.run(queue, story.reconcile, story.report, batching, footing.clock)


def node_rules(settings: Settings, cloud: Cloud) -> NodeRules:
    """What the owner has set for nodes."""
    rules = cloud.rules
    return NodeRules(
        region=rules.region,
        vpc_id=rules.vpc_id,
        routes=settings.configure_routes and "route" in settings.controllers and "route" in CONTROLLERS,
        checks_stay=settings.skip_source_dest_check,
        ipv6=settings.feature_gates.get("IPv6DualStack", False),
    )


async def routes(footing: Footing) -> None:
    """Pod ranges of nodes to routes of the VPC; all nodes are one key, since the VPC takes one change at a time."""
    settings, clock, get = footing.settings, footing.clock, footing.kube.get
    if not settings.configure_routes:
        log.info("no routes are written: --configure-cloud-routes=false")
        return
    if not settings.cluster_cidrs:
        log.warning("--cluster-cidr is not set: whatever pod range a node has is taken for one of the cluster")
    queue: Queue[str] = Queue(clock, random.random, FIRST_RETRY)
    async with _telling(footing, "route-controller") as tell:
        story = Routes(
            RouteSite(
                footing.watching.caches.nodes.__iter__, partial(get, NODE, ""), footing.kube.patch,
                footing.cloud.send, footing.cloud.instances, tell, route_rules(settings, footing.cloud), clock,
            )
        )  # fmt: skip

        def noticed(old: Node | None, new: Node | None) -> None:
            if story.noticed(old, new):
                queue.add(KEY, after=settings.node_event_wait)

        queue.add(KEY)
        footing.watching.follow_nodes(noticed)
        footing.show(story.figures)
        await loop.run(queue, story.reconcile, story.report, workers=1)


def route_rules(settings: Settings, cloud: Cloud) -> RouteRules:
    """What the owner has set for routes."""
    rules = cloud.rules
    return RouteRules(
        region=rules.region,
        cluster=rules.cluster,
        vpc_id=rules.vpc_id,
        table_ids=settings.route_table_ids,
        cluster_cidrs=settings.cluster_cidrs,
        together=min(ROUTES_PER_CALL, settings.routes_per_call),
        period=settings.route_period,
    )


CONTROLLERS: Mapping[str, Callable[[Footing], Coroutine[Any, Any, None]]] = {
    "service": services,
    "node": nodes,
    "route": routes,
}
"""By their names in --controllers."""


@asynccontextmanager
async def _telling(
    footing: Footing, component: str
) -> AsyncIterator[Callable[[Service | Node, Literal["Normal", "Warning"], str, str], None]]:
    """Record Events: they are written beside the work, and what is still unwritten at the end is not lost."""
    recorder = Recorder(footing.events, component, footing.clock)
    writing = asyncio.create_task(recorder.run(), name=f"events of {component}")

    def tell(about: Service | Node, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        recorder.record(_reference(about), kind, reason, message)

    try:
        yield tell
    finally:
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing
        await recorder.flush()


def _reference(about: Service | Node) -> ObjectReference:
    """The object with its UID, without which `kubectl describe` does not show what is told of it."""
    meta = about.metadata
    return ObjectReference(
        api_version="v1", kind=type(about).__name__, namespace=meta.namespace, name=meta.name, uid=meta.uid
    )
