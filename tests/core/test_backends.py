"""Backends of every kind, read as the calls they take: pods by their interfaces, nodes that leave, pods that wait."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.core.conftest import SOON, Bench, new_bench, new_world

from yunqiao.controllers.services.clb.options import BACKEND_TYPE
from yunqiao.controllers.services.gates import gate_of
from yunqiao.model.cluster import (
    Condition,
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
    Metadata,
    NodeStatus,
    ObjectReference,
    Pod,
    PodReadinessGate,
    PodSpec,
    PodStatus,
    ServicePort,
    Taint,
)
from yunsim.dispatch import perform
from yunsim.products.slb.traffic import backend_key

GATE = gate_of("nginx")
READY = EndpointConditions(ready=True, serving=True, terminating=False)
UNREADY = EndpointConditions(ready=False, serving=False, terminating=False)
GOING = EndpointConditions(ready=False, serving=True, terminating=True)
GONE = EndpointConditions(ready=False, serving=False, terminating=True)
STATES = {"ready": READY, "unready": UNREADY, "going": GOING, "gone": GONE}
ADDED, SET, REMOVED = "AddVServerGroupBackendServers", "SetVServerGroupAttribute", "RemoveVServerGroupBackendServers"
FOUND, SWAPPED, HEALTH = "DescribeNetworkInterfaces", "ModifyVServerGroupBackendServers", "DescribeHealthStatus"

NO_INTERFACE = (
    "Not sync pods [127.16.8.9] whose eni is invalid: no network interface in use has these addresses; "
    "no backend is removed until one has"
)


def address_of(pod: int) -> str:
    return f"127.16.8.{pod}"


class Site(Bench):
    """A bench with pods: each has a network interface in the VPC, on the instance of its node."""

    def put(self, **states: str) -> None:
        """Say of each pod (`p1="ready"`, `p2="going"`) how its endpoint is; those that are not named have none."""
        endpoints = [
            Endpoint(
                addresses=[address_of(int(name[1:]))],
                conditions=STATES[state],
                node_name=f"w{int(name[1:]) % 2}",
                target_ref=ObjectReference(kind="Pod", namespace="default", name=name, uid=f"uid-{name}"),
            )
            for name, state in states.items()
        ]
        meta = Metadata(name="nginx-1", namespace="default", labels={"kubernetes.io/service-name": "nginx"})
        self.cluster.slices = [EndpointSlice(metadata=meta, endpoints=endpoints, ports=[EndpointPort(port=8080)])]

    def direct(self, **annotations: str) -> None:
        """Ask for pods as backends."""
        self.cluster.annotate(address_type="intranet", **annotations)
        service = self.cluster.service
        assert service is not None
        meta = replace(service.metadata, annotations={**service.metadata.annotations, BACKEND_TYPE: "eni"})
        self.cluster.service = replace(service, metadata=meta)

    def node(self, name: str, *, ready: str = "True", taint: str = "", **spec: Any) -> None:
        for number, one in enumerate(self.cluster.nodes):
            if one.metadata.name == name:
                taints = [Taint(key=taint)] if taint else []
                self.cluster.nodes[number] = replace(
                    one,
                    spec=replace(one.spec, taints=taints, **spec),
                    status=NodeStatus(conditions=[Condition(type="Ready", status=ready)]),
                )

    def calls(self) -> list[str]:
        """The actions since the last time."""
        told = [call.action for call in self.cloud.calls]
        self.cloud.calls.clear()
        return told

    @property
    def balancer(self) -> Any:
        (one,) = self.cloud.world.states["slb"].load_balancers.values()
        return one

    def weights(self) -> dict[str, int]:
        (group,) = self.balancer.groups.values()
        return {one.server_ip or one.server_id: one.weight for one in group.backends.values()}

    def pods(self) -> dict[str, int]:
        """Weights of pods by their names."""
        return {f"p{address.rpartition('.')[2]}": weight for address, weight in self.weights().items()}

    async def turn(self) -> float:
        again = await self.services.reconcile("default/nginx")
        assert again is not None
        return again

    async def quiet(self) -> None:
        """One turn, and time until everything there counts as old."""
        await self.turn()
        self.time.time += 60.0
        await self.turn()
        self.calls()


def new_site(pods: int = 6) -> Site:
    bench = new_bench()
    site = Site(bench.cloud, bench.cluster, bench.time)
    site.cloud.world = new_world()
    add_interfaces(site, range(1, pods + 1))
    site.cluster.ask(ports=[ServicePort(port=80, node_port=30080, target_port=8080)])
    return site


def add_interfaces(site: Site, pods: Any) -> None:
    world = site.cloud.world
    ecs = world.states["ecs"]
    for number in pods:
        ecs.add_interface(
            world, "vsw-test", own_id=f"eni-p{number}", instance=ecs.instances[f"i-w{number % 2}"],
            private_ips=(address_of(number),),
        )  # fmt: skip


@pytest.fixture
def site() -> Site:
    return new_site()


async def settled_pods(site: Site, **states: str) -> Site:
    site.direct()
    site.put(**(states or {"p1": "ready", "p2": "ready"}))
    await site.quiet()
    return site


async def test_pods_become_backends_with_one_look_for_their_interfaces(site):
    site.direct()
    site.put(p1="ready", p2="ready", p3="unready")
    await site.settle()
    assert site.calls() == [
        FOUND, "DescribeLoadBalancers", "CreateLoadBalancer", "CreateVServerGroup", "CreateLoadBalancerTCPListener",
        "StartLoadBalancerListener",
    ]  # fmt: skip
    assert site.pods() == {"p1": 100, "p2": 100}
    (group,) = site.balancer.groups.values()
    assert group.name == "k8s/8080/nginx/default/abcdefghij"
    assert await site.verify() == []


async def test_a_pod_that_comes_costs_one_look_for_it_and_one_write(site):
    await settled_pods(site)
    site.put(p1="ready", p2="ready", p3="ready")
    await site.turn()
    assert site.calls() == [FOUND, ADDED]
    await site.turn()
    assert site.calls() == []


async def test_a_pod_that_is_gone_is_replaced_in_one_write(site):
    await settled_pods(site)
    site.put(p1="ready", p3="ready")
    await site.turn()
    assert site.calls() == [FOUND, SWAPPED]


async def test_a_pod_that_terminates_goes_to_weight_0_and_is_removed_when_it_is_gone(site):
    await settled_pods(site)
    site.put(p1="ready", p2="going")
    assert await site.turn() > SOON
    assert (site.calls(), site.pods()) == ([SET], {"p1": 100, "p2": 0})
    site.time.time += 3600.0
    await site.turn()
    assert site.pods() == {"p1": 100, "p2": 0}
    site.calls()
    site.put(p1="ready", p2="gone")
    await site.turn()
    assert (site.calls(), site.pods()) == ([REMOVED], {"p1": 100})


async def test_a_pod_that_terminates_keeps_its_weight_until_its_successor_can_be_healthy(site):
    await settled_pods(site, p1="ready")
    site.put(p1="going", p2="ready")
    assert await site.turn() == 1.0
    assert (site.calls(), site.pods()) == ([FOUND, ADDED], {"p1": 100, "p2": 100})
    waited = 0.0
    while site.pods()["p1"]:
        again = await site.turn()
        site.time.time, waited = site.time.time + min(again, 1.0), waited + min(again, 1.0)
    assert 7.0 <= waited <= 9.0
    assert set(site.calls()) == {HEALTH, SET}


async def test_whoever_was_there_before_a_restart_may_take_over_as_soon_as_it_is_known_to_be_healthy(site):
    await settled_pods(site)
    site.restart()
    await site.turn()
    healthy_as_told(site, address_of(1))
    site.put(p1="ready", p2="going")
    await site.turn()
    assert site.pods() == {"p1": 100, "p2": 0}
    site.calls()
    site.put(p1="ready", p2="going", p3="ready", p4="going")
    await site.turn()
    assert HEALTH not in site.calls()


def healthy_as_told(site: Site, *addresses: str) -> None:
    def health() -> Any:
        (group,) = site.balancer.groups.values()
        told = {backend_key(one): "normal" for one in group.backends.values() if one.server_ip in addresses}
        return {(site.balancer.id, "tcp", 80): told}

    site.cloud.world.health = health


async def test_when_all_pods_terminate_those_that_serve_keep_their_weight(site):
    await settled_pods(site)
    site.put(p1="going", p2="going")
    await site.turn()
    assert (site.calls(), site.pods()) == ([], {"p1": 100, "p2": 100})
    site.put(p1="gone", p2="gone")
    await site.turn()
    assert site.pods() == {}


async def test_a_restart_costs_no_write(site):
    await settled_pods(site)
    site.restart()
    await site.turn()
    assert site.calls() == [FOUND, "DescribeLoadBalancers"]
    await site.verify()
    assert not [call for call in site.cloud.calls if call.write]


async def test_a_restart_while_a_pod_terminates_writes_nothing_and_takes_it_out_all_the_same(site):
    await settled_pods(site)
    site.put(p1="ready", p2="going")
    await site.turn()
    site.calls()
    site.restart()
    await site.turn()
    assert not {SET, ADDED, REMOVED} & set(site.calls())
    site.put(p1="ready")
    site.restart()
    await site.turn()
    assert site.pods() == {"p1": 100}


async def test_from_nodes_to_pods_and_back_the_listener_moves_before_the_old_group_goes(site):
    site.put(p1="ready", p2="ready")
    await site.quiet()
    site.direct()
    await site.settle()
    writes = [one for one in site.calls() if not one.startswith("Describe")]
    assert writes == ["CreateVServerGroup", "SetLoadBalancerTCPListenerAttribute", "DeleteVServerGroup"]
    assert site.pods() == {"p1": 100, "p2": 100}
    site.cluster.annotate(address_type="intranet")
    await site.settle()
    assert site.weights() == {"i-w0": 100, "i-w1": 100}


async def test_four_hundred_pods_go_in_by_20_and_are_looked_up_by_100():
    site = new_site(0)
    site.cloud.world.quotas.update(slb_quota_backendservers_num=1000, slb_quota_backendserver_attached_num=1000)
    world = site.cloud.world
    ecs = world.states["ecs"]
    for part in range(4):
        ips = tuple(f"127.16.{part + 4}.{n}" for n in range(100))
        ecs.add_interface(world, "vsw-test", own_id=f"eni-{part}", instance=ecs.instances["i-w0"], private_ips=ips)
    site.direct()
    site.put(p1="ready")
    (one,) = site.cluster.slices
    endpoints = [
        replace(one.endpoints[0], addresses=[f"127.16.{part + 4}.{n}"]) for part in range(4) for n in range(100)
    ]
    site.cluster.slices = [replace(one, endpoints=endpoints)]
    await site.settle()
    told = site.calls()
    assert (told.count(FOUND), told.count("CreateVServerGroup"), told.count(ADDED)) == (4, 1, 19)
    assert len(site.weights()) == 400


async def test_an_address_without_an_interface_is_told_and_looked_for_and_nobody_is_taken_out_meanwhile(site):
    await settled_pods(site)
    site.put(p1="ready", p9="ready")
    assert await site.turn() == 2.0
    assert site.pods() == {"p1": 100, "p2": 100}
    assert [(kind, text) for kind, reason, text in site.told if reason == "SkipSyncBackends"] == [
        ("Warning", NO_INTERFACE),
    ]  # fmt: skip
    add_interfaces(site, [9])
    await site.turn()
    assert site.pods() == {"p1": 100, "p9": 100}


async def test_an_address_of_elsewhere_is_left_out_and_told_once(site):
    await settled_pods(site)
    (one,) = site.cluster.slices
    far = replace(one.endpoints[0], addresses=["8.8.8.8"])
    site.cluster.slices = [replace(one, endpoints=[*one.endpoints, far])]
    for _ in range(3):
        assert await site.turn() > SOON
    assert site.pods() == {"p1": 100, "p2": 100}
    assert [kind for kind, reason, _ in site.told if reason == "SkipSyncBackends"] == ["Normal"]
    assert site.calls() == [FOUND, "DescribeVpcAttribute"]


async def test_an_interface_that_the_cloud_no_longer_knows_is_looked_up_anew(site):
    await settled_pods(site)
    world = site.cloud.world
    ecs = world.states["ecs"]
    site.put(p1="ready", p2="ready", p3="ready")
    real, answers = site.cloud.send, []

    async def moved(call):
        reply = await real(call)
        if call.action == FOUND and not answers:  # it moves to another interface right after the answer
            answers.append(reply)
            ecs.remove_interface(world, ecs.interfaces["eni-p3"])
            ecs.add_interface(
                world, "vsw-test", own_id="eni-new", instance=ecs.instances["i-w1"], private_ips=(address_of(3),)
            )
        return reply

    site.services.site.send = site.services.site.lookups.interfaces.send = moved
    await site.settle()
    assert site.pods() == {"p1": 100, "p2": 100, "p3": 100}


async def test_a_node_that_the_autoscaler_deletes_drains_and_then_goes(site):
    await site.quiet()
    site.node("w1", taint="ToBeDeletedByClusterAutoscaler")
    assert await site.turn() == 30.0
    assert site.weights() == {"i-w0": 100, "i-w1": 0}
    site.time.time += 30.0
    assert await site.turn() > SOON
    assert (site.calls(), site.weights()) == ([SET, REMOVED], {"i-w0": 100})


@pytest.mark.parametrize("back", [False, True], ids=["goes on", "is called off"])
async def test_a_restart_in_the_middle_of_a_drain_begins_its_time_anew_and_never_leaves_it_at_0(site, back):
    site.cluster.annotate(address_type="intranet", ignore_weight_update="on")
    await site.quiet()
    site.node("w1", taint="ToBeDeletedByClusterAutoscaler")
    await site.turn()
    site.time.time += 20.0
    site.restart()
    if back:
        site.node("w1")
        await site.settle()
        assert site.weights() == {"i-w0": 100, "i-w1": 100}
        return
    assert await site.turn() == 30.0
    await site.settle()
    assert site.weights() == {"i-w0": 100}


async def test_a_drain_that_is_called_off_gives_the_weight_back(site):
    await site.quiet()
    site.node("w1", taint="ToBeDeletedByClusterAutoscaler")
    await site.turn()
    site.node("w1")
    await site.turn()
    assert site.weights() == {"i-w0": 100, "i-w1": 100}


async def test_a_node_that_is_gone_goes_at_once(site):
    await site.quiet()
    site.node("w1", taint="ToBeDeletedByClusterAutoscaler")
    await site.turn()
    site.cluster.nodes.pop()
    await site.turn()
    assert site.weights() == {"i-w0": 100}


async def test_in_local_mode_a_node_whose_pods_terminate_finishes_what_it_has(site):
    site.cluster.ask(external_traffic_policy="Local")
    site.put(p1="ready", p2="ready", p3="ready")
    await site.quiet()
    assert site.weights() == {"i-w0": 1, "i-w1": 2}
    site.put(p1="ready", p2="going", p3="ready")
    await site.turn()
    assert site.weights() == {"i-w0": 0, "i-w1": 2}
    site.put(p1="ready", p3="ready")
    await site.turn()
    assert (site.calls(), site.weights()) == ([SET, REMOVED], {"i-w1": 2})


async def test_a_node_that_joins_costs_nothing_in_local_mode_and_one_write_for_each_group_in_cluster_mode(site):
    third = replace(
        site.cluster.nodes[0],
        metadata=Metadata(name="w2"),
        spec=replace(site.cluster.nodes[0].spec, provider_id="cn-hangzhou.i-w2"),
    )
    for policy, told in (("Local", []), ("Cluster", [ADDED])):
        site.cluster.ask(external_traffic_policy=policy)
        site.put(p1="ready", p2="ready")
        await site.settle()
        site.calls()
        site.cluster.nodes.append(third)
        await site.turn()
        assert site.calls() == told
        site.cluster.nodes.pop()
        await site.settle()


async def test_d16_when_no_node_is_ready_nothing_is_taken_out_and_the_owner_is_told_once(site):
    await site.quiet()
    for name in ("w0", "w1"):
        site.node(name, ready="Unknown")
    for _ in range(3):
        await site.turn()
    assert (site.calls(), site.weights()) == ([], {"i-w0": 100, "i-w1": 100})
    assert [reason for _, reason, _ in site.told].count("NodesNotReady") == 1


async def test_a_group_that_takes_no_more_is_made_room_in_first(site):
    site.cloud.refused.add(SWAPPED)
    await settled_pods(site)
    site.cloud.world.quotas.update(slb_quota_backendservers_num=2)
    site.put(p1="ready", p3="ready")
    await site.turn()
    assert site.calls() == [FOUND, SWAPPED, ADDED, REMOVED, ADDED]
    assert site.pods() == {"p1": 100, "p3": 100}


async def test_a_group_that_takes_no_more_gives_up_what_drains(site):
    await settled_pods(site)
    site.put(p1="ready", p2="going")
    await site.turn()
    site.cloud.world.quotas.update(slb_quota_backendservers_num=2)
    site.calls()
    site.put(p1="ready", p2="going", p3="ready")
    await site.turn()
    assert site.calls() == [FOUND, ADDED, SWAPPED]
    assert site.pods() == {"p1": 100, "p3": 100}


async def test_d7_a_backend_of_somebody_else_is_never_touched_whatever_server_it_is(site):
    await site.quiet()
    (group,) = site.balancer.groups.values()
    servers = (
        '[{"ServerId":"i-w0","Port":"9999","Weight":"7","Type":"ecs","Description":"by-hand"},'
        '{"ServerId":"i-w3","Port":"30080","Weight":"7","Type":"ecs","Description":"by-hand"}]'
    )
    fields = {"RegionId": "cn-hangzhou", "VServerGroupId": group.id, "BackendServers": servers}
    perform(site.cloud.world, "slb", ADDED, fields)
    site.cluster.nodes.append(
        replace(
            site.cluster.nodes[0],
            metadata=Metadata(name="w3"),
            spec=replace(site.cluster.nodes[0].spec, provider_id="cn-hangzhou.i-w3"),
        )
    )
    assert await site.verify() == []
    site.node("w3", taint="ToBeDeletedByClusterAutoscaler")
    site.node("w0", taint="ToBeDeletedByClusterAutoscaler")
    await site.settle()
    assert sorted((one.server_id, one.port, one.weight) for one in group.backends.values()) == [
        ("i-w0", 9999, 7), ("i-w1", 30080, 100), ("i-w3", 30080, 7),
    ]  # fmt: skip


def waiting_pod(name: str, *, ready: str, gate: str = GATE) -> Pod:
    return Pod(
        metadata=Metadata(name=name, namespace="default", uid=f"uid-{name}"),
        spec=PodSpec(readiness_gates=[PodReadinessGate(condition_type=gate)]),
        status=PodStatus(conditions=[Condition(type="ContainersReady", status=ready)]),
    )


def told_to(site: Site, name: str) -> list[tuple[str, str]]:
    return [(one.status, one.reason) for one in site.cluster.pods[name].status.conditions if one.type == GATE]


async def test_a_pod_that_waits_for_us_is_taken_when_its_containers_are_and_told_when_it_gets_traffic(site):
    await settled_pods(site)
    site.cluster.pods["p3"] = waiting_pod("p3", ready="False")
    site.put(p1="ready", p2="ready", p3="unready")
    assert await site.turn() == 2.0
    assert (site.calls(), site.pods()) == ([], {"p1": 100, "p2": 100})
    site.cluster.pods["p3"] = waiting_pod("p3", ready="True")
    again = await site.turn()
    assert (site.calls(), site.pods()["p3"], told_to(site, "p3")) == ([FOUND, ADDED], 100, [])
    assert again == 7.5
    site.time.time += again
    await site.turn()
    assert told_to(site, "p3") == [("True", "ServerRegistered")]
    patches = len(site.cluster.patches)
    await site.turn()
    assert (site.calls(), len(site.cluster.patches)) == ([], patches)


@pytest.mark.parametrize("policy", ["Cluster", "Local"])
async def test_d15_a_pod_behind_its_node_is_told_as_well(site, policy):
    """A node's port leads to ready pods alone, so the balancer has nothing to do for one that is not."""
    site.cluster.ask(external_traffic_policy=policy)
    site.put(p1="ready", p2="ready")
    await site.quiet()
    site.cluster.pods["p3"] = waiting_pod("p3", ready="True")
    site.put(p1="ready", p2="ready", p3="unready")
    await site.turn()
    assert told_to(site, "p3") == [("True", "ServerRegistered")]
    assert site.calls() == []


