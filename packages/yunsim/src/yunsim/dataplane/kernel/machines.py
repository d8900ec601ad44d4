"""Instances in the kernel: a namespace each, whose interfaces are ports of the VPC's router. Pure.

A port is a link of its own, not a part of a bridge: the router answers on it for every address that it knows a way to,
so that all packets pass it, those within a vSwitch too, as in the VPC, and it can tell who sent them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from yunsim.dataplane.kernel.commands import HERE, Ip, Setting, Thing, there_and_back
from yunsim.dataplane.kernel.names import (
    ANY_SOURCE,
    DEFAULT,
    GATEWAY_6,
    MAIN,
    OWN_SOURCE,
    SPECIFIC,
    Surroundings,
    port,
    table_number,
)
from yunsim.dataplane.kernel.network import Interface, Machine, Switch

Named = Iterator[tuple[str, Thing]]
PRIMARY = "eth0"
FORWARDING = {
    "ipv4/ip_forward": "1",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    "ipv4/conf/all/send_redirects": "0",
    "ipv4/conf/default/send_redirects": "0",
    "ipv4/conf/all/arp_announce": "2",  # who asks for a way with a pod's packet in hand asks by its own address
}
FORWARDING_6 = {
    "ipv6/conf/all/disable_ipv6": "0",
    "ipv6/conf/default/disable_ipv6": "0",
    "ipv6/conf/default/accept_dad": "0",  # an address is of use at once: nobody else can have it here
    "ipv6/conf/default/accept_ra": "0",
    "ipv6/conf/all/forwarding": "1",
}


def namespace(name: str) -> Thing:
    """A network namespace."""
    return there_and_back(HERE, "netns", [name])


def forwarding(name: str, on: str, *, six: bool) -> Thing:
    """That a namespace forwards: routers do, and machines for their pods."""
    wanted = {**FORWARDING, **(FORWARDING_6 if six else {})}
    return Thing(tuple(Setting(name, path, value) for path, value in wanted.items()), (), on)


@dataclass(frozen=True, slots=True)
class Place:
    """A machine, and what is around it; `six` tells whether its VPC has IPv6."""

    machine: Machine
    switches: Mapping[str, Switch]
    around: Surroundings
    six: bool

    @property
    def own(self) -> str:
        """The machine's namespace."""
        return self.around.namespace(self.machine.id)

    @property
    def router(self) -> str:
        """The namespace of its VPC."""
        return self.around.namespace(self.machine.vpc_id)

    def interfaces(self) -> Iterator[tuple[str, Interface, Switch]]:
        """Each interface with its device's name in the machine, and the vSwitch that it is in."""
        for number, each in enumerate(self.machine.interfaces):
            yield f"eth{number}", each, self.switches[each.switch_id]


def _homes(at: Place) -> Named:
    yield f"namespace {at.machine.id}", namespace(at.own)


def _settings(at: Place) -> Named:
    yield f"forwarding {at.machine.id}", forwarding(at.own, f"namespace {at.machine.id}", six=at.six)


def _links(at: Place) -> Named:
    for name, interface, _ in at.interfaces():
        yield f"interface {interface.id}", _link(interface, name, at)


def _link(interface: Interface, name: str, at: Place) -> Thing:
    device = port(interface.id)
    return Thing(
        (
            Ip(at.router, f"link add {device} type veth peer name {name} address {interface.mac} netns {at.own}"),
            Ip(at.router, f"link property add dev {device} altname {interface.id}"),
        ),
        (Ip(at.router, f"link del {device}"),),
        f"namespace {at.machine.id}",
    )


def _proxies(at: Place) -> Named:
    """The router answers for whom it knows a way to, and at once."""
    for _, interface, _ in at.interfaces():
        device = port(interface.id)
        wanted = {f"ipv4/conf/{device}/proxy_arp": "1", f"ipv4/neigh/{device}/proxy_delay": "0"}
        settings = tuple(Setting(at.router, path, value) for path, value in wanted.items())
        yield f"proxy {interface.id}", Thing(settings, (), f"interface {interface.id}")


