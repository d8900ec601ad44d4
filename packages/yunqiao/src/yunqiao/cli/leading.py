"""What the leader does: works on Services until it is stopped."""

import asyncio
import contextlib
from typing import Literal

from yunqiao.cli.probes import Probes
from yunqiao.cli.reaching import reach
from yunqiao.cli.watching import Watching
from yunqiao.controllers.services.reconcile import Services, Tell
from yunqiao.engine import loop
from yunqiao.kube.client import Client
from yunqiao.kube.events import Recorder
from yunqiao.model.cluster import ObjectReference, Service
from yunqiao.settings import Settings


async def lead(
    settings: Settings, client: Client, recorder: Recorder, watching: Watching, probes: Probes, *, after_ours: bool
) -> None:
    """Work until cancelled; `after_ours` says that nobody but a yunqiao led before us.

    Raises Refused when something is missing that only the user can give.
    """
    clock = watching.clock
    async with reach(settings, client, clock, probes.calls) as cloud:
        services = Services(
            watching.caches.snapshot, client.patch, cloud.send, _tell(recorder), cloud.rules, clock,
            trusts_records=after_ours, wake=watching.queue.add,
        )  # fmt: skip
        await _work(settings, watching, services, recorder)


async def _work(settings: Settings, watching: Watching, services: Services, recorder: Recorder) -> None:
    """Events are written beside the work, and what is still unwritten at the end is not lost."""
    events = asyncio.create_task(recorder.run(), name="events")
    try:
        await loop.run(watching.queue, services.reconcile, services.report, settings.service_workers)
    finally:
        events.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await events
        await recorder.flush()


def _tell(recorder: Recorder) -> Tell:
    def tell(service: Service, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        meta = service.metadata
        about = ObjectReference(
            api_version="v1", kind="Service", namespace=meta.namespace, name=meta.name, uid=meta.uid
        )
        recorder.record(about, kind, reason, message)

    return tell