async def test_a_node_is_no_backend_in_local_mode_for_a_pod_that_is_not_ready(site):
    site.cluster.ask(external_traffic_policy="Local")
    site.put(p1="ready")
    await site.quiet()
    site.cluster.pods["p3"] = waiting_pod("p3", ready="True")
    site.put(p1="ready", p3="unready")
    await site.turn()
    assert site.calls() == []


async def test_a_pod_that_waits_while_we_restart_is_told_all_the_same(site):
    await settled_pods(site)
    site.cluster.pods["p3"] = waiting_pod("p3", ready="True")
    site.put(p1="ready", p2="ready", p3="unready")
    await site.turn()
    site.restart()
    await site.settle(200)
    assert told_to(site, "p3") == [("True", "ServerRegistered")]


async def test_a_pod_that_cannot_be_reached_is_told_so(site):
    await settled_pods(site)
    site.cluster.pods["p9"] = waiting_pod("p9", ready="True")
    site.put(p1="ready", p2="ready", p9="unready")
    await site.turn()
    assert told_to(site, "p9") == [("False", "ServerInvalidServer")]


async def test_pods_are_read_once_unless_they_wait_for_us_and_never_when_they_are_ready(site):
    await settled_pods(site)
    assert site.cluster.asked_for == []
    site.cluster.pods["p3"] = waiting_pod("p3", ready="True", gate="somebody-else")
    site.put(p1="ready", p2="going", p3="unready")
    for _ in range(3):
        await site.turn()
    assert site.cluster.asked_for == ["p3"]


