"""What health checks say of backends."""

from typing import Any


def test_health_is_what_the_data_plane_says(slb: Any, world: Any, site: Any, balancer: str, group: str) -> None:
    servers = [{"ServerId": node.id, "Port": 30080} for node in site.nodes[:2]]
    slb("AddVServerGroupBackendServers", VServerGroupId=group, BackendServers=servers)
    slb("CreateLoadBalancerTCPListener", LoadBalancerId=balancer, ListenerPort=80, Bandwidth=-1, VServerGroupId=group)
    world.health = lambda: {(balancer, "tcp", 80): {f"{site.nodes[0].id}||30080": "normal"}}
    found = slb("DescribeHealthStatus", LoadBalancerId=balancer)["BackendServers"]["BackendServer"]
    assert [(each["ServerId"], each["ServerHealthStatus"]) for each in found] == [
        (site.nodes[0].id, "normal"),
        (site.nodes[1].id, "unavailable"),
    ]
    assert found[0]["ServerIp"] == site.nodes[0].addresses()[0]
    assert found[0]["ListenerPort"] == 80


def test_health_of_a_port_without_listener_is_refused(slb: Any, balancer: str, refused: Any) -> None:
    refused("ListenerNotFound", slb, "DescribeHealthStatus", LoadBalancerId=balancer, ListenerPort=80)
