"""Puts things into a world that no API call makes: what a world file says exists, and what control adds later.

Every function takes one item of a section (yunsim.sections) and raises ValueError when a product cannot have it.
"""

from collections.abc import Sequence
from ipaddress import ip_address

from yunsim.certificates import self_signed
from yunsim.products.ecs.rules import state as ecs
from yunsim.products.ecs.state import NetworkInterface, attach
from yunsim.products.slb.rules import default_resource_group
from yunsim.products.slb.rules import state as slb
from yunsim.products.slb.state import Certificate, LoadBalancer
from yunsim.products.vpc.elastic_ip_rules import associate, dissociate
from yunsim.products.vpc.rules import state as vpc
from yunsim.sections import Additions, Lock
from yunsim.sections import Balancer as BalancerItem
from yunsim.sections import Certificate as CertificateItem
from yunsim.sections import ElasticIp as ElasticIpItem
from yunsim.sections import Instance as InstanceItem
from yunsim.sections import Interface as InterfaceItem
from yunsim.world import World

CONTAINER = "eci-"
"""How ids of container instances (ECI) begin."""


def place(world: World, items: Additions) -> None:
    """Put all these things into the world, in an order in which each finds those that it names."""
    for instance in items.instances:
        add_instance(world, instance)
    for interface in items.interfaces:
        add_interface(world, interface)
    for balancer in items.load_balancers:
        add_balancer(world, balancer)
    for elastic_ip in items.elastic_ips:
        add_elastic_ip(world, elastic_ip)
    for certificate in items.certificates:
        add_certificate(world, certificate)


def add_instance(world: World, item: InstanceItem) -> None:
    """Add a running instance with its primary interface."""
    _new(world, item.id)
    made = ecs(world).add_instance(
        world,
        item.vswitch,
        own_id=item.id,
        private_ip=str(item.ip),
        interface_id=item.eni.id,
        secondary_ips=tuple(map(str, item.eni.secondary_ips)),
        ipv6=tuple(map(str, item.eni.ipv6)),
        name=item.hostname,
        instance_type=item.type,
        tags=dict(item.tags),
        locks=list(item.locks),
    )
    made.serial_number = item.serial_number or made.serial_number
    made.interfaces[0].mac_address = item.eni.mac or made.interfaces[0].mac_address
    made.interfaces[0].source_dest_check = item.eni.source_dest_check


def lock(world: World, instance_id: str, reasons: Sequence[Lock]) -> None:
    """Have an instance locked for these reasons and for no other; none: it is not locked."""
    found = ecs(world).instances.get(instance_id)
    if found is None:
        raise ValueError(f"there is no instance {instance_id}; name one of ECS (i-...)")
    found.locks = list(reasons)


def add_interface(world: World, item: InterfaceItem) -> str:
    """Add a further network interface, or give one that exists these addresses; returns its id."""
    if not item.ips:
        raise ValueError(f"interface {item.id!r} needs at least one address in `ips`")
    addresses = list(map(str, item.ips))
    known = ecs(world).interfaces.get(item.id)
    if known is not None:
        _readdress(world, known, addresses)
        known.ipv6 = list(item.ipv6)
        return known.id
    vswitch = item.vswitch or _vswitch_of(world, addresses[0])
    instance = ecs(world).instances.get(item.instance)
    if item.instance and instance is None and not item.instance.startswith(CONTAINER):
        raise ValueError(f"there is no instance {item.instance}; name one, or a container instance ({CONTAINER}...)")
    made = ecs(world).add_interface(world, vswitch, own_id=item.id, private_ips=tuple(addresses), ipv6=tuple(item.ipv6))
    if instance is not None:
        attach(made, instance)
    elif item.instance:
        ecs(world).lend(made, item.instance)
    return made.id


def _readdress(world: World, known: NetworkInterface, addresses: list[str]) -> None:
    ecs(world).unassign(world, known, [each for each in known.private_ips if each not in addresses])
    ecs(world).assign(world, known, [each for each in addresses if each not in known.private_ips])
    known.private_ips.sort(key=addresses.index)


def _vswitch_of(world: World, address: str) -> str:
    found = next((each.id for each in vpc(world).vswitches.values() if ip_address(address) in each.cidr_block), "")
    if not found:
        raise ValueError(f"no vSwitch has {address}; name an address of a vSwitch")
    return found


