"""Where the controller believes the cluster to be while instance metadata lies, dawdles or is not there at all.

The real controller in this process, over sockets to kubesim and yunsim; only who answers for instance metadata differs.
"""

import asyncio
import base64
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from tests.e2e.conftest import default_addresses

from kubesim.server.serving import Running, Settings, serving
from yunqiao.cli import reaching
from yunqiao.cli.run import _result, _run
from yunqiao.cli.sandboxed.sandbox import environment
from yunqiao.cloud import metadata as metadata_service
from yunqiao.model.errors import Refused
from yunqiao.settings import load
from yunsim import worldfile
from yunsim.serving import Server
from yunsim.serving import serving as cloud_serving

WORLD = worldfile.load()
WORKERS = [one for one in WORLD.instances if one.in_cluster and one.hostname.startswith("worker")]
REGION, VPC = WORLD.region, "vpc-bp1yunsim00000000000001"
SECRET = "not-a-secret-only-for-yunsim"
GONE = "http://127.0.0.1:1"
PAGE = "<html>\n<body>Log in to the network of this building</body></html>"
PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
SECONDS = 20.0

ANSWERS = {
    "a captive page": web.Response(text=PAGE),
    "nothing": web.Response(text=""),
    "a word": web.Response(text="login"),
    "errors": web.Response(status=502, text=PAGE),
    "another place": web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}),
}
"""What somebody may answer in the place of the metadata service, whatever is asked."""


@asynccontextmanager
async def answering(answer: web.Response, seconds: float = 0.0) -> AsyncIterator[str]:
    async def handle(_: web.Request) -> web.Response:
        await asyncio.sleep(seconds)
        return web.Response(text=answer.text, status=answer.status, headers=answer.headers)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        host, port = runner.addresses[0]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@dataclass
