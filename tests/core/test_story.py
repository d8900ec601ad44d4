"""The life of one Service, read as the calls it takes."""

import contextlib
from dataclasses import replace

from tests.core.conftest import Ended

from yunqiao.model.cluster import ServicePort
from yunsim.dispatch import perform


def story(bench):
    return [f"{call.action}: {call.why}" for call in bench.cloud.writes()]


async def test_a_service_becomes_a_balancer_in_four_writes(bench):
    await bench.settle()
    assert story(bench) == [
        "CreateLoadBalancer: Service default/nginx wants an intranet load balancer and has none",
        "CreateVServerGroup: group k8s/30080/nginx/default/abcdefghij is missing, i-w0:30080, i-w1:30080 to go in",
        "CreateLoadBalancerTCPListener: port 80/TCP has no listener",
        "StartLoadBalancerListener: the listener on port 80/TCP stands still",
    ]
    assert bench.wanted_is_there()


async def test_the_service_says_so(bench):
    await bench.settle()
    service, (balancer,) = bench.cluster.service, bench.cloud.world.states["slb"].load_balancers.values()
    assert service.metadata.finalizers == ["service.k8s.alibaba/resources"]
    assert service.metadata.labels["service.k8s.alibaba/loadbalancer-id"] == balancer.id
    assert len(service.metadata.labels["service.beta.kubernetes.io/hash"]) == 56
    assert [one.ip for one in service.status.load_balancer.ingress] == [balancer.address]
    assert balancer.name == "a3f2b8c1e93ab4a6ea8b91c2d3e4f5a6"
    assert balancer.tags == {"kubernetes.do.not.delete": balancer.name, "ack.aliyun.com": "abcdefghij"}
    assert (balancer.delete_protection, balancer.modification_protection_status) == ("on", "ConsoleProtection")


async def test_an_instance_that_is_to_be_paid_for_by_specification_and_bandwidth_gets_both(bench):
    bench.cluster.annotate(address_type="internet")
    await bench.settle()
    bench.cluster.annotate(
        address_type="internet", instance_charge_type="PayBySpec", spec="slb.s2.small", charge_type="paybybandwidth",
        bandwidth="5",
    )  # fmt: skip
    await bench.settle()
    (balancer,) = bench.cloud.world.states["slb"].load_balancers.values()
    assert (balancer.instance_charge_type, balancer.spec) == ("PayBySpec", "slb.s2.small")
    assert (balancer.internet_charge_type, balancer.bandwidth) == ("paybybandwidth", 5)


async def test_it_is_left_alone_then(bench):
    await bench.settle()
    patches = len(bench.cluster.patches)
    assert await bench.verify() == []
    assert len(bench.cluster.patches) == patches


async def test_nodes_that_come_and_go_change_backends_only(bench):
    await bench.settle()
    del bench.cluster.nodes[0]
    before = len(story(bench))
    await bench.settle()
    assert story(bench)[before:] == [
        "RemoveVServerGroupBackendServers: take out i-w0:30080 in group k8s/30080/nginx/default/abcdefghij"
    ]


async def test_a_port_that_moves_is_served_before_the_old_one_goes(bench):
    await bench.settle()
    before = len(story(bench))
    bench.cluster.ask(ports=[ServicePort(port=81, node_port=30080)])
    await bench.settle()
    assert [line.split(":")[0] for line in story(bench)[before:]] == [
        "CreateLoadBalancerTCPListener", "DeleteLoadBalancerListener", "StartLoadBalancerListener",
    ]  # fmt: skip
    assert bench.wanted_is_there()


async def test_a_deleted_service_leaves_nothing_behind(bench):
    await bench.settle()
    before = len(story(bench))
    bench.cluster.delete()
    await bench.settle()
    assert [line.split(":")[0] for line in story(bench)[before:]] == [
        "SetLoadBalancerDeleteProtection", "DeleteLoadBalancer",
    ]  # fmt: skip
    assert bench.cloud.shape() == []
    assert bench.cluster.service is None


async def test_a_service_that_is_no_longer_a_load_balancer_is_cleaned_up_after(bench):
    await bench.settle()
    bench.cluster.ask(type="ClusterIP")
    await bench.settle()
    assert bench.cloud.shape() == []
    service = bench.cluster.service
    assert (service.metadata.finalizers, service.metadata.labels) == ([], {})
    assert service.status.load_balancer.ingress == []


async def test_settings_are_followed_in_place_and_go_back_to_their_defaults_when_nothing_asks_for_them(bench):
    await bench.settle()
    bench.cluster.annotate(address_type="intranet", scheduler="wlc", health_check_interval="7", name="shop")
    before = len(story(bench))
    await bench.settle()
    assert [line.split(":")[0] for line in story(bench)[before:]] == [
        "SetLoadBalancerName", "SetLoadBalancerTCPListenerAttribute",
    ]  # fmt: skip
    (balancer,) = bench.cloud.world.states["slb"].load_balancers.values()
    (listener,) = balancer.listeners.values()
    assert (listener.settings["Scheduler"], listener.settings["HealthCheckInterval"]) == ("wlc", 7)
    bench.cluster.annotate(address_type="intranet")
    before = len(story(bench))
    await bench.settle()
    assert [line.split(":")[0] for line in story(bench)[before:]] == [
        "SetLoadBalancerName", "SetLoadBalancerTCPListenerAttribute",
    ]  # fmt: skip
    assert (listener.settings["Scheduler"], listener.settings["HealthCheckInterval"]) == ("rr", 2)
    assert await bench.verify() == []


