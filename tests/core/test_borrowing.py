"""A balancer that somebody made by hand is used and given back as it was; what is there of others is never touched."""

import copy
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.conftest import Bench, Cluster, new_bench
from tests.core.test_ownership import do
from tests.core.test_properties import PROFILE, TROUBLE

from yunqiao.controllers.services.reconcile import Services
from yunqiao.controllers.services.site import Site
from yunqiao.model.cluster import ServicePort

EIGHTY = [ServicePort(port=80, node_port=30080)]


def made_by_hand(bench):
    """A CLB from the console: a listener on port 22 with a group of two servers, one of them on a port of its own."""
    made = do(
        bench, "CreateLoadBalancer", LoadBalancerName="shop", AddressType="intranet", VSwitchId="vsw-test",
        InstanceChargeType="PayByCLCU", Tag__1__Key="team", Tag__1__Value="shop",
    )  # fmt: skip
    balancer_id = made["LoadBalancerId"]
    group = hand_group(bench, balancer_id, "legacy", 8080)
    hand_listener(bench, balancer_id, 22, group)
    return balancer_id, group


def hand_group(bench, balancer_id, name, port, server="i-w3"):
    backends = json.dumps([{"ServerId": server, "Port": str(port), "Weight": "50", "Type": "ecs"}])
    made = do(bench, "CreateVServerGroup", LoadBalancerId=balancer_id, VServerGroupName=name, BackendServers=backends)
    return made["VServerGroupId"]


def hand_listener(bench, balancer_id, port, group, description="by hand"):
    do(
        bench, "CreateLoadBalancerTCPListener", LoadBalancerId=balancer_id, ListenerPort=str(port), Bandwidth="-1",
        VServerGroupId=group, Description=description,
    )  # fmt: skip


def balancer_of(bench, balancer_id):
    return bench.cloud.world.states["slb"].load_balancers[balancer_id]


def borrow(bench, balancer_id, **more):
    bench.cluster.annotate(id=balancer_id, **more)


def problems(bench):
    (condition,) = bench.cluster.service.status.conditions
    return condition.status, condition.message


async def test_without_override_only_a_group_is_made_and_listeners_are_left_alone(bench):
    balancer_id, _ = made_by_hand(bench)
    before = copy.deepcopy(balancer_of(bench, balancer_id))
    borrow(bench, balancer_id)
    await bench.settle()
    assert [call.action for call in bench.cloud.writes()] == ["CreateVServerGroup"]
    after = balancer_of(bench, balancer_id)
    assert (after.name, after.tags, after.delete_protection) == (before.name, before.tags, before.delete_protection)
    assert list(after.listeners) == [("tcp", 22)]
    assert [one.ip for one in bench.cluster.service.status.load_balancer.ingress] == [after.address]
    assert await bench.verify() == []
    bench.cluster.delete()
    await bench.settle()
    assert bench.cluster.service is None
    assert [one.name for one in balancer_of(bench, balancer_id).groups.values()] == ["legacy"]


async def test_with_override_listeners_come_beside_those_of_others_and_go_with_the_service(bench):
    balancer_id, _ = made_by_hand(bench)
    borrow(bench, balancer_id, force_override_listeners="true")
    await bench.settle()
    assert sorted(balancer_of(bench, balancer_id).listeners) == [("tcp", 22), ("tcp", 80)]
    bench.cluster.nodes.pop()
    before = len(bench.cloud.calls)
    await bench.settle()
    assert [call.action for call in bench.cloud.calls[before:]] == ["RemoveVServerGroupBackendServers"]
    bench.cluster.delete()
    await bench.settle()
    left = balancer_of(bench, balancer_id)
    assert (list(left.listeners), [one.name for one in left.groups.values()]) == ([("tcp", 22)], ["legacy"])


async def test_override_that_is_taken_back_leaves_running_listeners_until_the_service_goes(bench):
    balancer_id, _ = made_by_hand(bench)
    borrow(bench, balancer_id, force_override_listeners="true")
    await bench.settle()
    borrow(bench, balancer_id)
    await bench.settle()
    assert ("tcp", 80) in balancer_of(bench, balancer_id).listeners
    bench.cluster.delete()
    await bench.settle()
    assert list(balancer_of(bench, balancer_id).listeners) == [("tcp", 22)]