def add_balancer(world: World, item: BalancerItem) -> None:
    """Add a load balancer without listeners: intranet in its vSwitch, or on the internet."""
    _new(world, item.id)
    made = LoadBalancer(
        id=item.id,
        name=item.name or item.id,
        address="",
        address_type="intranet" if item.vswitch else "internet",
        created=world.clock.now(),
        resource_group_id=default_resource_group(world),
        instance_charge_type="PayByCLCU",
        spec="slb.lcu.elastic",
        tags=dict(item.tags),
    )
    zones = ecs(world).zones or [f"{world.region}-h", f"{world.region}-i"]
    made.master_zone_id, made.slave_zone_id = zones[0], zones[-1]
    made.address = _address(world, made, item) if item.vswitch else _internet(world, made.id, item.ip)
    slb(world).load_balancers[made.id] = made


def _address(world: World, made: LoadBalancer, item: BalancerItem) -> str:
    vswitch = vpc(world).vswitches.get(item.vswitch)
    if vswitch is None:
        raise ValueError(f"there is no vSwitch {item.vswitch}")
    if item.ip and not vswitch.contains(item.ip):
        raise ValueError(f"{item.ip} is not an address of {vswitch.id} ({vswitch.cidr_block})")
    made.vswitch_id, made.vpc_id = vswitch.id, vswitch.vpc_id
    made.master_zone_id = vswitch.zone_id
    taken = vswitch.take(made.id, item.ip)
    if not taken:
        raise ValueError(f"{vswitch.id} has no free address{f' {item.ip}: it is in use' if item.ip else ''}")
    return taken


def add_elastic_ip(world: World, item: ElasticIpItem) -> None:
    """Add a public address, associated with what it names."""
    own_id = item.id or world.new_id("eip-")
    _new(world, own_id)
    kind = ""
    if item.instance:
        kinds = {"instance": "EcsInstance", "load-balancer": "SlbInstance", "network-interface": "NetworkInterface"}
        kind = kinds.get(getattr(world.find(item.instance), "resource_type", ""), "")
        if not kind:
            raise ValueError(f"there is no {item.instance} that an elastic IP address could be associated with")
    address = _internet(world, own_id, item.ip)
    made = vpc(world).add_elastic_ip(world, address, own_id=own_id, name=item.name)
    if kind:
        associate(world, made, item.instance, kind)


def _internet(world: World, holder: str, address: str) -> str:
    taken = world.take_internet_address(holder, world.internet, address)
    if not taken:
        raise ValueError(f"{world.internet} has no free address{f' {address}: it is in use' if address else ''}")
    return taken


def add_certificate(world: World, item: CertificateItem) -> None:
    """Add a server certificate, made anew with its key, so that a listener can show it."""
    names = list(item.alternative_names)
    made = self_signed(item.common_name or item.id, names, item.expires)
    slb(world).certificates[item.id] = Certificate(
        id=item.id,
        name=item.name or item.id,
        fingerprint=made.fingerprint,
        common_name=item.common_name,
        alternative_names=names,
        created=world.clock.now(),
        expires=item.expires,
        resource_group_id=default_resource_group(world),
        pem=made.pem,
        private_key=made.private_key,
    )


def _new(world: World, resource_id: str) -> None:
    if world.find(resource_id) is not None:
        raise ValueError(f"{resource_id} exists already; give the new one an id of its own")


def remove(world: World, resource_id: str) -> None:
    """Take an instance, network interface, balancer, certificate or elastic IP address out of the world.

    It goes at once and whatever uses it, as nothing that an API call can do. Raises ValueError for anything else.
    """
    machines, balancing = ecs(world), slb(world)
    if resource_id in machines.instances:
        for interface in machines.instances.pop(resource_id).interfaces:
            machines.remove_interface(world, interface)
    elif resource_id in machines.interfaces or resource_id in machines.containers:
        _remove_interface(world, machines.interfaces[machines.containers.get(resource_id, resource_id)])
    elif resource_id in balancing.load_balancers:
        balancing.remove_load_balancer(balancing.load_balancers[resource_id])
    elif resource_id in balancing.certificates:
        del balancing.certificates[resource_id]
    elif resource_id in vpc(world).elastic_ips:
        gone = vpc(world).elastic_ips.pop(resource_id)
        dissociate(world, gone)
        world.release_internet_address(gone.ip_address)
    else:
        raise ValueError(f"there is no {resource_id}")


def _remove_interface(world: World, interface: NetworkInterface) -> None:
    owner = ecs(world).instances.get(interface.instance_id)
    if owner is not None:
        owner.interfaces.remove(interface)
    ecs(world).remove_interface(world, interface)