async def test_where_pods_may_not_be_read_everything_else_goes_on(site):
    await settled_pods(site)
    site.cluster.forbidden = True
    site.put(p1="ready", p3="ready", p4="unready")
    assert await site.turn() > SOON
    assert site.pods() == {"p1": 100, "p3": 100}


PODS = st.dictionaries(st.sampled_from([f"p{n}" for n in range(1, 7)]), st.sampled_from(sorted(STATES)), max_size=6)
NODES = st.fixed_dictionaries(
    {name: st.sampled_from(["ready", "unknown", "tainted", "cordoned"]) for name in ("w0", "w1")}
)
MOMENT = st.tuples(st.sampled_from(["eni", "Local", "Cluster"]), PODS, NODES, st.booleans())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(MOMENT, min_size=1, max_size=5))
def test_whoever_comes_leaves_or_goes_the_end_is_reached_and_left_alone_and_nobody_is_left_at_0(moments):
    async def run():
        site = new_site()
        site.cluster.annotate(address_type="intranet")
        await site.settle()
        by_hand(site)
        await site.verify()
        for mode, pods, nodes, restarts in moments:
            at_moment(site, mode, pods, nodes)
            if restarts:
                site.restart()
            await site.turn()
        await site.settle(300)
        weights = weights_of(site, "k8s/")
        mode, pods, nodes, _ = moments[-1]
        taking = {server: weight for server, weight in weights.items() if weight}
        wanted = expected(mode, pods, nodes)
        assert taking == wanted if wanted else taking.keys() <= keeping(mode, pods)
        assert {server for server, weight in weights.items() if not weight} <= finishing(mode, pods)
        assert await site.verify() == []
        assert weights_of(site, "by-hand", everywhere=True) == {"i-w3": 7}

    asyncio.run(run())


