"""VPCs in the kernel: a namespace that forwards, and the link from there to this process. Pure.

Its main routing table knows the machines and the cloud's services; what else is in the ranges of the vSwitches is
nobody's. Each of its route tables is one of the kernel's, looked up after that by whoever is in a vSwitch that is bound
to it, and holds the Custom entries and nothing else (`ip -n VPC route show table all proto 100`).
"""

from collections.abc import Mapping
from ipaddress import IPv6Address, IPv6Network, ip_address

from yunsim.dataplane.kernel.commands import HERE, Ip, Nft, Setting, Thing, there_and_back
from yunsim.dataplane.kernel.names import (
    DEFAULT,
    INTERNET,
    OURS,
    SERVICES,
    SERVICES_6,
    UPLINK,
    Surroundings,
    port,
    table_number,
)
from yunsim.dataplane.kernel.network import Balancer, Elastic, Interface, Network, Route, Switch, Vpc


def link(vpc: Vpc, around: Surroundings) -> Thing:
    """The way between this process and a VPC."""
    here, there = around.device_here(vpc.id), around.namespace(vpc.id)
    router, us = around.ends(vpc.id)
    length = around.links[vpc.id].prefixlen
    blocks = [block for block in vpc.blocks if not isinstance(block, IPv6Network)]
    return Thing(
        (
            Ip(HERE, f"link add {here} type veth peer name {UPLINK} netns {there}"),
            Ip(HERE, f"address add {us}/{length} dev {here}"),
            Ip(HERE, f"link set {here} up"),
            *(Ip(HERE, f"route add {block} via {router} dev {here} src {us} onlink") for block in blocks),
            Ip(there, "link set lo up"),
            Ip(there, f"address add {router}/{length} dev {UPLINK}"),
            Ip(there, f"link set {UPLINK} up"),
            Ip(there, f"route add {SERVICES} via {us} dev {UPLINK}"),
            Ip(there, f"rule add priority {DEFAULT} iif {UPLINK} lookup {table_number(vpc.system_table)}"),
        ),
        (Ip(HERE, f"link del {here}"),),
        f"namespace {vpc.id}",
    )


def link_6(vpc: Vpc, around: Surroundings) -> Thing:
    """The same for IPv6."""
    here, there = around.device_here(vpc.id), around.namespace(vpc.id)
    router, us = around.ends_6(vpc.id)
    blocks = [block for block in vpc.blocks if isinstance(block, IPv6Network)]
    return Thing(
        (
            Setting(HERE, f"ipv6/conf/{here}/disable_ipv6", "0"),
            Ip(HERE, f"address add {us}/126 dev {here} nodad"),
            Ip(there, f"address add {router}/126 dev {UPLINK} nodad"),
            Ip(there, f"route add {SERVICES_6} via {us} dev {UPLINK}"),
            Ip(there, f"rule add priority {DEFAULT} iif {UPLINK} lookup {table_number(vpc.system_table)}", six=True),
            *(Ip(HERE, f"route add {block} via {router} dev {here} src {us}") for block in blocks),
        ),
        (),
        f"link {vpc.id}",
    )


def switch(wanted: Switch, router: str) -> Thing:
    """The gateway's address, and that no other address of the range is anywhere."""
    gateway, block = f"address add {wanted.gateway}/32 dev lo", f"blackhole {wanted.block}"
    six = f"blackhole {wanted.block_6}"
    return Thing(
        (
            Ip(router, gateway),
            Ip(router, f"route add {block}"),
            *([Ip(router, f"route add {six}")] if wanted.block_6 else []),
        ),
        (
            *([Ip(router, f"route del {six}")] if wanted.block_6 else []),
            Ip(router, f"route del {block}"),
            Ip(router, gateway.replace("add", "del", 1)),
        ),
    )


