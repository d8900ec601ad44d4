"""What somebody changes by hand is found within the hour, and mended, told or left, as the policy says."""

import json
from dataclasses import replace

import pytest
from tests.core.test_ownership import do

from yunqiao.controllers.services.drift import Policies, policies
from yunqiao.model.errors import Refused

WISH = {
    "name": "shop", "delete_protection": "on", "modification_protection": "ConsoleProtection",
    "instance_charge_type": "PayBySpec", "spec": "slb.s2.small", "additional_resource_tags": "team=shop",
    "scheduler": "wlc", "persistence_timeout": "60", "established_timeout": "500", "connection_drain": "on",
    "connection_drain_timeout": "30", "proxy_protocol": "on", "health_check_switch": "on", "health_check_type": "http",
    "health_check_uri": "/healthz", "health_check_domain": "shop.example.com", "health_check_httpcode": "http_2xx",
    "health_check_connect_port": "8080", "healthy_threshold": "4", "unhealthy_threshold": "5",
    "health_check_interval": "9", "health_check_connect_timeout": "8",
}  # fmt: skip
BY_HAND = {
    "Scheduler": "rr", "PersistenceTimeout": 0, "EstablishedTimeout": 900, "ConnectionDrain": "off",
    "ConnectionDrainTimeout": 40, "ProxyProtocolV2Enabled": False, "HealthCheckSwitch": "off",
    "HealthCheckType": "tcp", "HealthCheckURI": "/", "HealthCheckDomain": "a.example.com",
    "HealthCheckHttpCode": "http_3xx", "HealthCheckConnectPort": 9090, "HealthyThreshold": 2, "UnhealthyThreshold": 2,
    "HealthCheckInterval": 3, "HealthCheckConnectTimeout": 3,
}  # fmt: skip


def the_balancer(bench):
    (balancer,) = bench.cloud.world.states["slb"].load_balancers.values()
    return balancer


def listener(bench):
    return the_balancer(bench).listeners["tcp", 80]


def group(bench):
    (one,) = the_balancer(bench).groups.values()
    return one


def rename(bench):
    the_balancer(bench).name = "other"


def unprotect(bench):
    do(bench, "SetLoadBalancerDeleteProtection", LoadBalancerId=the_balancer(bench).id, DeleteProtection="off")


def retag(bench):
    the_balancer(bench).tags["team"] = "else"


def untag(bench):
    del the_balancer(bench).tags["ack.aliyun.com"]


def respec(bench):
    the_balancer(bench).spec = "slb.s1.small"


def reweigh(bench):
    (backend, *_) = group(bench).backends.values()
    servers = [{"ServerId": backend.server_id, "Port": str(backend.port), "Weight": "7",
                "Description": backend.description}]  # fmt: skip
    do(bench, "SetVServerGroupAttribute", VServerGroupId=group(bench).id, BackendServers=json.dumps(servers))


def take_out(bench):
    (backend, *_) = group(bench).backends.values()
    servers = json.dumps([{"ServerId": backend.server_id, "Port": str(backend.port)}])
    do(bench, "RemoveVServerGroupBackendServers", VServerGroupId=group(bench).id, BackendServers=servers)


def remove_listener(bench):
    del the_balancer(bench).listeners["tcp", 80]


CHANGES = {
    "LoadBalancerName": rename,
    "DeleteProtection": unprotect,
    "LoadBalancerSpec": respec,
    "tags": retag,
    "listeners": remove_listener,
    "backends": reweigh,
    **{name: lambda bench, name=name: listener(bench).settings.update({name: BY_HAND[name]}) for name in BY_HAND},
}
MORE = {"tags": untag, "backends": take_out}


def picture(bench):
    """All that can drift, in an order of its own."""
    balancer = the_balancer(bench)
    asked = {"LoadBalancerId": balancer.id, "ListenerPort": "80"}
    settings = [do(bench, "DescribeLoadBalancerTCPListenerAttribute", **asked) for _ in balancer.listeners]
    weights = sorted((one.server_id, one.weight) for one in group(bench).backends.values())
    return (balancer.name, balancer.delete_protection, balancer.spec, dict(balancer.tags), settings, weights)


async def settled(bench, given=None):
    bench.services.rules = bench_rules(bench, given or {})
    bench.cluster.annotate(address_type="intranet", **WISH)
    await bench.settle()
    return picture(bench)


def bench_rules(bench, given):
    return replace(bench.services.rules, drift=policies(given, CHANGES))


@pytest.mark.parametrize(("name", "change"), [*CHANGES.items(), *MORE.items()])
async def test_by_default_every_change_by_hand_is_mended(bench, name, change):
    before = await settled(bench)
    change(bench)
    assert picture(bench) != before
    assert await bench.verify() != []
    assert picture(bench) == before
    assert await bench.verify() == []


@pytest.mark.parametrize(("name", "change"), [*CHANGES.items(), *MORE.items()])
@pytest.mark.parametrize("policy", ["report", "ignore"])
async def test_what_is_to_be_told_or_left_stays_as_somebody_made_it(bench, name, change, policy):
    await settled(bench, {name: policy})
    change(bench)
    after = picture(bench)
    assert await bench.verify() == []
    assert picture(bench) == after
    told = [text for kind, _, text in bench.told if kind == "Warning" and "changed by hand" in text]
    assert bool(told) == (policy == "report")
    if policy == "report":
        assert [one.status for one in bench.cluster.service.status.conditions] == ["False"]


async def test_a_change_that_is_left_alone_outlives_restarts_and_endpoints_but_not_a_new_wish(bench):
    await settled(bench, {"": "ignore"})
    rules = bench.services.rules
    listener(bench).settings["Scheduler"] = "rr"
    bench.restart()
    bench.services.rules = rules
    bench.cluster.nodes.pop()
    await bench.verify()
    assert listener(bench).settings["Scheduler"] == "rr"
    assert len(group(bench).backends) == 1
    bench.cluster.annotate(address_type="intranet", **WISH | {"healthy_threshold": "6"})
    await bench.settle()
    assert listener(bench).settings["Scheduler"] == "wlc"


@pytest.mark.parametrize("policy", ["repair", "report", "ignore"])
async def test_a_balancer_that_was_deleted_by_hand_is_made_again_or_told(bench, policy):
    await settled(bench, {"instance": policy})
    bench.cloud.world.states["slb"].load_balancers.clear()
    await bench.verify()
    assert len(bench.cloud.world.states["slb"].load_balancers) == (policy == "repair")
    (*_, condition) = bench.cluster.service.status.conditions or [None]
    if policy == "repair":
        assert [one.ip for one in bench.cluster.service.status.load_balancer.ingress] == [the_balancer(bench).address]
    else:
        assert "was deleted by hand and is not made again" in condition.message
    bench.cluster.delete()
    await bench.settle()
    assert bench.cluster.service is None


def test_a_field_that_there_is_not_is_refused_with_the_nearest():
    with pytest.raises(Refused, match=r'no field "Schedular"; did you mean Scheduler\?'):
        policies({"Schedular": "ignore"}, ["Scheduler"])


def test_what_is_not_named_is_mended():
    assert Policies().of("Scheduler") == "repair"
    assert policies({"": "report", "tags": "ignore"}, []).of("tags") == "ignore"
