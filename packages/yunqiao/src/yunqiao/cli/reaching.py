"""The cloud and the cluster, as a command reaches them: place in the cloud, credentials, layers around calls."""

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from yunqiao import __version__
from yunqiao.cloud.clb.merging import MERGING
from yunqiao.cloud.coalesce import coalesced
from yunqiao.cloud.credentials import Credentials
from yunqiao.cloud.http import Client as CloudClient
from yunqiao.cloud.http import Target
from yunqiao.cloud.instances import Instances
from yunqiao.cloud.layers import laned, logged, retried, stack, throttled
from yunqiao.cloud.merge import merged
from yunqiao.cloud.metadata import Metadata
from yunqiao.cloud.metrics import CallMetrics, metered
from yunqiao.cloud.place import Look, Neighbourhood
from yunqiao.cloud.providers import provider
from yunqiao.controllers.routes.claims import claim_of
from yunqiao.controllers.services import drift
from yunqiao.controllers.services.provider import PROVIDERS
from yunqiao.controllers.services.rules import Rules
from yunqiao.engine.limits import Limits, Priority, Rate, documented, unlimited
from yunqiao.kube.client import Client
from yunqiao.kube.connect import Connection
from yunqiao.kube.limit import RateLimit
from yunqiao.kube.transport import Transport
from yunqiao.model.clock import Clock
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Refused, Trouble
from yunqiao.model.instance import read_provider_id
from yunqiao.model.keys import cluster_id
from yunqiao.model.kubernetes import NAMESPACE, NODE, SERVICE
from yunqiao.model.step import Call, Send
from yunqiao.settings import Settings

log = logging.getLogger("yunqiao")
cloud_log = logging.getLogger("yunqiao.cloud")

RATES = {"documented": documented, "unlimited": unlimited}
NO_REGION = "the region is not known: set region in the cloud-config (Global.region) ({})"


@dataclass(frozen=True, slots=True)
class Cloud:
    """The region's API behind all its layers, what the owner has set for all Services there, and the ECS instances."""

    send: Send
    rules: Rules
    instances: Instances

    def where_nodes_are(self, nodes: Callable[[], Iterable[Node]]) -> Look:
        """Looks where those nodes are that claim to be instances of the region."""
        region = self.rules.region
        return Neighbourhood(self.instances, lambda: (one for one in nodes() if claim_of(one, region))).look


@asynccontextmanager
async def reach(settings: Settings, client: Client, clock: Clock, calls: CallMetrics) -> AsyncIterator[Cloud]:
    """Call the cloud while the context lasts; `calls` counts what went out.

    Raises Refused when something is missing that only the user can give.
    """
    async with Metadata(clock, settings.metadata_endpoint) as metadata:
        cluster = settings.cluster_id or await _cluster(client)
        region = settings.region or await _region(metadata, client)
        rules = await _rules(settings, cluster, region, metadata)
        vswitch = ", ".join(rules.vswitch_ids) or "of the nodes"
        log.info("cluster %s, region %s, vSwitch %s, credentials: %s", cluster, region, vswitch, settings.source)
        target = Target(settings.endpoints, region, cluster)
        credentials = Credentials(provider(settings.source, metadata), time.time)
        async with CloudClient(target, credentials) as cloud:
            send = _layered(cloud.send, clock, calls, RATES[settings.cloud_rates])
            yield Cloud(send, rules, Instances(send, region, clock))


def transport(connection: Connection, limit: RateLimit, timeout: float = 30.0) -> Transport:
    """Connections to the API server; `timeout` bounds every request but a watch, in seconds."""
    return Transport(connection, limit, f"yunqiao/{__version__}", timeout)


def _layered(send: Send, clock: Clock, calls: CallMetrics, rate: Callable[[str, str], Rate]) -> Send:
    return stack(
        send,
        logged(cloud_log, clock),
        coalesced(),
        merged(MERGING, clock),
        retried(clock),
        laned(),
        throttled(Limits(clock, rate), _priority),
        metered(calls, clock),
    )


def _priority(call: Call) -> int:
    if not call.write:
        return Priority.LOOK
    if call.action.startswith(("Remove", "Delete", "Modify")):
        return Priority.REMOVE_BACKENDS
    return Priority.CREATE if call.action.startswith("Create") else Priority.ADD_BACKENDS


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


async def _region(metadata: Metadata, client: Client) -> str:
    """Where this machine stands, else the one region that nodes say they are in (a data centre has no metadata)."""
    try:
        return await metadata.get("region-id")
    except Trouble as trouble:
        nodes = (await client.list(NODE)).items
        regions = {claim.region for node in nodes if (claim := read_provider_id(node.spec.provider_id)) is not None}
        if len(regions) != 1:
            raise Refused(NO_REGION.format(trouble)) from trouble
        return regions.pop()


async def _rules(settings: Settings, cluster: str, region: str, metadata: Metadata) -> Rules:
    """Where new balancers go: as configured, else where this machine stands, else (empty) where the nodes are."""
    own = "" if settings.vswitches else await _asked(metadata, "vswitch-id")
    return Rules(
        cluster=cluster,
        region=region,
        vpc_id=settings.vpc_id or await _asked(metadata, "vpc-id"),
        vswitch_ids=tuple(one for _, one in settings.vswitches) or ((own,) if own else ()),
        resource_group_id=settings.resource_group_id,
        disable_public=settings.disable_public_slb,
        eni=settings.backend_type == "eni",
        drift=drift.policies(settings.drift, [known for one in PROVIDERS for known in one.fields()]),
    )


async def _asked(metadata: Metadata, name: str) -> str:
    try:
        return await metadata.get(name)
    except Trouble as trouble:
        log.warning("%s; where it is needed, the nodes' instances are asked for it", str(trouble).rstrip("."))
        return ""
