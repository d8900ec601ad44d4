"""What the VPC service holds: networks, their vSwitches with the addresses in use, and route tables."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Network, ip_address
from typing import Any, ClassVar

from yunsim.world import World

RESERVED_LOW, RESERVED_HIGH = 1, 3
"""Addresses at the two ends of a vSwitch that the cloud keeps: the first, and the last three."""


LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class VSwitch:
    """A subnet in one zone. `taken` maps an address in use to the id of what uses it.

    No address before number `lowest` is free, so that a search need not begin at the first one.
    """

    resource_type: ClassVar[str] = "vswitch"
    id: str
    vpc_id: str
    cidr_block: IPv4Network
    zone_id: str
    created: datetime
    name: str = ""
    route_table_id: str = ""
    is_default: bool = False
    ipv6_cidr_block: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)
    lowest: int = RESERVED_LOW

    def contains(self, address: str) -> bool:
        """Tell whether something may have that address here."""
        try:
            number = int(ip_address(address)) - int(self.cidr_block.network_address)
        except ValueError:
            return False
        return RESERVED_LOW <= number < self.cidr_block.num_addresses - RESERVED_HIGH

    def take(self, holder: str, address: str = "") -> str:
        """Give the holder that address, or the first free one; "" when it, or all, are in use."""
        chosen = address if address not in self.taken else ""
        if not address:
            chosen = self._first_free()
        if chosen:
            self.taken[chosen] = holder
        return chosen

    def release(self, address: str) -> None:
        """Make an address free again."""
        if self.taken.pop(address, None) is not None:
            self.lowest = min(self.lowest, int(ip_address(address)) - int(self.cidr_block.network_address))

    def available(self) -> int:
        """Count the free addresses."""
        return self.cidr_block.num_addresses - RESERVED_LOW - RESERVED_HIGH - len(self.taken)

    def _first_free(self) -> str:
        for number in range(self.lowest, self.cidr_block.num_addresses - RESERVED_HIGH):
            self.lowest = number
            address = str(self.cidr_block[number])
            if address not in self.taken:
                return address
        return ""


@dataclass(slots=True)
class Vpc:
    """A network; `cidr_block` and the secondary ones are what is inside it."""

    resource_type: ClassVar[str] = "vpc"
    id: str
    cidr_block: IPv4Network
    created: datetime
    router_id: str
    name: str = ""
    is_default: bool = False
    secondary_cidr_blocks: list[str] = field(default_factory=list)
    ipv6_cidr_block: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class RouteEntry:
    """A route; `type` is System for what comes with the network, Custom for what users make.

    `status` is Pending, Available, Modifying or Deleting; `carries_to` is the next hop that packets take meanwhile, ""
    as long as there is none.
    """

    id: str
    route_table_id: str
    destination: str
    next_hop_id: str
    next_hop_type: str
    modified: datetime
    type: str = "Custom"
    name: str = ""
    description: str = ""
    status: str = "Available"
    carries_to: str = ""


@dataclass(slots=True)
class RouteChange:
    """What a VPC is doing about its routes, and when that will be done."""

    due: datetime
    entries: list[RouteEntry]


@dataclass(slots=True)
class RouteTable:
    """A route table of a VPC: its System one, or a Custom one. Entries by their id."""

    id: str
    vpc_id: str
    router_id: str
    created: datetime
    type: str = "System"
    name: str = ""
    description: str = ""
    entries: dict[str, RouteEntry] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def entry(self, destination: str) -> RouteEntry | None:
        """Return the entry with that destination, or None; there is never a second one."""
        return next((each for each in self.entries.values() if each.destination == destination), None)


@dataclass(slots=True)
class ElasticIp:
    """A public address, associated with an instance of some product or with nothing.

    `busy_until` is when its latest association, or the end of one, has taken effect.
    """

    resource_type: ClassVar[str] = "elastic-ip"
    id: str
    ip_address: str
    created: datetime
    instance_id: str = ""
    instance_type: str = ""
    private_ip: str = ""
    name: str = ""
    description: str = ""
    bandwidth: str = "5"
    charge_type: str = "PostPaid"
    internet_charge_type: str = "PayByTraffic"
    busy_until: datetime = LONG_AGO
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class State:
    """Everything of the product.

    A change of routes takes `route_change_seconds` to be done; `route_changes` has the one of each VPC that is not.
    `busy_until` and `busy_seconds`: how soon a VPC takes the next call that changes routes.
    """

    vpcs: dict[str, Vpc] = field(default_factory=dict)
    vswitches: dict[str, VSwitch] = field(default_factory=dict)
    route_tables: dict[str, RouteTable] = field(default_factory=dict)
    elastic_ips: dict[str, ElasticIp] = field(default_factory=dict)
    busy_seconds: float = 0.0
    busy_until: dict[str, datetime] = field(default_factory=dict)
    route_change_seconds: float = 0.0
    route_changes: dict[str, RouteChange] = field(default_factory=dict)
    tokens: dict[str, tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)

    def find(self, resource_id: str) -> Any | None:
        """Return the VPC, vSwitch, route table or elastic IP address with that id, or None."""
        held: tuple[dict[str, Any], ...] = (self.vpcs, self.vswitches, self.route_tables, self.elastic_ips)
        return next((each[resource_id] for each in held if resource_id in each), None)

    def add_vpc(self, world: World, cidr_block: str, *, own_id: str = "", **more: Any) -> Vpc:
        """Add a VPC and its System route table; `more` are further fields of Vpc."""
        made = Vpc(
            own_id or world.new_id("vpc-"), IPv4Network(cidr_block), world.clock.now(), world.new_id("vrt-"), **more
        )
        self.vpcs[made.id] = made
        table = RouteTable(world.new_id("vtb-"), made.id, made.router_id, world.clock.now())
        self.route_tables[table.id] = table
        return made

    def add_vswitch(
        self,
        world: World,
        vpc_id: str,
        cidr_block: str,
        zone_id: str,
        *,
        own_id: str = "",
        **more: Any,
    ) -> VSwitch:
        """Add a vSwitch with its System route; `more` are further fields of VSwitch. Raises ValueError."""
        vpc, network = self.vpcs[vpc_id], IPv4Network(cidr_block)
        blocks = [vpc.cidr_block, *map(IPv4Network, vpc.secondary_cidr_blocks)]
        if not any(network.subnet_of(block) for block in blocks):
            raise ValueError(f"vSwitch {cidr_block} is not inside its VPC {vpc_id} ({', '.join(map(str, blocks))})")
        table = self.system_table(vpc_id)
        made = VSwitch(own_id or world.new_id("vsw-"), vpc_id, network, zone_id, world.clock.now(), **more)
        made.route_table_id = made.route_table_id or table.id
        self.vswitches[made.id] = made
        self._system_entry(world, table, cidr_block)
        return made

    def add_route_table(self, world: World, vpc_id: str, *, own_id: str = "", **more: Any) -> RouteTable:
        """Add a custom route table with a System route to each vSwitch of its VPC; `more` are fields of RouteTable."""
        vpc = self.vpcs[vpc_id]
        made = RouteTable(
            own_id or world.new_id("vtb-"), vpc.id, vpc.router_id, world.clock.now(), type="Custom", **more
        )
        self.route_tables[made.id] = made
        for vswitch in self.vswitches.values():
            if vswitch.vpc_id == vpc.id:
                self._system_entry(world, made, str(vswitch.cidr_block))
        return made

    def add_elastic_ip(self, world: World, ip_address: str, *, own_id: str = "", **more: Any) -> ElasticIp:
        """Add a public address; `more` are further fields of ElasticIp, such as what it is associated with."""
        made = ElasticIp(own_id or world.new_id("eip-"), ip_address, world.clock.now(), **more)
        self.elastic_ips[made.id] = made
        return made

    def settle(self, now: datetime) -> None:
        """Finish the changes of routes that are done by now."""
        for vpc_id in [each for each, change in self.route_changes.items() if change.due <= now]:
            for entry in self.route_changes.pop(vpc_id).entries:
                self._finish(entry)

    def _finish(self, entry: RouteEntry) -> None:
        if entry.status == "Deleting":
            del self.route_tables[entry.route_table_id].entries[entry.id]
        else:
            entry.status, entry.carries_to = "Available", entry.next_hop_id

    def system_table(self, vpc_id: str) -> RouteTable:
        """Return the System route table of a VPC."""
        return next(each for each in self.route_tables.values() if each.vpc_id == vpc_id and each.type == "System")

    def _system_entry(self, world: World, table: RouteTable, destination: str) -> None:
        made = RouteEntry(world.new_id("rte-"), table.id, destination, "", "local", world.clock.now(), "System")
        table.entries[made.id] = made
