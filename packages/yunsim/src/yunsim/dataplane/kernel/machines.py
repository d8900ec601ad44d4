"""Instances in the kernel: a namespace each, whose interfaces are ports of the VPC's router. Pure.

A port is a link of its own, not a part of a bridge: the router answers on it for every address that it knows a way to,
so that all packets pass it, those within a vSwitch too, as in the VPC, and it can tell who sent them.
"""

from collections.abc import Iterator

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


def namespace(name: str, *, six: bool) -> Thing:
    """A network namespace that forwards: routers do, and machines for their pods."""
    wanted = {**FORWARDING, **(FORWARDING_6 if six else {})}
    settings = tuple(Setting(name, path, value) for path, value in wanted.items())
    return Thing(
        (Ip(HERE, f"netns add {name}"), *settings, Ip(name, "link set lo up")), (Ip(HERE, f"netns del {name}"),)
    )


def machine(wanted: Machine, switches: dict[str, Switch], around: Surroundings, *, six: bool) -> Named:
    """Everything of a machine, by a name for each thing, in an order in which it can be made."""
    own, router = around.namespace(wanted.id), around.namespace(wanted.vpc_id)
    yield f"namespace {wanted.id}", namespace(own, six=six)
    for number, interface in enumerate(wanted.interfaces):
        switch = switches[interface.switch_id]
        yield f"interface {interface.id}", _interface(interface, f"eth{number}", wanted, around)
        yield from _addresses(interface, switch, f"eth{number}", own)
        if not number:
            yield from _defaults(interface, switch, own)
        yield from _rules(interface, switch, router, six=six)
        if wanted.running:
            yield from _plugged(interface, router)


def _interface(interface: Interface, name: str, wanted: Machine, around: Surroundings) -> Thing:
    own, router, device = around.namespace(wanted.id), around.namespace(wanted.vpc_id), port(interface.id)
    return Thing(
        (
            Ip(router, f"link add {device} type veth peer name {name} address {interface.mac} netns {own}"),
            Ip(router, f"link property add dev {device} altname {interface.id}"),
            Setting(router, f"ipv4/conf/{device}/proxy_arp", "1"),
            Setting(router, f"ipv4/neigh/{device}/proxy_delay", "0"),
            Ip(own, f"link set {name} up"),
        ),
        (Ip(router, f"link del {device}"),),
        f"namespace {wanted.id}",
    )


def _addresses(interface: Interface, switch: Switch, name: str, own: str) -> Named:
    """An IPv6 address is alone, as DHCPv6 gives it on ECS; one of IPv4 has its subnet."""
    on = f"interface {interface.id}"
    for address in interface.addresses:
        text = f"{address}/{switch.block.prefixlen} dev {name}"
        yield f"address {interface.id} {address}", there_and_back(own, "address", [text], on=on)
    for address in interface.addresses_6:
        text = f"{address}/128 dev {name}"
        yield f"address {interface.id} {address}", there_and_back(own, "address", [text], six=True, on=on)


def _defaults(primary: Interface, switch: Switch, own: str) -> Named:
    """The way out; it needs an address of the interface to be there first."""
    on = f"address {primary.id} {primary.addresses[0]}"
    yield f"default {primary.id}", there_and_back(own, "route", [f"default via {switch.gateway} dev eth0"], on=on)
    if primary.addresses_6:
        text, on = f"default via {GATEWAY_6} dev eth0", f"interface {primary.id}"
        yield f"default 6 {primary.id}", there_and_back(own, "route", [text], six=True, on=on)


def _rules(interface: Interface, switch: Switch, router: str, *, six: bool) -> Named:
    """Whose packets the router takes from a port, and which route table these follow."""
    device, table = port(interface.id), table_number(switch.table_id)
    tables = [
        f"priority {SPECIFIC} iif {device} lookup {table} suppress_prefixlength 0",
        f"priority {DEFAULT} iif {device} lookup {table}",
    ]
    families = [(False, interface.addresses), *([(True, interface.addresses_6)] if six else [])]
    for is_six, addresses in families:
        which = f"{'6 ' if is_six else ''}{interface.id}"
        yield f"tables {which}", there_and_back(router, "rule", tables, six=is_six)
        if interface.checked:
            own = [f"priority {OWN_SOURCE} iif {device} from {each} goto {MAIN}" for each in addresses]
            none = f"priority {ANY_SOURCE} iif {device} blackhole"
            yield f"check {which}", there_and_back(router, "rule", [*own, none], six=is_six)


def _plugged(interface: Interface, router: str) -> Named:
    """The link comes up, and with it the ways to its addresses, which the kernel drops when it goes down."""
    device, plug = port(interface.id), f"plug {interface.id}"
    up, down = Ip(router, f"link set {device} up"), Ip(router, f"link set {device} down")
    yield plug, Thing((up,), (down,), f"interface {interface.id}")
    for address in interface.addresses:
        text = f"{address}/32 dev {device}"
        yield f"way {interface.id} {address}", there_and_back(router, "route", [text], on=plug)
    if interface.addresses_6:
        text = f"{GATEWAY_6}/64 dev {device} nodad"
        yield f"gateway {interface.id}", there_and_back(router, "address", [text], six=True, on=plug)
    for address in interface.addresses_6:
        text = f"{address}/128 dev {device}"
        yield f"way {interface.id} {address}", there_and_back(router, "route", [text], six=True, on=plug)