async def test_backends_join_a_group_of_somebody_else_and_leave_it_as_it_was(bench):
    balancer_id, group = made_by_hand(bench)
    before = copy.deepcopy(balancer_of(bench, balancer_id).groups[group].backends)
    borrow(bench, balancer_id, vgroup_port=f"{group}:80")
    await bench.settle()
    shared = balancer_of(bench, balancer_id).groups[group]
    assert sorted((one.server_id, one.port) for one in shared.backends.values()) == [
        ("i-w0", 30080), ("i-w1", 30080), ("i-w3", 8080),
    ]  # fmt: skip
    assert shared.name == "legacy"
    assert await bench.verify() == []
    bench.cluster.delete()
    await bench.settle()
    assert balancer_of(bench, balancer_id).groups[group].backends == before


async def test_a_server_that_is_in_the_shared_group_already_stays_whose_it_is(bench):
    balancer_id, _ = made_by_hand(bench)
    group = hand_group(bench, balancer_id, "both", 30080, server="i-w0")
    borrow(bench, balancer_id, vgroup_port=f"{group}:80")
    await bench.settle()
    held = {one.server_id: (one.weight, one.description) for one in shared_backends(bench, balancer_id, group)}
    assert held["i-w0"] == (50, "")
    bench.cluster.delete()
    await bench.settle()
    assert [one.server_id for one in shared_backends(bench, balancer_id, group)] == ["i-w0"]


def shared_backends(bench, balancer_id, group):
    return list(balancer_of(bench, balancer_id).groups[group].backends.values())


async def test_what_others_do_to_a_shared_group_is_seen_at_the_next_change(bench):
    balancer_id, group = made_by_hand(bench)
    borrow(bench, balancer_id, vgroup_port=f"{group}:80")
    await bench.settle()
    taken = [{"ServerId": "i-w0", "Port": "30080"}]
    do(bench, "RemoveVServerGroupBackendServers", VServerGroupId=group, BackendServers=json.dumps(taken))
    bench.cluster.nodes.pop()
    await bench.settle()
    assert sorted(one.server_id for one in shared_backends(bench, balancer_id, group)) == ["i-w0", "i-w3"]


async def test_a_group_for_another_port_is_filled_and_the_former_one_left(bench):
    balancer_id, group = made_by_hand(bench)
    other = hand_group(bench, balancer_id, "other", 9090)
    borrow(bench, balancer_id, vgroup_port=f"{group}:80")
    await bench.settle()
    borrow(bench, balancer_id, vgroup_port=f"{other}:80")
    await bench.settle()
    assert [one.server_id for one in shared_backends(bench, balancer_id, group)] == ["i-w3"]
    assert len(shared_backends(bench, balancer_id, other)) == 3


@pytest.mark.parametrize(
    ("name", "said"), [("k8s/80/other/default/elsewhere", "made by a cluster"), ("", "has no server group")]
)
async def test_a_group_that_cannot_be_shared_is_told(bench, name, said):
    balancer_id, _ = made_by_hand(bench)
    group = hand_group(bench, balancer_id, name, 8080) if name else "rsp-nowhere"
    borrow(bench, balancer_id, vgroup_port=f"{group}:80")
    await bench.settle()
    assert bench.cloud.writes() == []
    status, message = problems(bench)
    assert status == "False"
    assert said in message


async def test_a_port_that_somebody_holds_is_a_condition_and_never_a_takeover(bench):
    balancer_id, group = made_by_hand(bench)
    hand_listener(bench, balancer_id, 80, group)
    borrow(bench, balancer_id, force_override_listeners="true")
    await bench.settle()
    assert balancer_of(bench, balancer_id).listeners["tcp", 80].settings["Description"] == "by hand"
    assert "port 80/TCP" in problems(bench)[1]
    do(bench, "DeleteLoadBalancerListener", LoadBalancerId=balancer_id, ListenerPort="80", ListenerProtocol="tcp")
    bench.time.time += 60
    await bench.settle()
    assert problems(bench) == ("True", "")
    assert "k8s/80/nginx" in balancer_of(bench, balancer_id).listeners["tcp", 80].settings["Description"]


