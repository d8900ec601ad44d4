"""The machines of a site and their network: every address is one of the VPC, pods' included.

So it is with a network plugin that gives pods addresses of network interfaces. On the wire the VPC is a 127.N.0.0/16 of
the site's own.
"""

from ipaddress import IPv4Network
from typing import Any

from kubesim.hollow import NodeSpec
from yunsim.serving import Server

VPC, ON_THE_WIRE = "10.244.0.0/16", "127.{}.0.0/16"
WORKERS = ("n1", "n2", "n3")
SPARE = "n4"


def node_spec(name: str) -> NodeSpec:
    """A worker; its pods have the addresses of a network interface."""
    number = int(name[1:])
    pods = IPv4Network(f"10.244.{16 + number}.0/26")
    return NodeSpec(name, f"10.244.0.{10 + number}", pods, f"cn-hangzhou.i-{name}")


def world(number: int) -> dict[str, Any]:
    """The world file: one VPC with a network of nodes and one of pods."""
    zone = "cn-hangzhou-h"
    switches = {"vsw-nodes": "10.244.0.0/20", "vsw-pods": "10.244.16.0/20"}
    machines = [*WORKERS, SPARE]
    return {
        "region": "cn-hangzhou",
        "zones": [zone],
        "keys": [{"id": "LTAI-loss", "secret": "no-secret"}],
        "vpcs": [{"id": "vpc-loss", "cidr": VPC}],
        "vswitches": [{"id": key, "vpc": "vpc-loss", "zone": zone, "cidr": cidr} for key, cidr in switches.items()],
        "instances": [
            {"id": f"i-{name}", "hostname": name, "vswitch": "vsw-nodes", "ip": node_spec(name).internal_ip}
            for name in machines
        ],
        "metadata_instance": "i-n1",
        "wire": {VPC: ON_THE_WIRE.format(number)},
    }


def give_interfaces(cloud: Server) -> None:
    """A network interface for the pods of each machine, with every address that they may have."""
    world = cloud.cloud.world
    ecs = world.states["ecs"]
    for name in (*WORKERS, SPARE):
        addresses = tuple(str(one) for one in node_spec(name).pod_cidr.hosts())
        ecs.add_interface(world, "vsw-pods", own_id=f"eni-{name}", instance=ecs.instances[f"i-{name}"],
                          private_ips=addresses)  # fmt: skip