class Site:
    """A cluster and a cloud, and the controller between them while `running`."""

    folder: Path
    cluster: Running
    cloud: Server

    def node(
        self, instance: Any, *, named: bool = True, number: str | None = None, labels: dict[str, str] | None = None
    ) -> None:
        """An instance joins; `named`: with its providerID, else it waits for the controller."""
        cidr = f"10.244.{len(self.nodes())}.0/24"
        taint = {"key": "node.cloudprovider.kubernetes.io/uninitialized", "value": "true", "effect": "NoSchedule"}
        spec = {"providerID": f"{REGION}.{instance.id}"} if named else {"taints": [taint]}
        name = getattr(instance, "hostname", "") or instance.host_name
        ip = str(instance.ip) if hasattr(instance, "ip") else instance.interfaces[0].private_ips[0]
        self.cluster.verbs.create("nodes", {
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels or {}},
            "spec": {**spec, "podCIDR": cidr, "podCIDRs": [cidr]},
            "status": {
                "addresses": [{"type": "InternalIP", "address": ip}],
                "conditions": [{"type": "Ready", "status": "True"}],
                "nodeInfo": {"systemUUID": instance.serial_number if number is None else number},
            },
        })  # fmt: skip

    def nodes(self) -> dict[str, Any]:
        return {one["metadata"]["name"]: one for one in self.cluster.verbs.list("nodes")["items"]}

    def elsewhere(self) -> Any:
        """One more instance, in a VPC of its own."""
        world = self.cloud.cloud.world
        world.states["vpc"].add_vpc(world, "192.168.0.0/16", own_id="vpc-other")
        world.states["vpc"].add_vswitch(world, "vpc-other", "192.168.0.0/24", f"{REGION}-h", own_id="vsw-other")
        return world.states["ecs"].add_instance(world, "vsw-other", own_id="i-other", host_name="elsewhere")

    def service(self, name: str, **annotations: str) -> None:
        notes = {PREFIX + "address-type": "intranet", **annotations}
        spec = {"type": "LoadBalancer", "ports": [{"port": 80, "targetPort": 80}]}
        body = {"apiVersion": "v1", "kind": "Service", "spec": spec,
                "metadata": {"name": name, "namespace": "default", "annotations": notes}}  # fmt: skip
        self.cluster.verbs.create("services", body, "default")

    def pod(self, service: str, node: Any) -> str:
        """An endpoint of that Service, at a further network interface of a node; gives the interface's id."""
        world, address = self.cloud.cloud.world, "10.9.0.10"
        networks, machines = world.states["vpc"], world.states["ecs"]
        networks.vpcs[VPC].secondary_cidr_blocks.append("10.9.0.0/16")
        networks.add_vswitch(world, VPC, "10.9.0.0/24", f"{REGION}-h", own_id="vsw-of-pods")
        made = machines.add_interface(
            world, "vsw-of-pods", instance=machines.instances[node.id], private_ips=(address,)
        )
        self.cluster.verbs.create("endpointslices.discovery.k8s.io", {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": f"{service}-1", "namespace": "default",
                         "labels": {"kubernetes.io/service-name": service}},
            "ports": [{"port": 80, "protocol": "TCP", "name": ""}],
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        }, "default")  # fmt: skip
        return str(made.id)

    def told(self, name: str) -> str:
        """All Events about an object."""
        events = [
            one
            for space in ("default", "kube-system", "")
            for one in self.cluster.verbs.list("events", space)["items"]
            if one["involvedObject"]["name"] == name
        ]
        return "\n".join(f"{one['reason']}: {one['message']}" for one in events)

    def condition(self, service: str) -> str:
        """What the Service says of itself."""
        status = self.cluster.verbs.get("services", service, "default").get("status", {})
        return "\n".join(one["message"] for one in status.get("conditions", []))

    def balancers(self) -> list[Any]:
        return list(self.cloud.cloud.world.states["slb"].load_balancers.values())

    def backends(self) -> set[str]:
        """Of all balancers."""
        return {
            one.server_id
            for balancer in self.balancers()
            for group in balancer.groups.values()
            for one in group.backends.values()
        }

    def routes(self) -> set[str]:
        """Destinations that lead to instances."""
        tables = self.cloud.cloud.world.states["vpc"].route_tables.values()
        entries = (one for table in tables for one in table.entries.values())
        return {one.destination for one in entries if one.next_hop_id.startswith("i-")}

    @asynccontextmanager
    async def running(self, metadata: str, *flags: str, **config: str) -> AsyncIterator["asyncio.Task[None]"]:
        """The controller, told of its place by nothing but `config` and what answers at `metadata`."""
        coded = {"accessKeyID": WORLD.keys[0].id, "accessKeySecret": SECRET}
        whole = {name: base64.b64encode(text.encode()).decode() for name, text in coded.items()} | config
        (self.folder / "config").write_text(json.dumps({"Global": whole}))
        arguments = [
            f"--cloud-config={self.folder / 'config'}", f"--kubeconfig={self.folder / 'admin'}",
            "--leader-elect=false", "--health-probe-bind-addr=0", "--metrics-bind-addr=0",
            "--cluster-cidr=10.244.0.0/16", "--node-event-aggregation-wait-seconds=0", *flags,
        ]  # fmt: skip
        variables = environment(self.cloud.url) | {"METADATA_ENDPOINT": metadata}
        settings = load(arguments, variables, lambda name: Path(name).read_text(), os.path.exists)
        task = asyncio.create_task(_run(settings))
        try:
            yield task
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task


async def until(so: Callable[[], Any], controller: "asyncio.Task[None]", shown: Callable[[], Any] = lambda: "") -> None:
    """Wait until something is so; fails at once when the controller has ended."""
    end = time.monotonic() + SECONDS
    while not so():
        if controller.done():
            _result(controller)
        assert time.monotonic() < end, shown()
        await asyncio.sleep(0.03)


@pytest_asyncio.fixture
async def site(tmp_path, monkeypatch):
    monkeypatch.setattr(metadata_service, "PAUSE", 0.01)
    monkeypatch.setattr(reaching, "Metadata", partial(metadata_service.Metadata, total=0.3))
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(serving(Settings(kubeconfig=tmp_path / "admin")))
        await stack.enter_async_context(default_addresses())
        cloud = await stack.enter_async_context(cloud_serving(WORLD, "127.0.0.1", 0))
        yield Site(tmp_path, cluster, cloud)


async def everything_works(site: Site, metadata: str) -> None:
    """A node that says nothing, routes, an intranet balancer and pods as backends: all of them need a place."""
    first, second, third = WORKERS
    site.node(first)
    site.node(second)
    site.node(third, named=False, number="")
    site.service("nodes")
    site.service("pods", **{"service.beta.kubernetes.io/backend-type": "eni"})
    interface = site.pod("pods", first)
    async with site.running(metadata) as controller:
        expected = {one.id for one in WORKERS} | {interface}
        await until(lambda: site.backends() == expected, controller, lambda: (site.backends(), site.told("pods")))
        await until(lambda: len(site.routes()) == 3, controller, site.routes)
        named = site.nodes()[third.hostname]["spec"]
        assert named["providerID"] == f"{REGION}.{third.id}"
    assert {one.vpc_id for one in site.balancers()} == {VPC}
    assert {one.vswitch_id for one in site.balancers()} <= {one.vswitch for one in WORKERS}


