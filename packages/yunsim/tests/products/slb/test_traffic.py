"""What the data plane is asked to carry."""

from ipaddress import IPv4Network, ip_network
from typing import Any

import pytest

from yunsim.dataplane.engine import AccessControl, Backend, Bandwidth, HealthCheck
from yunsim.products.ecs.state import attach
from yunsim.products.slb.traffic import wanted


@pytest.fixture
def listening(slb: Any, site: Any, balancer: str, group: str) -> str:
    """A balancer with a running TCP listener on port 80 and two backends."""
    servers = [
        {"ServerId": site.nodes[0].id, "Port": 30080, "Weight": 100},
        {"ServerId": site.nodes[1].id, "Port": 30080, "Weight": 0},
    ]
    slb("AddVServerGroupBackendServers", VServerGroupId=group, BackendServers=servers)
    slb("CreateLoadBalancerTCPListener", LoadBalancerId=balancer, ListenerPort=80, Bandwidth=-1, VServerGroupId=group)
    slb("StartLoadBalancerListener", LoadBalancerId=balancer, ListenerPort=80, ListenerProtocol="tcp")
    return balancer


def test_a_running_listener_is_carried_with_its_backends(world: Any, site: Any, listening: str) -> None:
    (found,) = wanted(world)
    assert (found.load_balancer_id, found.port, found.protocol, found.scheduler) == (listening, 80, "tcp", "wrr")
    assert found.backends == (
        Backend(f"{site.nodes[0].id}||30080", site.nodes[0].addresses()[0], 30080, 100),
        Backend(f"{site.nodes[1].id}||30080", site.nodes[1].addresses()[0], 30080, 0),
    )
    assert found.health_check == HealthCheck("tcp", 0, 2.0, 5.0, 3, 3, "/", "", "HEAD", ("http_2xx",))
    assert found.established_timeout == 900.0


def test_a_stopped_listener_and_an_inactive_balancer_carry_nothing(slb: Any, world: Any, listening: str) -> None:
    slb("SetLoadBalancerStatus", LoadBalancerId=listening, LoadBalancerStatus="inactive")
    assert wanted(world) == []
    slb("SetLoadBalancerStatus", LoadBalancerId=listening, LoadBalancerStatus="active")
    assert len(wanted(world)) == 1
    slb("StopLoadBalancerListener", LoadBalancerId=listening, ListenerPort=80, ListenerProtocol="tcp")
    assert wanted(world) == []


def test_addresses_are_those_on_the_wire(slb: Any, world: Any, site: Any, listening: str) -> None:
    world.wire[IPv4Network("10.1.0.0/24")] = IPv4Network("127.1.0.0/24")
    (found,) = wanted(world)
    assert found.address.startswith("127.1.0.")
    assert [each.address.rpartition(".")[0] for each in found.backends] == ["127.1.0", "127.1.0"]


def test_a_network_interface_is_reached_at_the_address_given(
    slb: Any, world: Any, site: Any, group: str, listening: str
) -> None:
    address = site.interface.private_ips[1]
    attach(site.interface, site.nodes[0])
    server = {"ServerId": site.interface.id, "Port": 8080, "Type": "eni", "ServerIp": address}
    slb("AddVServerGroupBackendServers", VServerGroupId=group, BackendServers=[server])
    assert wanted(world)[0].backends[-1] == Backend(f"{site.interface.id}|{address}|8080", address, 8080, 100)


def test_a_released_instance_gets_no_traffic(ecs: Any, world: Any, site: Any, listening: str) -> None:
    ecs("DeleteInstance", InstanceId=site.nodes[0].id, Force="true")
    assert [each.key for each in wanted(world)[0].backends] == [f"{site.nodes[1].id}||30080"]


@pytest.mark.parametrize(
    ("changes", "kind", "field", "value"),
    [
        ({"HealthCheckSwitch": "off"}, "off", "port", 0),
        ({"HealthCheckConnectPort": 9000}, "tcp", "port", 9000),
        ({"HealthCheckConnectPort": -520}, "tcp", "port", 0),
        ({"HealthCheckInterval": 10}, "tcp", "interval", 10.0),
        ({"HealthCheckConnectTimeout": 7}, "tcp", "timeout", 7.0),
        ({"HealthCheckType": "http", "HealthCheckURI": "/healthz"}, "http", "uri", "/healthz"),
        ({"HealthCheckType": "http", "HealthCheckDomain": "$_ip"}, "http", "domain", ""),
    ],
)
def test_health_is_checked_as_set(
    slb: Any, world: Any, listening: str, changes: dict[str, Any], kind: str, field: str, value: Any
) -> None:
    slb("SetLoadBalancerTCPListenerAttribute", LoadBalancerId=listening, ListenerPort=80, **changes)
    check = wanted(world)[0].health_check
    assert (check.kind, getattr(check, field)) == (kind, value)


