"""What the ECS service holds: instances, and the network interfaces that give them their addresses."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, uuid5

from yunsim.world import World

LOCKS = ("financial", "security")
"""Reasons for which an instance may be locked here: overdue payment, or what its security was found to be."""
_SETTLED = {"Starting": "Running", "Stopping": "Stopped"}


@dataclass(slots=True)
class NetworkInterface:
    """An elastic network interface; the first private address is the primary one."""

    resource_type: ClassVar[str] = "network-interface"
    id: str
    vpc_id: str
    vswitch_id: str
    zone_id: str
    mac_address: str
    created: datetime
    private_ips: list[str]
    type: str = "Secondary"
    status: str = "Available"
    instance_id: str = ""
    name: str = ""
    description: str = ""
    source_dest_check: bool = True
    delete_on_release: bool = True
    ipv6: list[str] = field(default_factory=list)
    security_group_ids: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    def addresses(self) -> list[str]:
        """Return all its addresses, the primary one first."""
        return [*self.private_ips, *self.ipv6]


@dataclass(slots=True)
class Instance:
    """A virtual machine; `interfaces` begins with the primary one.

    `status` is Starting, Running, Stopping or Stopped; the first and the third end at `settles`. `locks` has the
    reasons for which it is locked (LOCKS), as OperationLocks tells them.
    """

    resource_type: ClassVar[str] = "instance"
    id: str
    vpc_id: str
    vswitch_id: str
    zone_id: str
    serial_number: str
    created: datetime
    name: str = ""
    host_name: str = ""
    description: str = ""
    instance_type: str = "ecs.g7.large"
    cpu: int = 2
    memory: int = 8192
    image_id: str = "aliyun_3_x64_20G_alibase_20250117.vhd"
    charge_type: str = "PostPaid"
    spot_strategy: str = "NoSpot"
    status: str = "Running"
    settles: datetime | None = None
    locks: list[str] = field(default_factory=list)
    public_ip: str = ""
    security_group_ids: list[str] = field(default_factory=list)
    deletion_protection: bool = False
    interfaces: list[NetworkInterface] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    def addresses(self) -> list[str]:
        """Return all its private addresses, the primary one first."""
        return [address for interface in self.interfaces for address in interface.addresses()]

    def settle(self, now: datetime) -> None:
        """End a start or a stop that is done by now."""
        if self.settles is not None and self.settles <= now:
            self.status, self.settles = _SETTLED[self.status], None


@dataclass(slots=True)
class State:
    """Everything of the product.

    `containers` names the interface of each container instance (ECI), which is nothing more here. `tokens` remembers
    what each ClientToken was answered. An instance starts, and stops, in `change_seconds`.
    """

    instances: dict[str, Instance] = field(default_factory=dict)
    interfaces: dict[str, NetworkInterface] = field(default_factory=dict)
    containers: dict[str, str] = field(default_factory=dict)
    zones: list[str] = field(default_factory=list)
    change_seconds: float = 0.0
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)

    def settle(self, now: datetime) -> None:
        """End the starts and stops that are done by now."""
        for instance in self.instances.values():
            instance.settle(now)

    def find(self, resource_id: str) -> Any | None:
        """Return the instance or network interface with that id, or a container instance's interface, or None."""
        found = self.instances.get(resource_id) or self.interfaces.get(resource_id)
        return found or self.interfaces.get(self.containers.get(resource_id, ""))

    def add_instance(
        self,
        world: World,
        vswitch_id: str,
        *,
        own_id: str = "",
        private_ip: str = "",
        interface_id: str = "",
        secondary_ips: tuple[str, ...] = (),
        ipv6: tuple[str, ...] = (),
        **more: Any,
    ) -> Instance:
        """Add a running instance with its primary network interface; `more` are further fields of Instance.

        Raises ValueError when the vSwitch does not exist or an address is not to be had.
        """
        made_id = own_id or world.new_id("i-")
        vswitch = _vswitch(world, vswitch_id)
        serial = str(uuid5(NAMESPACE_URL, f"{world.account}/{made_id}"))
        made = Instance(made_id, vswitch.vpc_id, vswitch_id, vswitch.zone_id, serial, world.clock.now(), **more)
        made.name = made.name or made_id
        made.host_name = made.host_name or made.name
        self.instances[made.id] = made
        self.add_interface(
            world, vswitch_id, own_id=interface_id, instance=made, private_ips=(private_ip, *secondary_ips), ipv6=ipv6
        )
        return made

    def add_interface(
        self,
        world: World,
        vswitch_id: str,
        *,
        own_id: str = "",
        instance: Instance | None = None,
        private_ips: tuple[str, ...] = ("",),
        ipv6: tuple[str, ...] = (),
        **more: Any,
    ) -> NetworkInterface:
        """Add a network interface, in use by the instance if given; an empty address is chosen by the vSwitch.

        Raises ValueError when the vSwitch does not exist or an address is not to be had.
        """
        made_id = own_id or world.new_id("eni-")
        vswitch = _vswitch(world, vswitch_id)
        made = NetworkInterface(
            made_id, vswitch.vpc_id, vswitch_id, vswitch.zone_id, _mac(made_id), world.clock.now(), [], **more
        )
        made.private_ips = [_take(vswitch, made_id, address) for address in private_ips]
        made.ipv6 = list(ipv6)
        if instance is not None:
            attach(made, instance)
        self.interfaces[made.id] = made
        return made

    def assign(self, world: World, interface: NetworkInterface, addresses: Iterable[str]) -> list[str]:
        """Give an interface further addresses ("": the vSwitch chooses) and return them. Raises ValueError."""
        vswitch = _vswitch(world, interface.vswitch_id)
        new = [_take(vswitch, interface.id, address) for address in addresses]
        interface.private_ips.extend(new)
        return new

    def unassign(self, world: World, interface: NetworkInterface, addresses: Iterable[str]) -> None:
        """Take addresses away from an interface; they become free."""
        vswitch = _vswitch(world, interface.vswitch_id)
        for address in addresses:
            interface.private_ips.remove(address)
            vswitch.release(address)

    def lend(self, interface: NetworkInterface, container_id: str) -> None:
        """Give an interface to a container instance, which is in use from then on."""
        interface.instance_id, interface.status = container_id, "InUse"
        self.containers[container_id] = interface.id

    def remove_interface(self, world: World, interface: NetworkInterface) -> None:
        """Delete a network interface; its addresses become free."""
        del self.interfaces[interface.id]
        self.containers.pop(interface.instance_id, None)
        for address in interface.private_ips:
            _vswitch(world, interface.vswitch_id).release(address)


def attach(interface: NetworkInterface, instance: Instance) -> None:
    """Give the interface to the instance: as its primary one if it has none yet."""
    interface.type = "Secondary" if instance.interfaces else "Primary"
    interface.instance_id, interface.status = instance.id, "InUse"
    interface.security_group_ids = interface.security_group_ids or list(instance.security_group_ids)
    instance.interfaces.append(interface)


def _vswitch(world: World, vswitch_id: str) -> Any:
    found = world.find(vswitch_id)
    if getattr(found, "resource_type", "") != "vswitch":
        raise ValueError(f"there is no vSwitch {vswitch_id}")
    return found


def _take(vswitch: Any, holder: str, address: str) -> str:
    if address and not vswitch.contains(address):
        raise ValueError(f"{address} is not an address of {vswitch.id} ({vswitch.cidr_block})")
    taken: str = vswitch.take(holder, address)
    if not taken:
        raise ValueError(f"{vswitch.id} has no free address{f' {address}: it is in use' if address else ''}")
    return taken


def _mac(interface_id: str) -> str:
    """Make an address in the range of virtual machines, always the same for one interface."""
    return "00:16:3e:" + ":".join(f"{byte:02x}" for byte in sha256(interface_id.encode()).digest()[:3])