async def test_a_balancer_that_a_cluster_made_is_not_borrowed(bench):
    balancer_id, _ = made_by_hand(bench)
    balancer_of(bench, balancer_id).tags["kubernetes.do.not.delete"] = "a1234"
    borrow(bench, balancer_id, force_override_listeners="true")
    await bench.settle()
    assert bench.cloud.writes() == []
    assert "made by a cluster" in problems(bench)[1]
    bench.cluster.delete()
    await bench.settle()
    assert bench.cluster.service is None


async def test_one_that_does_not_exist_is_told_and_used_once_it_is_named_rightly(bench):
    balancer_id, _ = made_by_hand(bench)
    borrow(bench, "lb-typo")
    await bench.settle()
    assert "no load balancer lb-typo" in problems(bench)[1]
    assert bench.cloud.writes() == []
    borrow(bench, balancer_id)
    await bench.settle()
    assert [one.ip for one in bench.cluster.service.status.load_balancer.ingress] == [
        balancer_of(bench, balancer_id).address
    ]


async def test_a_service_stays_with_the_balancer_it_has(bench):
    balancer_id, _ = made_by_hand(bench)
    other, _ = made_by_hand(bench)
    borrow(bench, balancer_id)
    await bench.settle()
    for moved in ({"id": other}, {}):
        bench.cluster.annotate(**moved)
        bench.restart()
        await bench.settle()
        assert f"uses load balancer {balancer_id} and stays there" in problems(bench)[1]
        assert "legacy" in {one.name for one in balancer_of(bench, other).groups.values()}
        assert len(balancer_of(bench, other).groups) == 1
    bench.cluster.delete()
    await bench.settle()
    assert len(balancer_of(bench, balancer_id).groups) == 1


async def test_a_service_with_a_balancer_of_its_own_does_not_move_to_a_borrowed_one(bench):
    await bench.settle()
    (own,) = bench.cloud.world.states["slb"].load_balancers
    balancer_id, _ = made_by_hand(bench)
    bench.cluster.annotate(address_type="intranet", id=balancer_id)
    await bench.settle()
    assert f"has load balancer {own} of its own" in problems(bench)[1]
    bench.cluster.delete()
    await bench.settle()
    assert list(bench.cloud.world.states["slb"].load_balancers) == [balancer_id]


async def test_attributes_of_a_borrowed_balancer_are_for_its_owner_to_set(bench):
    balancer_id, _ = made_by_hand(bench)
    borrow(bench, balancer_id, name="mine", delete_protection="on", additional_resource_tags="a=b")
    await bench.settle()
    balancer = balancer_of(bench, balancer_id)
    assert (balancer.name, balancer.delete_protection, balancer.tags) == ("shop", "off", {"team": "shop"})
    assert "loadbalancer-name has no effect" in problems(bench)[1]


class Pair:
    """Two Services of one cluster, under one controller."""

    def __init__(self, bench):
        self.bench, self.woken = bench, []
        self.clusters = {"default/nginx": bench.cluster, "default/shop": other_service(bench)}

    def start(self):
        bench = self.bench

        async def patch(one):
            await self.clusters[f"{one.namespace}/{one.name}"].patch(one)

        bench.services = Services(Site(
            lambda key: self.clusters[key].snapshot(key), patch, bench.cloud.send, bench.services.site.tell,
            bench.services.site.rules, bench.time, wake=self.woken.append,
        ))  # fmt: skip

    async def settle(self, key):
        self.bench.key = key
        await self.bench.settle()


def other_service(bench, name="shop", ports=EIGHTY):
    service = bench.cluster.service
    meta = msgspec.structs.replace(service.metadata, name=name, uid="9" * 8 + "-1111-2222-3333-444444444444")
    spec = msgspec.structs.replace(service.spec, ports=ports)
    return Cluster(msgspec.structs.replace(service, metadata=meta, spec=spec), bench.cluster.nodes)