@pytest.mark.parametrize("kind", ANSWERS)
async def test_who_answers_wrongly_is_not_believed_and_the_nodes_are(site, kind, caplog):
    async with answering(ANSWERS[kind]) as metadata:
        await everything_works(site, metadata)
    assert metadata in caplog.text
    assert "building" not in caplog.text


async def test_without_metadata_the_nodes_tell_everything(site):
    await everything_works(site, GONE)


async def test_metadata_that_is_too_slow_is_given_up_and_the_nodes_tell_everything(site, caplog):
    began = time.monotonic()
    async with answering(web.Response(text="cn-shanghai"), seconds=2.0) as metadata:
        await everything_works(site, metadata)
    assert time.monotonic() - began < SECONDS
    assert "does not answer" in caplog.text


async def test_a_region_that_cannot_be_one_ends_the_controller_where_no_node_tells_it(site):
    async with answering(ANSWERS["a captive page"]) as metadata, site.running(metadata) as controller:
        with pytest.raises(Refused) as refused:
            await until(lambda: False, controller)
    text = str(refused.value)
    assert "set region in the cloud-config (Global.region)" in text
    assert f'{metadata}: region-id is "<html> <body>Log in' in text
    assert "building" not in text


async def test_nodes_in_several_vpcs_are_not_guessed_about_and_each_who_needs_the_vpc_is_told_the_key(site):
    first, second, _ = WORKERS
    site.node(first)
    site.node(site.elsewhere(), labels={"node.kubernetes.io/exclude-from-external-load-balancers": ""})
    site.node(second, named=False, number="")
    site.service("nodes")
    site.service("pods", **{"service.beta.kubernetes.io/backend-type": "eni", PREFIX + "address-type": "internet"})
    site.pod("pods", first)
    why = f"several VPCs ({VPC}, vpc-other)"

    def all_told() -> bool:
        (status,) = [
            one["message"]
            for one in site.nodes()[first.hostname]["status"]["conditions"]
            if one["type"] == "NetworkUnavailable"
        ] or [""]
        texts = (site.condition("nodes"), site.told("pods"), site.told(second.hostname), status)
        return all(why in text and "Global.vpcid" in text for text in texts)

    async with site.running(GONE, region=REGION) as controller:
        await until(all_told, controller, lambda: [site.condition("nodes"), site.told("pods"), site.nodes()])
        assert "Global.vswitchid" in site.condition("nodes")
        assert (site.balancers(), site.routes()) == ([], set())
        assert "providerID" not in site.nodes()[second.hostname]["spec"]
    async with site.running(GONE, region=REGION, vpcid=VPC) as controller:
        await until(lambda: len(site.balancers()) == 2, controller, lambda: site.condition("nodes"))
        await until(lambda: len(site.routes()) == 2, controller, site.routes)
        await until(lambda: not site.condition("nodes"), controller, lambda: site.condition("nodes"))
    assert {one.vswitch_id for one in site.balancers() if one.address_type == "intranet"} == {first.vswitch}


async def test_a_balancer_that_no_place_is_known_for_waits_for_the_first_node_that_tells(site):
    site.service("early")
    async with site.running(GONE, region=REGION) as controller:
        await until(lambda: "Global.vswitchid" in site.condition("early"), controller, lambda: site.told("early"))
        assert "Global.vpcid" in site.condition("early")
        assert site.balancers() == []
        site.node(WORKERS[0])
        await until(lambda: site.backends() == {WORKERS[0].id}, controller, lambda: site.told("early"))
        await until(lambda: not site.condition("early"), controller)


async def test_what_is_configured_counts_whatever_the_nodes_are_in(site):
    site.node(WORKERS[0])
    own = site.cloud.cloud.world.states["vpc"].vswitches
    other = next(one for one in own.values() if one.vpc_id == VPC and one.id != WORKERS[0].vswitch)
    site.service("told")
    async with site.running(GONE, region=REGION, vpcid=VPC, vswitchid=f":{other.id}") as controller:
        await until(lambda: site.backends() == {WORKERS[0].id}, controller)
    assert [one.vswitch_id for one in site.balancers()] == [other.id]