def test_every_protocol_can_be_carried(slb: Any, world: Any, balancer: str, group: str) -> None:
    for port, protocol, scheduler in ((1, "UDP", "qch"), (2, "HTTP", "rr")):
        given = {"LoadBalancerId": balancer, "ListenerPort": port}
        more = {"Bandwidth": -1, "VServerGroupId": group, "Scheduler": scheduler}
        slb(f"CreateLoadBalancer{protocol}Listener", **given, **more)
        slb("StartLoadBalancerListener", **given, ListenerProtocol=protocol.lower())
    assert [(each.protocol, each.health_check.kind, each.scheduler) for each in wanted(world)] == [
        ("udp", "udp", "qch"),
        ("http", "off", "rr"),
    ]


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"EstablishedTimeout": 10}, "established_timeout", 10.0),
        ({"PersistenceTimeout": 30}, "persistence_timeout", 30.0),
        ({"ConnectionDrain": "on", "ConnectionDrainTimeout": 20}, "drain_timeout", 20.0),
        ({"ConnectionDrain": "off", "ConnectionDrainTimeout": 20}, "drain_timeout", None),
        ({"ProxyProtocolV2Enabled": "true"}, "proxy_protocol", True),
        ({"Scheduler": "wlc"}, "scheduler", "wlc"),
    ],
)
def test_a_setting_of_layer_4_is_told(
    slb: Any, world: Any, listening: str, changes: dict[str, Any], field: str, value: Any
) -> None:
    slb("SetLoadBalancerTCPListenerAttribute", LoadBalancerId=listening, ListenerPort=80, **changes)
    assert getattr(wanted(world)[0], field) == value


def test_a_udp_check_may_ask_and_expect(slb: Any, world: Any, balancer: str, group: str) -> None:
    given = {"LoadBalancerId": balancer, "ListenerPort": 53}
    check = {"healthCheckReq": "ping", "healthCheckExp": "pong"}
    slb("CreateLoadBalancerUDPListener", **given, Bandwidth=-1, VServerGroupId=group, **check)
    slb("StartLoadBalancerListener", **given, ListenerProtocol="udp")
    (found,) = wanted(world)
    assert (found.health_check.request, found.health_check.expected) == ("ping", "pong")


def test_what_a_listener_has_not_of_its_own_it_shares_with_others(slb: Any, world: Any, group: str) -> None:
    paid = {
        "InstanceChargeType": "PayBySpec",
        "LoadBalancerSpec": "slb.s1.small",
        "InternetChargeType": "paybybandwidth",
    }
    made = slb("CreateLoadBalancer", **paid, AddressType="internet", Bandwidth=10)["LoadBalancerId"]
    for port, bandwidth in ((1, 4), (2, -1), (3, -1)):
        slb(
            "CreateLoadBalancerTCPListener",
            LoadBalancerId=made,
            ListenerPort=port,
            Bandwidth=bandwidth,
            BackendServerPort=80,
        )
        slb("StartLoadBalancerListener", LoadBalancerId=made, ListenerPort=port, ListenerProtocol="tcp")

    def seen() -> list[Bandwidth | None]:
        return [each.bandwidth for each in wanted(world)]

    assert seen() == [Bandwidth(4), Bandwidth(6, shared=True), Bandwidth(6, shared=True)]
    slb("ModifyLoadBalancerInternetSpec", LoadBalancerId=made, InternetChargeType="paybytraffic")
    assert seen() == [Bandwidth(4), None, None]


def test_access_control_is_that_of_all_lists_and_of_the_wire_and_only_while_it_is_on(
    slb: Any, world: Any, listening: str
) -> None:
    world.wire[IPv4Network("10.1.0.0/24")] = IPv4Network("127.1.0.0/24")
    one, other = (slb("CreateAccessControlList", AclName=name)["AclId"] for name in ("one", "other"))
    slb("AddAccessControlListEntry", AclId=one, AclEntrys=[{"entry": "10.1.0.8/29"}])
    slb("AddAccessControlListEntry", AclId=other, AclEntrys=[{"entry": "10.0.0.0/8"}, {"entry": "192.0.2.0/24"}])
    which = {"LoadBalancerId": listening, "ListenerPort": 80, "AclId": f"{one},{other}", "AclType": "white"}
    slb("SetLoadBalancerTCPListenerAttribute", **which, AclStatus="on")
    seen = ("10.1.0.8/29", "127.1.0.8/29", "10.0.0.0/8", "127.1.0.0/24", "192.0.2.0/24")
    assert wanted(world)[0].access == AccessControl("white", tuple(map(ip_network, seen)))
    slb("SetLoadBalancerTCPListenerAttribute", **which, AclStatus="off")
    assert wanted(world)[0].access == AccessControl()


def test_every_change_that_traffic_feels_is_told(slb: Any, world: Any, site: Any, group: str, listening: str) -> None:
    told: list[int] = []
    world.on_change.append(lambda _: told.append(len(wanted(world)[0].backends)))
    server = [{"ServerId": site.nodes[2].id, "Port": 30080}]
    slb("AddVServerGroupBackendServers", VServerGroupId=group, BackendServers=server)
    slb("RemoveVServerGroupBackendServers", VServerGroupId=group, BackendServers=server)
    assert told == [3, 2]