async def test_services_share_a_balancer_and_the_one_that_waits_for_a_port_is_woken(bench):
    balancer_id, _ = made_by_hand(bench)
    pair = Pair(bench)
    pair.start()
    for cluster in pair.clusters.values():
        cluster.annotate(id=balancer_id, force_override_listeners="true")
    await pair.settle("default/nginx")
    await pair.settle("default/shop")
    held = pair.clusters["default/shop"].service.status.conditions[0].message
    assert "k8s/80/nginx/default" in held
    pair.clusters["default/nginx"].ask(ports=[ServicePort(port=81, node_port=30081)])
    await pair.settle("default/nginx")
    assert pair.woken == ["default/shop"]
    await pair.settle("default/shop")
    described = {
        port: one.settings["Description"] for (_, port), one in balancer_of(bench, balancer_id).listeners.items()
    }
    assert described == {22: "by hand", 80: f"k8s/80/shop/default/{bench.id}", 81: f"k8s/81/nginx/default/{bench.id}"}
    for key in pair.clusters:
        pair.clusters[key].delete()
        await pair.settle(key)
    assert list(balancer_of(bench, balancer_id).listeners) == [("tcp", 22)]


async def test_two_clusters_share_a_group_and_each_takes_out_only_its_own(bench):
    balancer_id, group = made_by_hand(bench)
    second = Bench(bench.cloud, other_service(bench, name="nginx"), bench.time, id="zzzzzzzzzz")
    second.cluster.nodes = [bench.cluster.nodes.pop()]
    for one in (bench, second):
        borrow(one, balancer_id, vgroup_port=f"{group}:80")
        await one.settle()
    assert sorted(one.server_id for one in shared_backends(bench, balancer_id, group)) == ["i-w0", "i-w1", "i-w3"]
    bench.cluster.delete()
    await bench.settle()
    assert sorted(one.server_id for one in shared_backends(bench, balancer_id, group)) == ["i-w1", "i-w3"]


FOREIGN = st.tuples(
    st.lists(st.tuples(st.integers(1, 90), st.sampled_from(["", "by hand", "k8s/80/nginx/default/other"])),
             max_size=4, unique_by=lambda one: one[0]),
    st.lists(
        st.sampled_from(["a", "b", "k8s/30080/nginx/default/other", "k8s/30080/shop/default/abcdefghij"]), max_size=3
    ),
)  # fmt: skip
WISH = st.fixed_dictionaries(
    {"vgroup": st.booleans()},
    optional={"force_override_listeners": st.just("true"), "scheduler": st.sampled_from(["rr", "wlc"])},
)


@PROFILE
@given(FOREIGN, st.lists(WISH, min_size=1, max_size=3), st.lists(TROUBLE, max_size=30))
async def test_whatever_happens_nothing_of_others_is_touched_and_nothing_of_ours_is_left(foreign, wishes, troubles):
    bench = new_bench()
    balancer_id, group = made_by_hand(bench)
    for name in foreign[1]:
        hand_group(bench, balancer_id, name, 8081)
    for port, description in foreign[0]:
        if port != 22:
            hand_listener(bench, balancer_id, port, group, description or "-")
    before = copy.deepcopy(bench.cloud.world.states["slb"].load_balancers)
    bench.cloud.troubles = list(troubles)
    for wish in wishes:
        more = {key: value for key, value in wish.items() if key != "vgroup"}
        borrow(bench, balancer_id, **more, **({"vgroup_port": f"{group}:80"} if wish["vgroup"] else {}))
        await bench.settle()
    bench.cluster.delete()
    await bench.settle()
    bench.cloud.troubles = []
    bench.time.time += 10
    assert bench.cluster.service is None
    after = bench.cloud.world.states["slb"].load_balancers
    assert shape(after) == shape(before)


def shape(balancers):
    return {
        one.id: (
            one.name, one.tags, one.delete_protection,
            {key: (each.settings, each.status) for key, each in one.listeners.items()},
            {key: (each.name, each.backends) for key, each in one.groups.items()},
        )
        for one in balancers.values()
    }  # fmt: skip


async def test_a_listener_is_handed_over_by_the_description_that_the_condition_names(bench):
    balancer_id, group = made_by_hand(bench)
    hand_listener(bench, balancer_id, 80, group)
    borrow(bench, balancer_id, force_override_listeners="true")
    await bench.settle()
    mark = problems(bench)[1].rpartition('describe it as "')[2].rstrip('"')
    balancer_of(bench, balancer_id).listeners["tcp", 80].settings["Description"] = mark
    bench.time.time += 60
    await bench.settle()
    assert problems(bench) == ("True", "")
    assert balancer_of(bench, balancer_id).listeners["tcp", 80].settings["VServerGroupId"] != group