def by_hand(site: Site) -> None:
    (group,) = site.balancer.groups.values()
    server = '[{"ServerId":"i-w3","Port":"9999","Weight":"7","Type":"ecs","Description":"by-hand"}]'
    perform(
        site.cloud.world, "slb", ADDED,
        {"RegionId": "cn-hangzhou", "VServerGroupId": group.id, "BackendServers": server},
    )  # fmt: skip


def weights_of(site: Site, mark: str, *, everywhere: bool = False) -> dict[str, int]:
    """Weights in the group that the listener uses, of backends whose description begins so."""
    (listener,) = site.balancer.listeners.values()
    used = listener.settings["VServerGroupId"]
    return {
        one.server_ip or one.server_id: one.weight
        for group in site.balancer.groups.values()
        if everywhere or group.id == used
        for one in group.backends.values()
        if one.description.startswith(mark)
    }


def expected(mode: str, pods: dict[str, str], nodes: dict[str, str]) -> dict[str, int]:
    """Who takes traffic in the end."""
    fitting = {name for name, state in nodes.items() if state in ("ready", "unknown")}
    taking = {name for name in fitting if nodes[name] == "ready"}
    failed_open = bool(fitting) and not taking
    taking = taking or fitting
    serving = [name for name, state in pods.items() if state == "ready" or (state == "unready" and failed_open)]
    serving = serving or [name for name, state in pods.items() if state == "going"]
    if mode == "Cluster":
        return {f"i-{name}": 100 for name in taking}
    if mode == "eni":
        return {address_of(int(name[1:])): 100 for name in serving}
    counts = {f"i-{node}": sum(f"w{int(name[1:]) % 2}" == node for name in serving) for node in taking}
    return {server: count for server, count in counts.items() if count}