def _insides(at: Place) -> Named:
    """What a machine sees: its devices, with their addresses, and the way out."""
    yield f"loopback {at.machine.id}", Thing((Ip(at.own, "link set lo up"),), (), f"namespace {at.machine.id}")
    for name, interface, switch in at.interfaces():
        yield f"up {interface.id}", Thing((Ip(at.own, f"link set {name} up"),), (), f"interface {interface.id}")
        yield from _addresses(interface, switch, name, at.own)
        if name == PRIMARY:
            yield from _defaults(interface, switch, at.own)


def _ports(at: Place) -> Named:
    """What the router makes of each interface; those of one family in a row."""
    for six in (False, True) if at.six else (False,):
        for _, interface, switch in at.interfaces():
            yield from _rules(interface, switch, at.router, six=six)
            if at.machine.running:
                yield from _ways(interface, at.router, six=six)


STAGES = (_homes, _settings, _links, _proxies, _insides, _ports)
"""What makes machines, in an order in which it can be made: each of these for all of them, then the next.

So commands in one namespace come together, which saves starts of `ip`.
"""


def machines(places: Sequence[Place]) -> Named:
    """Everything of these machines, by a name for each thing."""
    for stage in STAGES:
        for place in places:
            yield from stage(place)


def _addresses(interface: Interface, switch: Switch, name: str, own: str) -> Named:
    """An IPv6 address is alone, as DHCPv6 gives it on ECS; one of IPv4 has its subnet."""
    on = f"interface {interface.id}"
    for address in interface.addresses:
        text = f"{address}/{switch.block.prefixlen} dev {name}"
        yield f"address {interface.id} {address}", there_and_back(own, "address", [text], on=on)
    for address in interface.addresses_6:
        text = f"{address}/128 dev {name}"
        yield f"address {interface.id} {address}", there_and_back(own, "address", [text], on=on)


def _defaults(primary: Interface, switch: Switch, own: str) -> Named:
    """The way out; it needs an address of the interface to be there first."""
    on = f"address {primary.id} {primary.addresses[0]}"
    yield f"default {primary.id}", there_and_back(own, "route", [f"default via {switch.gateway} dev {PRIMARY}"], on=on)
    if primary.addresses_6:
        text, on = f"::/0 via {GATEWAY_6} dev {PRIMARY}", f"interface {primary.id}"
        yield f"default 6 {primary.id}", there_and_back(own, "route", [text], on=on)


def _rules(interface: Interface, switch: Switch, router: str, *, six: bool) -> Named:
    """Whose packets the router takes from a port, and which route table these follow."""
    device, table, which = port(interface.id), table_number(switch.table_id), f"{'6 ' if six else ''}{interface.id}"
    tables = [
        f"priority {SPECIFIC} iif {device} lookup {table} suppress_prefixlength 0",
        f"priority {DEFAULT} iif {device} lookup {table}",
    ]
    yield f"tables {which}", there_and_back(router, "rule", tables, six=six)
    if interface.checked:
        addresses = interface.addresses_6 if six else interface.addresses
        own = [f"priority {OWN_SOURCE} iif {device} from {each} goto {MAIN}" for each in addresses]
        none = f"priority {ANY_SOURCE} iif {device} blackhole"
        yield f"check {which}", there_and_back(router, "rule", [*own, none], six=six)


def _ways(interface: Interface, router: str, *, six: bool) -> Named:
    """The link comes up, and with it the ways to its addresses, which the kernel drops when it goes down."""
    device, plug = port(interface.id), f"plug {interface.id}"
    if not six:
        up, down = Ip(router, f"link set {device} up"), Ip(router, f"link set {device} down")
        yield plug, Thing((up,), (down,), f"interface {interface.id}")
    elif interface.addresses_6:
        text = f"{GATEWAY_6}/64 dev {device} nodad"
        yield f"gateway {interface.id}", there_and_back(router, "address", [text], on=plug)
    for address in interface.addresses_6 if six else interface.addresses:
        text = f"{address}/{128 if six else 32} dev {device}"
        yield f"way {interface.id} {address}", there_and_back(router, "route", [text], on=plug)
