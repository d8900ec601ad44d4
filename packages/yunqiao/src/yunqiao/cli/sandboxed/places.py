"""Which addresses a sandbox uses: everything it has lies in one 127.N.0.0/16, so that several live side by side."""

import socket
from dataclasses import dataclass
from typing import Any

REGION = "cn-hangzhou"
KEY_ID = "LTAI-sandbox"
KEY_SECRET = "no-secret-in-a-sandbox"  # noqa: S105  # the simulator's own key, printed for the user to use
POD_CIDR = "10.244.0.0/20"
LOCK_PORT = 65000
FIRST, LAST = 16, 215


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
VPC = "vpc-bp1sandbox00000000001"


class Place:
    """A free 127.N.0.0/16, taken for as long as this object is open."""

    def __init__(self) -> None:
        self._lock = socket.socket()
        self.number = next((number for number in range(FIRST, LAST) if self._take(number)), 0)
        if not self.number:
            self.close()
            raise OSError(f"every range from 127.{FIRST}.0.0/16 to 127.{LAST - 1}.0.0/16 is taken by another sandbox")

    def _take(self, number: int) -> bool:
        try:
            self._lock.bind((f"127.{number}.255.254", LOCK_PORT))
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Give the range back."""
        self._lock.close()

    def address(self, host: str) -> str:
        """`0.10` is `127.N.0.10`."""
        return f"127.{self.number}.{host}"

    def world(self) -> dict[str, Any]:
        """The world file for yunsim."""
        switches = [(*VSWITCHES["h"], "h"), (*VSWITCHES["i"], "i"), (*VIRTUAL_NODES, "h")]
        return {
            "region": REGION,
            "zones": [f"{REGION}-{zone}" for zone in VSWITCHES],
            "keys": [{"id": KEY_ID, "secret": KEY_SECRET}],
            "vpcs": [{"id": VPC, "cidr": self.address("0.0/16")}],
            "vswitches": [
                {"id": own_id, "vpc": VPC, "zone": f"{REGION}-{zone}", "cidr": self.address(cidr)}
                for own_id, cidr, zone in switches
            ],
            "virtual_node_vswitch": VIRTUAL_NODES[0],
            "instances": [self._instance(machine) for machine in MACHINES],
            "metadata_instance": MACHINES[0].id,
            "internet": self.address("224.0/20"),
            "wire": self._wire(),
        }

    def nodes(self) -> dict[str, Any]:
        """The nodes file for kubesim: every machine that is in the cluster, its providerID given as on ECS."""
        return {"wire": self._wire(), "nodes": [self._node(one) for one in MACHINES if one.node is not None]}

    def _wire(self) -> dict[str, str]:
        return {POD_CIDR: self.address("128.0/20")}

    def _instance(self, machine: Machine) -> dict[str, Any]:
        return {
            "id": machine.id,
            "hostname": machine.name,
            "vswitch": VSWITCHES[machine.zone][0],
            "ip": self.address(machine.host),
            "serial_number": _serial(machine),
            "in_cluster": machine.node is not None,
        }

    def _node(self, machine: Machine) -> dict[str, Any]:
        taints = [{"key": "node-role.kubernetes.io/master", "effect": "NoSchedule"}] if machine.roles else []
        return {
            "name": machine.name,
            "internalIP": self.address(machine.host),
            "podCIDR": f"10.244.{machine.node}.0/24",
            "providerID": f"{REGION}.{machine.id}",
            "systemUUID": _serial(machine),
            "roles": list(machine.roles),
            "taints": taints,
        }


def _serial(machine: Machine) -> str:
    return f"5f0c1d5e-0000-4000-8000-{MACHINES.index(machine):012x}"
