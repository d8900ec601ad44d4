"""Which addresses a sandbox uses: its VPC and machines, its pods, and where cloud and cluster listen.

On loopback everything lies in one 127.N.0.0/16, so that several sandboxes live side by side; pods have addresses of
their own range in the API, as the API server's rules require, and the wire maps those. In a private network every
address is what it would be in the cloud, and nothing is mapped. In a routed one each machine is a network namespace.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

REGION = "cn-hangzhou"
KEY_ID = "LTAI-sandbox"
KEY_SECRET = "no-secret-in-a-sandbox"  # noqa: S105  # the simulator's own key, printed for the user to use


@dataclass(frozen=True, slots=True)
class Machine:
    """One ECS instance; `node` is the number of its pod range, None for a server outside the cluster."""

    name: str
    id: str
    host: str
    zone: str
    node: int | None
    roles: tuple[str, ...] = ()


MACHINES = (
    Machine("control-plane-1", "i-bp1controlplane00001", "0.10", "h", 0, ("control-plane", "master")),
    Machine("worker-1", "i-bp1worker00000000001", "0.11", "h", 1),
    Machine("worker-2", "i-bp1worker00000000002", "0.12", "h", 2),
    Machine("worker-3", "i-bp1worker00000000003", "16.11", "i", 3),
    Machine("outside-1", "i-bp1outside0000000001", "16.99", "i", None),
)
VSWITCHES = {"h": ("vsw-bp1sandbox00000000001", "0.0/20"), "i": ("vsw-bp1sandbox00000000002", "16.0/20")}
VIRTUAL_NODES = ("vsw-bp1sandbox00000000003", "32.0/20")
PODS, PODS_PER_NODE = "vsw-bp1sandbox00000000004", 40
VPC = "vpc-bp1sandbox00000000001"


NAMESPACES = "sandbox-"
"""What the name of a machine's, or the VPC's, network namespace is: this and the id."""


@dataclass(frozen=True, slots=True)
class Place:
    """The addresses of one sandbox; `cloud` and `cluster` are HOST:PORT to listen at, port 0 takes a free one."""

    network: str
    """The first two numbers of every address in the VPC."""
    internet: str
    pods: str
    cloud: str = "127.0.0.1:0"
    cluster: str = "127.0.0.1:0"
    wire: Mapping[str, str] = field(default_factory=dict)
    routed: bool = False
    """Whether each machine is a network namespace."""
    pods_have_interfaces: bool = False
    """Whether the pods' addresses are the VPC's own, of network interfaces of the nodes (as with Terway)."""

    def address(self, host: str) -> str:
        """`0.10` is `127.N.0.10`, or `10.0.0.10`."""
        return f"{self.network}.{host}"

    def world(self) -> dict[str, Any]:
        """The world file for yunsim."""
        own = [(*VSWITCHES["h"], "h"), (*VSWITCHES["i"], "i"), (*VIRTUAL_NODES, "h")]
        switches = [(own_id, self.address(cidr), zone) for own_id, cidr, zone in own]
        switches += [(PODS, self.pods, "h")] if self.pods_have_interfaces else []
        more = [self.pods] if self.pods_have_interfaces else []
        return {
            "region": REGION,
            "zones": [f"{REGION}-{zone}" for zone in VSWITCHES],
            "keys": [{"id": KEY_ID, "secret": KEY_SECRET}],
            "vpcs": [{"id": VPC, "cidr": self.address("0.0/16"), "secondary_cidrs": more}],
            "vswitches": [
                {"id": own_id, "vpc": VPC, "zone": f"{REGION}-{zone}", "cidr": cidr} for own_id, cidr, zone in switches
            ],
            "virtual_node_vswitch": VIRTUAL_NODES[0],
            "instances": [self._instance(machine) for machine in MACHINES],
            "interfaces": [self._interface(one) for one in MACHINES if one.node] if self.pods_have_interfaces else [],
            "metadata_instance": MACHINES[0].id,
            "internet": self.internet,
            "wire": dict(self.wire),
        }

    def nodes(self) -> dict[str, Any]:
        """The nodes file for kubesim: every machine that is in the cluster, its providerID given as on ECS."""
        return {"wire": dict(self.wire), "nodes": [self._node(one) for one in MACHINES if one.node is not None]}

    def _instance(self, machine: Machine) -> dict[str, Any]:
        return {
            "id": machine.id,
            "hostname": machine.name,
            "vswitch": VSWITCHES[machine.zone][0],
            "ip": self.address(machine.host),
            "serial_number": _serial(machine),
            "in_cluster": machine.node is not None,
            **({"eni": {"source_dest_check": machine.node is None}} if self.routed else {}),
        }

    def _interface(self, machine: Machine) -> dict[str, Any]:
        """The network interface of a worker that carries its pods' addresses."""
        ips = [f"10.244.{machine.node}.{number}" for number in range(1, PODS_PER_NODE + 1)]
        return {"instance": machine.id, "vswitch": PODS, "ips": ips}

    def _node(self, machine: Machine) -> dict[str, Any]:
        taints = [{"key": "node-role.kubernetes.io/master", "effect": "NoSchedule"}] if machine.roles else []
        return {
            **({"namespace": f"{NAMESPACES}{machine.id}"} if self.routed else {}),
            "name": machine.name,
            "internalIP": self.address(machine.host),
            "podCIDR": f"10.244.{machine.node}.0/24",
            "providerID": f"{REGION}.{machine.id}",
            "systemUUID": _serial(machine),
            "roles": list(machine.roles),
            "taints": taints,
        }


def on_loopback(number: int) -> Place:
    """Everything in 127.`number`.0.0/16; cloud and cluster listen at free ports of 127.0.0.1."""
    own = f"127.{number}"
    return Place(own, f"{own}.224.0/20", "10.244.0.0/20", wire={"10.244.0.0/20": f"{own}.128.0/20"})


PRIVATE = Place(
    "10.0", "47.96.0.0/20", "10.244.0.0/16", cloud="100.100.100.200:80", cluster=f"10.0.{MACHINES[0].host}:6443"
)
"""What a private network holds: the cloud answers where every ECS instance finds its metadata service."""

ROUTED = Place(
    "10.0", "47.96.0.0/20", "10.244.0.0/16", cloud="100.100.100.200:80", cluster="100.100.100.201:6443", routed=True
)
"""The same where each machine is a network namespace; the API server is beside the metadata service."""


def _serial(machine: Machine) -> str:
    return f"5f0c1d5e-0000-4000-8000-{MACHINES.index(machine):012x}"
