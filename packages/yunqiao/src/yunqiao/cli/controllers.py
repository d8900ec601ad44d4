"""Which controllers there are, and how each is put together: one function per controller, one line in the table.

Each works until it is cancelled, with a queue of its own; Events carry the name of the controller that tells them.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from yunqiao.cli.reaching import Cloud
from yunqiao.cli.watching import Watching
from yunqiao.controllers.services.reconcile import Services
from yunqiao.engine import loop
from yunqiao.engine.figures import Figures
from yunqiao.kube.client import Client
from yunqiao.kube.events import Recorder
from yunqiao.model.candidate import unreadable
from yunqiao.model.clock import Clock
from yunqiao.model.cluster import Node, ObjectReference, Service
from yunqiao.model.kubernetes import POD
from yunqiao.settings import Settings


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
        story = Services(
            watching.caches.snapshot, footing.kube.patch, cloud.send, tell, cloud.rules, footing.clock,
            trusts_records=footing.after_ours, wake=watching.queue.add, pod=partial(footing.kube.get, POD),
        )  # fmt: skip
        watching.follow_nodes(partial(_out_of_reach, tell))
        await loop.run(watching.queue, story.reconcile, story.report, footing.settings.service_workers)


def _out_of_reach(
    tell: Callable[[Node, Literal["Normal", "Warning"], str, str], None], old: Node | None, new: Node | None
) -> None:
    """Say on a node itself, once, that no balancer can reach it."""
    text = unreadable(new) if new is not None else ""
    if new is not None and text and (old is None or unreadable(old) != text):
        tell(new, "Warning", "UnreadableProviderID", text)


CONTROLLERS: Mapping[str, Callable[[Footing], Coroutine[Any, Any, None]]] = {
    "service": services,
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
