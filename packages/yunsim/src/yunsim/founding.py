"""From a world file to a world: each section goes to the product that holds such things.

`found(file)` makes a world; `refound` empties one and fills it again, for the same listeners and clients.
"""

from yunsim.products.ecs.state import State as EcsState
from yunsim.products.slb.quotas import QUOTAS as SLB_QUOTAS
from yunsim.products.slb.rules import default_resource_group
from yunsim.products.slb.state import Certificate
from yunsim.products.slb.state import State as SlbState
from yunsim.products.sts import state as sts
from yunsim.products.vpc.state import State as VpcState
from yunsim.reading import FileError
from yunsim.world import World
from yunsim.worldfile import WorldFile

QUOTAS = frozenset({*SLB_QUOTAS, "vpc_quota_route_entrys_num"})
"""The quotas that products look at, by their names in Quota Center."""


def found(file: WorldFile, *, strict: bool = False) -> World:
    """Make a world of what the file says; raises FileError when a product refuses a value."""
    if unknown := sorted(file.quotas.keys() - QUOTAS):
        allowed = ", ".join(sorted(QUOTAS))
        raise FileError(
            "the world file", [f"quotas.{name}: unknown quota; allowed here: {allowed}" for name in unknown]
        )
    world = World(
        region=file.region,
        account=file.account,
        strict=strict,
        internet=file.internet,
        wire=dict(file.wire),
        quotas=dict(file.quotas),
    )
    refound(world, file)
    return world


def refound(world: World, file: WorldFile) -> None:
    """Forget what was made in a world since it was founded; its clock stays as it is."""
    world.clear()
    for fill in (_account, _networks, _instances, _balancing):
        try:
            fill(world, file)
        except ValueError as error:
            raise FileError("the world file", [str(error)]) from error
    world.changed()


def _account(world: World, file: WorldFile) -> None:
    for key in file.keys:
        sts.add_key(world, key.id, key.secret, key.role)
    for role in [*file.roles, *(instance.role for instance in file.instances if instance.role)]:
        sts.add_role(world, role)
    sts.add_providers(world, file.oidc_providers)


def _networks(world: World, file: WorldFile) -> None:
    state = VpcState(busy_seconds=file.busy.vpc)
    world.states["vpc"] = state
    for vpc in file.vpcs:
        state.add_vpc(world, str(vpc.cidr), own_id=vpc.id, name=vpc.name)
    for one in file.vswitches:
        state.add_vswitch(world, one.vpc, str(one.cidr), one.zone, own_id=one.id, name=one.name)


def _instances(world: World, file: WorldFile) -> None:
    state = EcsState(zones=list(file.zones))
    world.states["ecs"] = state
    for one in file.instances:
        made = state.add_instance(
            world,
            one.vswitch,
            own_id=one.id,
            private_ip=str(one.ip),
            interface_id=one.eni.id,
            name=one.hostname,
            instance_type=one.type,
            tags=dict(one.tags),
        )
        made.serial_number = one.serial_number or made.serial_number
        made.interfaces[0].mac_address = one.eni.mac or made.interfaces[0].mac_address


def _balancing(world: World, file: WorldFile) -> None:
    state = SlbState(busy_seconds=file.busy.slb, zones=list(file.zones))
    world.states["slb"] = state
    for one in file.certificates:
        state.certificates[one.id] = Certificate(
            one.id,
            one.name or one.id,
            "",
            one.common_name,
            list(one.alternative_names),
            world.clock.now(),
            one.expires,
            default_resource_group(world),
        )