def finishing(mode: str, pods: dict[str, str]) -> set[str]:
    """Who may be there at weight 0 in the end: what terminates and still serves."""
    going = {int(name[1:]) for name, state in pods.items() if state == "going"}
    if mode == "eni":
        return {address_of(number) for number in going}
    return {f"i-w{number % 2}" for number in going} if mode == "Local" else set()


def keeping(mode: str, pods: dict[str, str]) -> set[str]:
    """Who may keep what it has while nobody is to take over: nodes that leave, in Local mode those with pods."""
    placed = {f"i-w{int(name[1:]) % 2}" for name, state in pods.items() if state in ("ready", "going")}
    return {"eni": set(), "Local": placed, "Cluster": {"i-w0", "i-w1"}}[mode]


def at_moment(site: Site, mode: str, pods: dict[str, str], nodes: dict[str, str]) -> None:
    site.cluster.annotate(address_type="intranet", remove_unscheduled_backend="on")
    if mode == "eni":
        site.direct(remove_unscheduled_backend="on")
    site.cluster.ask(external_traffic_policy="Local" if mode == "Local" else "Cluster")
    site.put(**pods)
    for name, state in nodes.items():
        site.node(
            name,
            ready="Unknown" if state == "unknown" else "True",
            taint="ToBeDeletedByClusterAutoscaler" if state == "tainted" else "",
            unschedulable=state == "cordoned",
        )
