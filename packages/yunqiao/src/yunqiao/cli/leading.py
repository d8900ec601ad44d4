"""What the leader does: knows the cluster and its place in the cloud, and works on Services until it is stopped."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Literal

from yunqiao.cli.probes import Probes
from yunqiao.cli.watching import Watching
from yunqiao.cloud.clb.merging import MERGING
from yunqiao.cloud.coalesce import coalesced
from yunqiao.cloud.credentials import Credentials
from yunqiao.cloud.http import Client as CloudClient
from yunqiao.cloud.http import Target
from yunqiao.cloud.layers import laned, logged, retried, stack, throttled
from yunqiao.cloud.merge import merged
from yunqiao.cloud.metadata import Metadata
from yunqiao.cloud.metrics import metered
from yunqiao.cloud.providers import provider
from yunqiao.controllers.services import drift
from yunqiao.controllers.services.provider import PROVIDERS
from yunqiao.controllers.services.reconcile import Services, Tell
from yunqiao.controllers.services.rules import Rules
from yunqiao.engine import loop
from yunqiao.engine.limits import Limits, Priority, Rate, documented, unlimited
from yunqiao.kube.client import Client
from yunqiao.kube.events import Recorder
from yunqiao.model.clock import Clock
from yunqiao.model.cluster import ObjectReference, Service
from yunqiao.model.errors import Refused, Trouble
from yunqiao.model.keys import cluster_id
from yunqiao.model.kubernetes import NAMESPACE, SERVICE
from yunqiao.model.step import Call, Send
from yunqiao.settings import Settings

log = logging.getLogger("yunqiao")
cloud_log = logging.getLogger("yunqiao.cloud")

RATES = {"documented": documented, "unlimited": unlimited}
NO_REGION = "the region is not known: set region in the cloud-config (Global.region) ({})"


async def lead(
    settings: Settings, client: Client, recorder: Recorder, watching: Watching, probes: Probes, *, after_ours: bool
) -> None:
    """Work until cancelled; `after_ours` says that nobody but a yunqiao led before us.

    Raises Refused when something is missing that only the user can give.
    """
    clock = watching.clock
    async with Metadata(clock, settings.metadata_endpoint) as metadata:
        cluster = settings.cluster_id or await _cluster(client)
        region = settings.region or await _region(metadata)
        rules = await _rules(settings, cluster, region, metadata)
        vswitch = rules.vswitch_id or "unknown"
        log.info("cluster %s, region %s, vSwitch %s, credentials: %s", cluster, region, vswitch, settings.source)
        target = Target(settings.endpoints, region, cluster)
        credentials = Credentials(provider(settings.source, metadata), time.time)
        async with CloudClient(target, credentials) as cloud:
            send = _layered(cloud.send, clock, probes, RATES[settings.cloud_rates])
            services = Services(
                watching.caches.snapshot, client.patch, send, _tell(recorder), rules, clock, trusts_records=after_ours,
                wake=watching.queue.add,
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


def _layered(send: Send, clock: Clock, probes: Probes, rate: Callable[[str, str], Rate]) -> Send:
    return stack(
        send,
        logged(cloud_log, clock),
        coalesced(),
        merged(MERGING, clock),
        retried(clock),
        laned(),
        throttled(Limits(clock, rate), _priority),
        metered(probes.calls, clock),
    )


def _priority(call: Call) -> int:
    if not call.write:
        return Priority.LOOK
    if call.action.startswith(("Remove", "Delete", "Modify")):
        return Priority.REMOVE_BACKENDS
    return Priority.CREATE if call.action.startswith("Create") else Priority.ADD_BACKENDS


def _tell(recorder: Recorder) -> Tell:
    def tell(service: Service, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        meta = service.metadata
        about = ObjectReference(
            api_version="v1", kind="Service", namespace=meta.namespace, name=meta.name, uid=meta.uid
        )
        recorder.record(about, kind, reason, message)

    return tell


async def _cluster(client: Client) -> str:
    """The cluster's own id, from what no two clusters share.

    The UID of kube-system; where that may not be read (manifests of the incumbent do not allow it), the UID of the
    Service default/kubernetes. Balancers keep the id that they were made under, so a later change of it is harmless.
    """
    try:
        namespace = await client.get(NAMESPACE, "", "kube-system")
    except Refused as refusal:
        log.warning("%s; taking the UID of the Service default/kubernetes for the cluster's id instead", refusal)
        namespace = None
    if namespace is not None:
        return cluster_id(namespace.metadata.uid)
    service = await client.get(SERVICE, "default", "kubernetes")
    if service is None:
        raise Refused("the cluster has no id: set clusterID in the cloud-config (Global.clusterID)")
    return cluster_id(service.metadata.uid)


async def _region(metadata: Metadata) -> str:
    try:
        return await metadata.get("region-id")
    except Trouble as trouble:
        raise Refused(NO_REGION.format(trouble)) from trouble


async def _rules(settings: Settings, cluster: str, region: str, metadata: Metadata) -> Rules:
    """Where new balancers go: as configured, else where this machine stands, else unknown (intranet ones must say)."""
    vswitch = settings.vswitches[0][1] if settings.vswitches else await _asked(metadata, "vswitch-id")
    return Rules(
        cluster=cluster,
        region=region,
        vpc_id=settings.vpc_id or await _asked(metadata, "vpc-id"),
        vswitch_id=vswitch,
        resource_group_id=settings.resource_group_id,
        disable_public=settings.disable_public_slb,
        drift=drift.policies(settings.drift, [known for one in PROVIDERS for known in one.fields()]),
    )


async def _asked(metadata: Metadata, name: str) -> str:
    try:
        return await metadata.get(name)
    except Trouble as trouble:
        log.warning("%s; set it in the cloud-config where it is needed", trouble)
        return ""