def route(wanted: Route, plugged: Mapping[str, Interface], router: str) -> Thing:
    """An entry; it discards where its next hop is gone, does not run, has no address of the family, or checks."""
    six = isinstance(wanted.destination, IPv6Network)
    hop = plugged.get(wanted.interface_id)
    addresses = () if hop is None or hop.checked else hop.addresses_6 if six else hop.addresses
    way, on = f"blackhole {wanted.destination}", ""
    if hop is not None and addresses:
        way, on = f"{wanted.destination} via {addresses[0]} dev {port(hop.id)} onlink", f"plug {hop.id}"
    text = f"{way} table {table_number(wanted.table_id)} proto {OURS}"
    return there_and_back(router, "route", [text], on=on)


def balancer(wanted: Balancer, network: Network, around: Surroundings) -> Thing:
    """An address of this process, which the VPC's machines reach."""
    six = isinstance(ip_address(wanted.address), IPv6Address)
    vpc_id = wanted.vpc_id or next(each.id for each in network.vpcs if each.has_six or not six)
    host = f"{wanted.address}/{128 if six else 32}"
    text = f"{host} dev {around.device_here(vpc_id)}{' nodad' if six else ''}"
    here = there_and_back(HERE, "address", [text])
    if not wanted.vpc_id:
        return here
    us = (around.ends_6 if six else around.ends)(vpc_id)[1]
    there = there_and_back(around.namespace(vpc_id), "route", [f"{host} via {us} dev {UPLINK}"])
    return Thing((*here.make, *there.make), (*here.remove, *there.remove))


def translation(vpc: Vpc, around: Surroundings) -> Thing:
    """What turns private addresses into public ones on the way out of a VPC, and back; the elements come one by one.

    Services and machines of the VPC see the private ones, but for an answer to who asked at a public one.
    """
    router, us = around.namespace(vpc.id), around.ends(vpc.id)[1]
    inside = ", ".join(str(block) for block in (SERVICES, *vpc.blocks) if not isinstance(block, IPv6Network))
    internet = f"default via {us} dev {UPLINK} table {_internet(vpc.id)}"
    rules = f"""
table ip elastic {{
  map private {{ type ipv4_addr : ipv4_addr; }}
  map public {{ type ipv4_addr : ipv4_addr; }}
  set holders {{ type ipv4_addr; }}
  set inside {{ type ipv4_addr; flags interval; auto-merge; elements = {{ {inside} }}; }}
  chain inward {{ type nat hook prerouting priority dstnat;
    iifname "{UPLINK}" dnat to ip daddr map @private
    ip saddr @holders dnat to ip daddr map @private
  }}
  chain outward {{ type nat hook postrouting priority srcnat;
    ip daddr != @inside snat to ip saddr map @public
    ct status dnat snat to ip saddr map @public
  }}
}}"""
    return Thing(
        (Nft(router, rules), Ip(router, f"route add {internet}")),
        (Ip(router, f"route del {internet}"), Nft(router, "delete table ip elastic")),
    )


def elastic(wanted: Elastic, around: Surroundings) -> Thing:
    """A public address: reached from here, and the source of what its holder sends to the internet."""
    router, address, private = around.namespace(wanted.vpc_id), wanted.address, wanted.private
    gateway, us = around.ends(wanted.vpc_id)
    here = f"{address}/32 via {gateway} dev {around.device_here(wanted.vpc_id)} src {us}"
    rule = f"priority {INTERNET} iif {port(wanted.interface_id)} from {private} lookup {_internet(wanted.vpc_id)}"
    elements = (
        f"private {{ {address} : {private} }}",
        f"public {{ {private} : {address} }}",
        f"holders {{ {private} }}",
    )
    return Thing(
        (
            Nft(router, "\n".join(f"add element ip elastic {each}" for each in elements)),
            Ip(router, f"rule add {rule}"),
            Ip(HERE, f"route add {here}"),
        ),
        (
            Ip(HERE, f"route del {here}"),
            Ip(router, f"rule del {rule}"),
            Nft(router, "\n".join(f"delete element ip elastic {each}" for each in elements)),
        ),
    )


def _internet(vpc_id: str) -> int:
    return table_number(f"{vpc_id} internet")
