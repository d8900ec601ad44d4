"""The VPC works off one change of routes at a time: whoever in a process changes them waits for the others."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime, timedelta

import pytest

from yunqiao.cli.reaching import Cloud, reach
from yunqiao.cloud import vpc
from yunqiao.cloud.metrics import CallMetrics
from yunqiao.cloud.products import Endpoints
from yunqiao.cloud.providers import Source
from yunqiao.cloud.sign import AccessKey
from yunqiao.engine.clock import MonotonicClock
from yunqiao.kube.client import Client
from yunqiao.model.route import Route
from yunqiao.model.step import Call
from yunqiao.settings import Settings
from yunsim import worldfile
from yunsim.background import running
from yunsim.remote import Yunsim

FILE = worldfile.load()
VPC, NODES = FILE.vpcs[0].id, [one.id for one in FILE.instances]
SLOW = 0.2
"""Seconds that a change of routes takes to be answered."""
OTHER = """
  - {id: vpc-other, cidr: 10.0.0.0/16}
vswitches:
  - {id: vsw-other, vpc: vpc-other, zone: cn-hangzhou-h, cidr: 10.0.0.0/24}
"""


class Nowhere(Client):
    """No API server: what it would be asked is in the settings."""

    def __init__(self) -> None:
        """Hold nothing."""


@pytest.fixture
def yunsim() -> Iterator[Yunsim]:
    """A cloud on a real socket, in which a change of routes is there at once but takes its time to be answered."""
    text = worldfile.default_text().replace("route_change_seconds: 1", "route_change_seconds: 0")
    with running(worldfile.parse(text.replace("\nvswitches:\n", OTHER))) as url:
        started = Yunsim(url, FILE.keys[0].id, FILE.keys[0].secret, FILE.region)
        started.put(instances=[{"id": "i-other", "vswitch": "vsw-other", "ip": "10.0.0.9"}])
        started.fault("slow", product="vpc", action="*RouteEntr*", seconds=SLOW)
        yield started


@pytest.fixture
async def cloud(yunsim: Yunsim) -> AsyncIterator[Cloud]:
    """The cloud behind all layers of a controller."""
    settings = Settings(
        region=yunsim.region,
        endpoints=Endpoints("public", "http", {"vpc": yunsim.endpoint}),
        metadata_endpoint=yunsim.url,
        source=Source(AccessKey(yunsim.key_id, yunsim.secret)),
        cluster_id="abcdefghij",
        vpc_id=VPC,
        vswitches=((FILE.vswitches[0].zone, FILE.vswitches[0].id),),
    )
    async with reach(settings, Nowhere(), MonotonicClock(), CallMetrics()) as reached:
        yield reached


def table_of(yunsim: Yunsim, vpc_id: str) -> str:
    tables = yunsim.state()["vpc"]["route_tables"].values()
    return next(str(one["id"]) for one in tables if one["vpc_id"] == vpc_id)


def spans(yunsim: Yunsim) -> list[tuple[datetime, datetime]]:
    """When each change of routes came, and when it was answered."""
    changes = [one for one in yunsim.calls() if "RouteEntr" in one["action"] and "Describe" not in one["action"]]
    assert {one["outcome"] for one in changes} == {"ok"}
    begun = [(datetime.fromisoformat(one["time"]), one["ms"]) for one in changes]
    return [(at, at + timedelta(milliseconds=ms)) for at, ms in begun]


async def all_at_once(cloud: Cloud, calls: Iterable[Call]) -> None:
    await asyncio.gather(*(cloud.send(one) for one in calls))


async def test_changes_of_one_vpc_never_overlap(yunsim: Yunsim, cloud: Cloud) -> None:
    table = table_of(yunsim, VPC)
    routes = [Route(table, f"10.244.{number}.0/24", node) for number, node in enumerate(NODES[:3])]
    await all_at_once(cloud, (vpc.create_routes(FILE.region, VPC, [one], "why") for one in routes))
    first, *others = vpc.read_routes(await cloud.send(vpc.describe_routes(FILE.region, table)))[0]
    removed = [vpc.delete_routes(FILE.region, VPC, [one], "why") for one in others]
    await all_at_once(cloud, [vpc.mark_route(FILE.region, VPC, first, "why"), *removed])
    changes = spans(yunsim)
    assert len(changes) == 6
    assert all(ended <= began for (_, ended), (began, _) in itertools.pairwise(changes))


async def test_two_vpcs_are_changed_side_by_side(yunsim: Yunsim, cloud: Cloud) -> None:
    """The lane is the VPC, not the product."""
    ours = Route(table_of(yunsim, VPC), "10.244.0.0/24", NODES[0])
    theirs = Route(table_of(yunsim, "vpc-other"), "10.244.0.0/24", "i-other")
    calls = [vpc.create_routes(FILE.region, one, [route], "why") for one, route in ((VPC, ours), ("vpc-other", theirs))]
    await all_at_once(cloud, calls)
    (_, ended), (began, _) = spans(yunsim)
    assert began < ended
