"""Machines that restart, fall silent and come up elsewhere, with the real controller as a process over real sockets.

Cloud and API server are served here, so that the tests can act as the machines do: hollow kubelets that wait for a
cloud controller and say nothing of themselves.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, TypeVar

import pytest
import pytest_asyncio
import yaml

from kubesim.hollow import Hollow, NodesFile, NodeSpec
from kubesim.server.serving import Running
from kubesim.server.serving import Settings as KubeSettings
from kubesim.server.serving import serving as serving_cluster
from yunqiao.cli.sandboxed.places import REGION, on_loopback
from yunqiao.cli.sandboxed.programs import Program, start
from yunqiao.cli.sandboxed.ranges import free_range
from yunqiao.cli.sandboxed.sandbox import cloud_config, environment
from yunqiao.controllers.nodes.kinds import SHUTDOWN, UNINITIALIZED
from yunsim import worldfile
from yunsim.dispatch import perform
from yunsim.products.ecs.state import Instance
from yunsim.serving import Server
from yunsim.serving import serving as serving_cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")

T = TypeVar("T")
SOON, QUIET = 15.0, 0.5
"""Seconds in which something must become so, and for which nothing may happen."""
NETWORK, MERGE = "NetworkUnavailable", "application/merge-patch+json"


@dataclass
class Site:
    """Both servers, the machines and the controller that runs."""

    cloud: Server
    cluster: Running
    hollow: Hollow
    controller: Program

    def machine(self, name: str) -> Instance:
        """The ECS instance that a machine of that name is."""
        held = self.cloud.cloud.world.states["ecs"].instances.values()
        return next(one for one in held if one.name == name)

    def spec(self, name: str) -> NodeSpec:
        """A kubelet on that machine."""
        machine = self.machine(name)
        number = [one.name for one in self.cloud.cloud.world.states["ecs"].instances.values()].index(name)
        pods = IPv4Network(f"10.244.{number}.0/24")
        return NodeSpec(name, machine.addresses()[0], pods, system_uuid=machine.serial_number, external=True)

    def node(self, name: str) -> Any:
        """A Node as the API has it."""
        return self.cluster.verbs.get("nodes", name)

    def taints(self, name: str) -> set[str]:
        return {one["key"] for one in self.node(name)["spec"].get("taints", [])}

    def condition(self, name: str, kind: str) -> str:
        found = self.node(name)["status"].get("conditions", [])
        return next((str(one["status"]) for one in found if one["type"] == kind), "")

    def instance(self, name: str) -> str:
        """The instance that a Node says it is, once nothing of it waits any more."""
        works = UNINITIALIZED not in self.taints(name) and self.condition(name, NETWORK) == "False"
        provider_id = str(self.node(name)["spec"].get("providerID", ""))
        return provider_id.removeprefix(f"{REGION}.") if works else ""

    def routes(self) -> dict[str, str]:
        """Instances by range."""
        state = self.cloud.cloud.world.states["vpc"]
        entries = state.system_table(next(iter(state.vpcs))).entries.values()
        return {one.destination: one.next_hop_id for one in entries if one.type == "Custom"}

    def checks(self, instance: Instance) -> bool:
        """Whether its interface drops what is not its own."""
        return instance.interfaces[0].source_dest_check

    def written(self) -> int:
        """How many calls have changed something in the cloud."""
        return sum(not one.action.startswith("Describe") for one in self.cloud.cloud.journal.since(0))

    def says(self, name: str, ready: str) -> None:
        """What a kubelet says of itself."""
        conditions = self.node(name)["status"]["conditions"]
        changed = [{**one, "status": ready} if one["type"] == "Ready" else one for one in conditions]
        self.cluster.verbs.patch("nodes", name, {"status": {"conditions": changed}}, MERGE, subresource="status")

    def looks(self) -> int:
        """How often instances were looked at."""
        return sum(one.action == "DescribeInstances" for one in self.cloud.cloud.journal.since(0))

    async def looked(self, since: int) -> None:
        """Wait until instances were looked at once more, and what came of it is done."""
        await self.until("instances are looked at", lambda: self.looks() > since)
        await asyncio.sleep(QUIET)

    async def until(self, what: str, check: Callable[[], T]) -> T:
        """Wait until something is so, and give it."""
        end = time.monotonic() + SOON
        while not (found := check()):
            assert time.monotonic() < end, f"{what}: not so after {SOON:g} s\n{self.controller.tail(20)}"
            await asyncio.sleep(0.01)
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """Three machines whose kubelets have registered and work, and one to spare."""
    folder: Path = tmp_path_factory.mktemp("moving")
    with free_range() as number:
        place = on_loopback(number)
        file = worldfile.parse(yaml.safe_dump({**place.world(), "route_change_seconds": 0}))
        kubeconfig, config = folder / "kubeconfig", folder / "cloud-config"
        config.write_text(cloud_config())
        wire = {IPv4Network(inside): IPv4Network(outside) for inside, outside in place.wire.items()}
        async with (
            serving_cloud(file, "127.0.0.1", 0) as cloud,
            serving_cluster(KubeSettings(tls=False, kubeconfig=kubeconfig)) as cluster,
            Hollow(cluster.verbs, NodesFile(wire, ())) as hollow,
        ):
            arguments = [
                "--controllers=node,route", f"--kubeconfig={kubeconfig}", f"--cloud-config={config}",
                "--leader-elect=false", "--health-probe-bind-addr=0", "--metrics-bind-addr=0",
            ]  # fmt: skip
            controller = await start("cloud-controller-manager", arguments, folder, environment(cloud.url))
            try:
                made = Site(cloud, cluster, hollow, controller)
                for name in ("worker-1", "worker-2", "worker-3"):
                    hollow.add_node(made.spec(name))
                for name in ("worker-1", "worker-2", "worker-3"):
                    await made.until(f"{name} works", lambda each=name: made.instance(each) == made.machine(each).id)
                yield made
            finally:
                await controller.stop()


async def test_a_machine_that_restarts_is_the_node_that_it_was(site: Site) -> None:
    before, writes = site.node("worker-1"), site.written()
    await site.hollow.restart_node("worker-1")
    await asyncio.sleep(3 * QUIET)
    after = site.node("worker-1")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert (after["spec"], after["status"]["addresses"]) == (before["spec"], before["status"]["addresses"])
    assert site.instance("worker-1") == site.machine("worker-1").id
    assert site.written() == writes


async def test_a_kubelet_that_is_not_ready_costs_its_node_nothing(site: Site) -> None:
    routes, spec = site.routes(), site.node("worker-3")["spec"]
    for ready in ("False", "True"):
        looks = site.looks()
        site.says("worker-3", ready)
        await site.looked(looks)
        assert site.instance("worker-3") == site.machine("worker-3").id
        assert SHUTDOWN not in site.taints("worker-3")
    assert site.routes() == routes
    await site.until("nothing of it is left", lambda: site.node("worker-3")["spec"] == spec)


async def test_a_silent_machine_that_runs_keeps_its_node_and_its_route(site: Site) -> None:
    routes, looks = site.routes(), site.looks()
    await site.hollow.stop_node("worker-2")
    assert site.condition("worker-2", "Ready") == "Unknown"
    await site.looked(looks)
    assert SHUTDOWN not in site.taints("worker-2")
    assert site.routes() == routes
    looks = site.looks()
    site.hollow.start_node("worker-2")
    await site.looked(looks)
    assert site.condition("worker-2", "Ready") == "True"
    assert site.instance("worker-2") == site.machine("worker-2").id
    assert site.routes() == routes


async def test_a_machine_that_is_shut_down_says_so_until_it_is_back(site: Site) -> None:
    machine, routes = site.machine("worker-2"), site.routes()
    perform(site.cloud.cloud.world, "ecs", "StopInstance", {"InstanceId": machine.id})
    await site.hollow.stop_node("worker-2")
    await site.until("worker-2 is shut down", lambda: SHUTDOWN in site.taints("worker-2"))
    assert site.routes() == routes
    perform(site.cloud.cloud.world, "ecs", "StartInstance", {"InstanceId": machine.id})
    site.hollow.start_node("worker-2")
    await site.until("worker-2 is not", lambda: SHUTDOWN not in site.taints("worker-2"))
    assert site.instance("worker-2") == machine.id


async def test_a_node_that_comes_up_on_another_machine_is_that_machine(site: Site) -> None:
    """The same name and pods, another instance and address: identity, labels, route and interface follow."""
    old, new = site.machine("worker-3"), site.machine("outside-1")
    spec = replace(site.spec("worker-3"), internal_ip=new.addresses()[0], system_uuid=new.serial_number)
    assert site.routes()[str(spec.pod_cidr)] == old.id
    uid = site.node("worker-3")["metadata"]["uid"]
    assert site.checks(new)
    await site.hollow.move_node(spec)
    assert site.node("worker-3")["metadata"]["uid"] != uid
    await site.until("worker-3 is another machine", lambda: site.instance("worker-3") == new.id)
    await site.until("its route leads there", lambda: site.routes()[str(spec.pod_cidr)] == new.id)
    addresses = {one["type"]: one["address"] for one in site.node("worker-3")["status"]["addresses"]}
    assert addresses["InternalIP"] == spec.internal_ip
    assert site.node("worker-3")["metadata"]["labels"]["topology.kubernetes.io/zone"] == new.zone_id
    assert not site.checks(new)
    assert len(site.routes()) == 3


async def test_a_node_that_is_gone_for_good_leaves_no_route(site: Site) -> None:
    gone = str(site.spec("worker-1").pod_cidr)
    assert gone in site.routes()
    await site.hollow.remove_node("worker-1")
    await site.until("its route is gone", lambda: gone not in site.routes())
    assert len(site.routes()) == 2
