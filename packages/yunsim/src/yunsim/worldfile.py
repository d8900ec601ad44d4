"""The file that says what exists before the first call: account, networks, instances, quotas.

`default_world.yaml` beside this module is the world of a server that is started without one, and the documentation of
every key. `load` reads a file, `check` finds what the types cannot: a reference to nothing, an address outside its
network. What becomes of each section is in `yunsim.founding`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

import yaml

from yunsim.limits import problems_of
from yunsim.reading import FileError, read
from yunsim.sections import (
    Balancer,
    Busy,
    Certificate,
    ElasticIp,
    Instance,
    Interface,
    Key,
    RouteTable,
    Vpc,
    VSwitch,
)

DEFAULT_NAME = "the default world"


@dataclass(frozen=True, slots=True)
class WorldFile:
    """A whole file; see default_world.yaml for what each key means."""

    region: str = "cn-hangzhou"
    account: str = "1234567890123456"
    zones: tuple[str, ...] = ("cn-hangzhou-h", "cn-hangzhou-i")
    keys: tuple[Key, ...] = ()
    roles: tuple[str, ...] = ()
    oidc_providers: tuple[str, ...] = ()
    vpcs: tuple[Vpc, ...] = ()
    vswitches: tuple[VSwitch, ...] = ()
    route_tables: tuple[RouteTable, ...] = ()
    virtual_node_vswitch: str = ""
    instances: tuple[Instance, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    load_balancers: tuple[Balancer, ...] = ()
    elastic_ips: tuple[ElasticIp, ...] = ()
    metadata_instance: str = ""
    internet: IPv4Network = field(default_factory=lambda: IPv4Network("127.200.0.0/16"))
    wire: Mapping[IPv4Network | IPv6Network, IPv4Network] = field(default_factory=dict)
    certificates: tuple[Certificate, ...] = ()
    quotas: Mapping[str, int] = field(default_factory=dict)
    rates: Literal["real", "none"] | Mapping[str, int] = "none"
    busy: Busy = field(default_factory=Busy)
    patient_health_checks: bool = False
    route_change_seconds: float = 1.0
    instance_change_seconds: float = 0.0

    def vswitch(self, vswitch_id: str) -> VSwitch | None:
        """Return the vSwitch with that id, or None."""
        return next((one for one in self.vswitches if one.id == vswitch_id), None)


def default_text() -> str:
    """Return the default world as YAML."""
    return (files("yunsim") / "default_world.yaml").read_text(encoding="utf-8")


def load(path: Path | None = None) -> WorldFile:
    """Read a world file, or the default world; raises FileError with every problem in it."""
    source = str(path) if path else DEFAULT_NAME
    try:
        text = path.read_text(encoding="utf-8") if path else default_text()
    except OSError as error:
        fix = "name an existing file, or leave --world out for the default world"
        raise FileError(source, [f"{error.strerror}; {fix}"]) from error
    return parse(text, source)


def parse(text: str, source: str = "the world file") -> WorldFile:
    """Read the text of a world file; raises FileError with every problem in it."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise FileError(source, [f"it is not YAML: {error}"]) from error
    world = read(WorldFile, {} if data is None else data, source)
    if problems := list(check(world)):
        raise FileError(source, problems)
    return world


def check(world: WorldFile) -> Iterator[str]:
    """Yield what is wrong in a file whose every value is well formed."""
    yield from _doubled("keys", (one.id for one in world.keys))
    yield from _doubled("vpcs", (one.id for one in world.vpcs))
    yield from _doubled("vswitches", (one.id for one in world.vswitches))
    yield from _doubled("route_tables", (one.id for one in world.route_tables))
    yield from _doubled("route_tables", (each for one in world.route_tables for each in one.vswitches), "vSwitch")
    yield from _doubled("instances", (one.id for one in world.instances))
    yield from _doubled("instances", (str(one.ip) for one in world.instances), "ip")
    yield from _doubled("interfaces", (one.id for one in world.interfaces if one.id))
    yield from _doubled("load_balancers", (one.id for one in world.load_balancers))
    yield from _vswitch_problems(world)
    yield from _route_table_problems(world)
    yield from _instance_problems(world)
    yield from _reference("virtual_node_vswitch", world.virtual_node_vswitch, [one.id for one in world.vswitches])
    yield from _reference("metadata_instance", world.metadata_instance, [one.id for one in world.instances])
    if not isinstance(world.rates, str):
        yield from problems_of(world.rates)
    yield from _wire_problems(world)


def _wire_problems(world: WorldFile) -> Iterator[str]:
    for announced, real in world.wire.items():
        length = real.max_prefixlen - (announced.max_prefixlen - announced.prefixlen)
        if length < 0:
            yield f"wire[{announced}]: it has more addresses than IPv4; write a prefix of /96 or longer"
        elif real.prefixlen != length:
            yield f"wire[{announced}]: {real} is of another length; write a prefix of /{length}"


def _doubled(section: str, values: Iterable[str], name: str = "id") -> Iterator[str]:
    for value, count in Counter(values).items():
        if count > 1:
            yield f"{section}: {value!r} is the {name} of {count} items; give each its own"


def _vswitch_problems(world: WorldFile) -> Iterator[str]:
    vpcs = {vpc.id: vpc for vpc in world.vpcs}
    for n, vswitch in enumerate(world.vswitches):
        path = f"vswitches[{n}]"
        yield from _reference(f"{path}.zone", vswitch.zone, list(world.zones), required=True)
        yield from _reference(f"{path}.vpc", vswitch.vpc, list(vpcs), required=True)
        vpc = vpcs.get(vswitch.vpc)
        if vpc is not None and not vpc.holds(vswitch.cidr):
            yield f"{path}.cidr: {vswitch.cidr} is not inside {vpc.id} ({vpc.cidr}); choose a part of it"
        for other in world.vswitches[:n]:
            if other.vpc == vswitch.vpc and other.cidr.overlaps(vswitch.cidr):
                yield f"{path}.cidr: {vswitch.cidr} overlaps {other.id} ({other.cidr}); choose a free part of the VPC"


def _route_table_problems(world: WorldFile) -> Iterator[str]:
    for n, table in enumerate(world.route_tables):
        path = f"route_tables[{n}]"
        yield from _reference(f"{path}.vpc", table.vpc, [one.id for one in world.vpcs], required=True)
        inside = [one.id for one in world.vswitches if one.vpc == table.vpc]
        for one in table.vswitches:
            yield from _reference(f"{path}.vswitches", one, inside, required=True)


def _instance_problems(world: WorldFile) -> Iterator[str]:
    for n, instance in enumerate(world.instances):
        path = f"instances[{n}]"
        yield from _reference(f"{path}.vswitch", instance.vswitch, [one.id for one in world.vswitches], required=True)
        vswitch = world.vswitch(instance.vswitch)
        if vswitch is not None and instance.ip not in vswitch.cidr:
            yield f"{path}.ip: {instance.ip} is not inside {vswitch.id} ({vswitch.cidr}); choose an address of it"
        for address in instance.eni.ipv6:
            if vswitch is not None and (vswitch.ipv6_cidr is None or address not in vswitch.ipv6_cidr):
                block = vswitch.ipv6_cidr or "it has no ipv6_cidr"
                yield f"{path}.eni.ipv6: {address} is not inside {vswitch.id} ({block}); choose an address of it"


def _reference(path: str, value: str, allowed: list[str], *, required: bool = False) -> Iterator[str]:
    if (value or required) and value not in allowed:
        yield f"{path}: there is no {value!r}; it must be one of: {', '.join(allowed) or '(there are none)'}"
