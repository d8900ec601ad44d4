"""The parts of the kernel that a Network asks for, each with the commands that make and remove it. Pure.

A VPC is a namespace that forwards, with a bridge for each vSwitch and a device `cloud`, the link to this process. Its
main routing table knows its own subnets and the cloud's services; each of its route tables is one of the kernel's,
looked up after that by whoever comes from a vSwitch it is bound to, and holds the Custom entries and nothing else
(`ip -n VPC route show table all proto 100`). An instance is a namespace with a default route to its vSwitch's gateway.

Devices have names of at most 15 characters, so theirs are digests; the ids are their alternative names.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network

from yunsim.dataplane.kernel.network import Balancer, Interface, Machine, Network, Route, Switch, Vpc

HERE = ""
"""The namespace that this process is in."""
UPLINK = "cloud"
"""The device of every router that leads to this process."""
SERVICES = IPv4Network("100.64.0.0/10")
"""Where the cloud's own services are: no VPC may use it, and balancers' requests come from there
(https://www.alibabacloud.com/help/en/slb/classic-load-balancer/user-guide/overview-of-health-checks)."""
OURS = 100
"""The routing protocol number of routes that are entries of a route table."""
AFTER_MAIN = 33000
"""Priority of the rules for route tables; that of the main table is 32766."""
ROUTER_SETTINGS = {
    "ipv4/ip_forward": "1",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    "ipv4/conf/all/send_redirects": "0",
    "ipv4/conf/default/send_redirects": "0",
}


@dataclass(frozen=True, slots=True)
class Ip:
    """One command of iproute2's `ip`, in a namespace."""

    namespace: str
    text: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One value below /proc/sys/net, in a namespace."""

    namespace: str
    name: str
    value: str


Command = Ip | Setting


@dataclass(frozen=True, slots=True)
class Thing:
    """One part of the kernel: how to make it, and how to remove it again."""

    make: tuple[Command, ...]
    remove: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run has of its own: how its namespaces' names begin, and the /30 of each VPC's link to this process."""

    prefix: str
    links: Mapping[str, IPv4Network]

    def namespace(self, resource_id: str) -> str:
        """The namespace of an instance or VPC."""
        return f"{self.prefix}{resource_id}"

    def device_here(self, vpc_id: str) -> str:
        """This process's end of the link to a VPC."""
        return _device("ysim", f"{self.prefix}{vpc_id}")

    def ends(self, vpc_id: str) -> tuple[IPv4Address, IPv4Address]:
        """The addresses of a link: of the router, and of this process."""
        return self.links[vpc_id][1], self.links[vpc_id][2]


def things(network: Network, around: Surroundings) -> dict[str, Thing]:
    """Everything that should exist, by a name for each, in an order in which it can be made."""
    switches = {each.id: each for each in network.switches}
    made: dict[str, Thing] = {}
    for vpc in network.vpcs:
        made[f"namespace {vpc.id}"] = _namespace(around.namespace(vpc.id))
        made[f"link {vpc.id}"] = _link(vpc, around)
    for switch in network.switches:
        made[f"switch {switch.id}"] = _switch(switch, around.namespace(switch.vpc_id))
    for machine in network.machines:
        made.update(_machine(machine, switches, around))
    for route in network.routes:
        made[f"route {route.table_id} {route.destination}"] = _route(route, around.namespace(route.vpc_id))
    for balancer in network.balancers:
        made[f"balancer {balancer.address}"] = _balancer(balancer, network, around)
    return made


def _namespace(name: str) -> Thing:
    settings = tuple(Setting(name, path, value) for path, value in ROUTER_SETTINGS.items())
    return Thing(
        (Ip(HERE, f"netns add {name}"), *settings, Ip(name, "link set lo up")), (Ip(HERE, f"netns del {name}"),)
    )


def _link(vpc: Vpc, around: Surroundings) -> Thing:
    here, there = around.device_here(vpc.id), around.namespace(vpc.id)
    router, us = around.ends(vpc.id)
    length = around.links[vpc.id].prefixlen
    return Thing(
        (
            Ip(HERE, f"link add {here} type veth peer name {UPLINK} netns {there}"),
            Ip(HERE, f"address add {us}/{length} dev {here}"),
            Ip(HERE, f"link set {here} up"),
            *(Ip(HERE, f"route add {block} via {router} dev {here} src {us} onlink") for block in vpc.blocks),
            Ip(there, f"address add {router}/{length} dev {UPLINK}"),
            Ip(there, f"link set {UPLINK} up"),
            Ip(there, f"route add {SERVICES} via {us} dev {UPLINK}"),
            Ip(there, _rule("add", UPLINK, vpc.system_table)),
        ),
        (Ip(HERE, f"link del {here}"),),
    )


def _switch(switch: Switch, router: str) -> Thing:
    device = _device("vsw", switch.id)
    return Thing(
        (
            Ip(router, f"link add name {device} type bridge"),
            Ip(router, f"link property add dev {device} altname {switch.id}"),
            Ip(router, f"address add {switch.gateway}/{switch.block.prefixlen} dev {device}"),
            Ip(router, f"link set {device} up"),
            Ip(router, _rule("add", device, switch.table_id)),
            # The router answers for balancers: they have addresses of the subnet, and are reached by way of it.
            Setting(router, f"ipv4/conf/{device}/proxy_arp", "1"),
            Setting(router, f"ipv4/neigh/{device}/proxy_delay", "0"),
        ),
        (Ip(router, _rule("del", device, switch.table_id)), Ip(router, f"link del {device}")),
    )


def _machine(machine: Machine, switches: Mapping[str, Switch], around: Surroundings) -> Iterator[tuple[str, Thing]]:
    own, router = around.namespace(machine.id), around.namespace(machine.vpc_id)
    yield f"namespace {machine.id}", _namespace(own)
    for number, interface in enumerate(machine.interfaces):
        switch, port = switches[interface.switch_id], _device("eni", interface.id)
        yield f"interface {interface.id}", _interface(interface, switch, f"eth{number}", own, router)
        for address in interface.addresses:
            command = f"{address}/{switch.block.prefixlen} dev eth{number}"
            yield (
                f"address {interface.id} {address}",
                Thing((Ip(own, f"address add {command}"),), (Ip(own, f"address del {command}"),)),
            )
        if not number:
            default = f"default via {switch.gateway} dev eth{number}"
            yield (
                f"default {machine.id}",
                Thing((Ip(own, f"route add {default}"),), (Ip(own, f"route del {default}"),)),
            )
        if machine.running:
            plugged = Thing((Ip(router, f"link set {port} up"),), (Ip(router, f"link set {port} down"),))
            yield f"plug {interface.id}", plugged


def _interface(interface: Interface, switch: Switch, name: str, own: str, router: str) -> Thing:
    port = _device("eni", interface.id)
    bridge = _device("vsw", switch.id)
    return Thing(
        (
            Ip(router, f"link add {port} type veth peer name {name} address {interface.mac} netns {own}"),
            Ip(router, f"link property add dev {port} altname {interface.id}"),
            Ip(router, f"link set {port} master {bridge}"),
            Ip(own, f"link set {name} up"),
        ),
        (Ip(router, f"link del {port}"),),
    )


def _route(route: Route, router: str) -> Thing:
    table = table_number(route.table_id)
    way = f"{route.destination} via {route.gateway}" if route.gateway else f"blackhole {route.destination}"
    return Thing(
        (Ip(router, f"route add {way} table {table} proto {OURS}"),),
        (Ip(router, f"route del {way} table {table} proto {OURS}"),),
    )


def _balancer(balancer: Balancer, network: Network, around: Surroundings) -> Thing:
    vpc_id = balancer.vpc_id or network.vpcs[0].id
    address = f"{balancer.address}/32 dev {around.device_here(vpc_id)}"
    make, remove = [Ip(HERE, f"address add {address}")], [Ip(HERE, f"address del {address}")]
    if balancer.vpc_id:
        way = f"{balancer.address}/32 via {around.ends(vpc_id)[1]} dev {UPLINK}"
        make.append(Ip(around.namespace(vpc_id), f"route add {way}"))
        remove.append(Ip(around.namespace(vpc_id), f"route del {way}"))
    return Thing(tuple(make), tuple(remove))


def table_number(table_id: str) -> int:
    """The kernel's number for a route table: always the same for one id, and none of the kernel's own (below 256)."""
    return 1000 + int(sha256(table_id.encode()).hexdigest()[:7], 16)


def _rule(verb: str, device: str, table_id: str) -> str:
    return f"rule {verb} priority {AFTER_MAIN} iif {device} lookup {table_number(table_id)}"


def _device(kind: str, resource_id: str) -> str:
    return f"{kind}{sha256(resource_id.encode()).hexdigest()[: 15 - len(kind)]}"