async def test_what_was_never_asked_for_is_never_touched(bench):
    await bench.settle()
    (balancer,) = bench.cloud.world.states["slb"].load_balancers.values()
    balancer.name = "somebody's choice"
    next(iter(balancer.listeners.values())).settings["HealthCheckInterval"] = 7
    assert await bench.verify() == []


async def test_an_address_type_that_cannot_change_is_told_and_nothing_else_stops(bench):
    await bench.settle()
    bench.cluster.annotate(address_type="internet", scheduler="wrr")
    await bench.services.reconcile("default/nginx")
    assert any("cannot become internet" in text for kind, _, text in bench.told if kind == "Warning")
    (balancer,) = bench.cloud.world.states["slb"].load_balancers.values()
    assert next(iter(balancer.listeners.values())).settings["Scheduler"] == "wrr"


async def test_a_bad_annotation_keeps_a_balancer_from_being_made_but_not_from_being_cared_for(bench):
    bench.cluster.annotate(address_type="Intranet")
    await bench.services.reconcile("default/nginx")
    assert bench.cloud.writes() == []
    assert any('"Intranet" is not allowed; allowed: internet, intranet' in text for _, _, text in bench.told)
    bench.cluster.annotate(address_type="intranet")
    await bench.settle()
    bench.cluster.annotate(address_type="Intranet")
    del bench.cluster.nodes[0]
    await bench.settle()
    (group,) = next(iter(bench.cloud.world.states["slb"].load_balancers.values())).groups.values()
    assert [one.server_id for one in group.backends.values()] == ["i-w1"]
    bench.cluster.delete()
    await bench.settle()
    assert bench.cloud.shape() == []


async def test_a_bad_choice_of_nodes_leaves_the_backends_as_they_are(bench):
    await bench.settle()
    bench.cluster.annotate(address_type="intranet", backend_label="pool")
    bench.cluster.nodes.clear()
    assert await bench.verify() == []


async def test_a_create_whose_answer_was_lost_is_repeated_under_the_same_token_and_makes_one_balancer(bench):
    bench.cloud.troubles = ["", "lost-after", "old", "old"]
    await bench.settle()
    assert len([call for call in bench.cloud.calls if call.action == "CreateLoadBalancer"]) == 2
    assert len(bench.cloud.world.states["slb"].load_balancers) == 1
    assert bench.wanted_is_there()


async def test_a_deletion_is_done_only_when_two_looks_some_seconds_apart_found_nothing(bench):
    await bench.settle()
    bench.cluster.delete()
    bench.restart()
    bench.cloud.troubles = [
        "old",
        "old",
        "old",
    ]  # the listing of the start, the look by tag and the look by name miss it
    assert await bench.services.reconcile("default/nginx") == 5.0
    assert bench.cluster.service is not None
    await bench.settle()
    assert bench.cloud.shape() == []
    assert bench.cluster.service is None


async def test_a_service_that_wants_a_balancer_again_gets_a_new_one(bench):
    await bench.settle()
    first = list(bench.cloud.world.states["slb"].load_balancers)
    bench.cluster.ask(type="ClusterIP")
    await bench.settle()
    bench.cluster.ask(type="LoadBalancer")
    await bench.settle()
    assert bench.wanted_is_there()
    assert list(bench.cloud.world.states["slb"].load_balancers) != first


async def test_an_attempt_whose_balancer_is_gone_for_good_is_given_up_for_a_new_one(bench):
    """The process ended after the delete and before the Service was told; meanwhile it wants a balancer again."""
    bench.cloud.troubles = ["", "", "ended-after"]  # listing, create, group: the note stays dirty
    with contextlib.suppress(Ended):
        await bench.services.reconcile("default/nginx")
    (made,) = bench.cloud.world.states["slb"].load_balancers.values()
    for action in ("SetLoadBalancerDeleteProtection", "DeleteLoadBalancer"):
        fields = {"RegionId": "cn-hangzhou", "LoadBalancerId": made.id, "DeleteProtection": "off"}
        perform(bench.cloud.world, "slb", action, fields)
    bench.restart()
    await bench.settle()
    assert bench.wanted_is_there()


async def test_a_vswitch_without_a_free_address_is_followed_by_the_next(bench):
    bench.services.site.rules = replace(bench.services.site.rules, vswitch_ids=("vsw-full", "vsw-test"))
    bench.cloud.full.add("vsw-full")
    await bench.settle()
    (balancer,) = bench.cloud.world.states["slb"].load_balancers.values()
    assert balancer.vswitch_id == "vsw-test"
    assert [call.params["VSwitchId"] for call in bench.cloud.writes()[:2]] == ["vsw-full", "vsw-test"]


async def test_when_no_vswitch_has_an_address_left_all_are_named_and_tried_again(bench):
    bench.cloud.full.add("vsw-test")
    await bench.settle()
    (condition,) = bench.cluster.service.status.conditions
    assert "no address is left for a load balancer in vSwitch vsw-test" in condition.message
    bench.cloud.full.clear()
    bench.time.time += 60
    await bench.settle()
    assert len(bench.cloud.world.states["slb"].load_balancers) == 1
