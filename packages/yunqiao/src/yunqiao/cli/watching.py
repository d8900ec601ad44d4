"""What Kubernetes says, kept in caches, and the queue of Services that each change concerns.

A standby watches as the leader does; its queue fills by one entry per Service at most, and is worked on once it leads.
"""

import asyncio
import gc
import random
from collections.abc import Callable, Mapping
from typing import Any

from yunqiao.controllers.services.identity import classed
from yunqiao.controllers.services.triggers import concerns_us, key_of, node_changed, service_changed, slice_changed
from yunqiao.engine.queue import Queue
from yunqiao.kube.client import Client
from yunqiao.kube.snapshot import Caches, readable_endpoints
from yunqiao.kube.watch import Reflector
from yunqiao.model.clock import Clock
from yunqiao.model.cluster import Endpoints, EndpointSlice, Node, Service
from yunqiao.model.kubernetes import ENDPOINT_SLICE, ENDPOINTS, NODE, SERVICE

FIRST_RETRY = 1.0
"""Seconds until a Service whose call got no clear answer is looked at again; each further time twice as long."""
BACKENDS, WISHES = 0, 1
"""Priorities: endpoints and nodes that change come before Services that do."""


OnNode = Callable[[Node | None, Node | None], None]
"""Told each change of a node as (old, new)."""


class Watching:
    """Reflectors and caches for every controller, and the queue of the Service controller.

    `gates` are the feature gates by name.
    """

    def __init__(self, client: Client, clock: Clock, gates: Mapping[str, bool]) -> None:
        self.caches = Caches(meant=classed) if gates["LoadBalancerTypeAnnotation"] else Caches()
        self.queue: Queue[str] = Queue(clock, random.random, first=FIRST_RETRY)
        self._client, self.clock = client, clock
        self._synced = asyncio.Event()
        self._on_node: list[OnNode] = []

    async def run(self) -> None:
        """Watch until cancelled. Garbage is collected once everything is listed: while it grows, there is none."""
        gc.disable()
        reflectors: list[Reflector[Any]] = [
            Reflector(self._client, SERVICE, self.caches.services, self._service, self.clock),
            Reflector(self._client, NODE, self.caches.nodes, self._node, self.clock),
            await self._endpoints(),
        ]
        async with asyncio.TaskGroup() as tasks:
            for reflector in reflectors:
                tasks.create_task(reflector.run())
            for reflector in reflectors:
                await reflector.has_synced.wait()
            gc.collect()
            gc.freeze()  # what was listed stays for long: a full collection need not walk it again
            gc.enable()
            self._synced.set()

    async def synced(self) -> None:
        """Come back when everything that there was at the start is known."""
        await self._synced.wait()

    def follow_nodes(self, on_node: OnNode) -> None:
        """Tell `on_node` of every node there is, and of every change from now on."""
        for node in self.caches.nodes:
            on_node(None, node)
        self._on_node.append(on_node)

    async def _endpoints(self) -> Reflector[Any]:
        if await readable_endpoints(self._client, self.clock) is ENDPOINT_SLICE:
            return Reflector(self._client, ENDPOINT_SLICE, self.caches.slices, self._slice, self.clock)
        return Reflector(self._client, ENDPOINTS, self.caches.endpoints, self._old_endpoints, self.clock)

    def _service(self, old: Service | None, new: Service | None) -> None:
        if new is not None and service_changed(old, new):
            self.queue.add(key_of(new), WISHES)

    def _slice(self, old: EndpointSlice | None, new: EndpointSlice | None) -> None:
        for key in slice_changed(old, new):
            self._backends(key)

    def _old_endpoints(self, old: Endpoints | None, new: Endpoints | None) -> None:
        if old is None or new is None or old.subsets != new.subsets:
            meta = (new or old).metadata  # type: ignore[union-attr]  # one of the two is there
            self._backends(f"{meta.namespace}/{meta.name}")

    def _node(self, old: Node | None, new: Node | None) -> None:
        for on_node in self._on_node:
            on_node(old, new)
        if node_changed(old, new):
            self.nodes_changed()

    def nodes_changed(self) -> None:
        """Every Service may have other backends now."""
        for service in self.caches.services:
            self._backends(key_of(service))

    def _backends(self, key: str) -> None:
        service = self.caches.services.get(key)
        if service is not None and concerns_us(service):
            self.queue.add(key, BACKENDS)
