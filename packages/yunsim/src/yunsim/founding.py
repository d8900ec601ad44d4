"""From a world file to a world: each section goes to the product that holds such things.

`found(file)` makes a world; `refound` empties one and fills it again, for the same listeners and clients.
"""

from collections.abc import Iterable
from dataclasses import fields

from yunsim.placing import place
from yunsim.products.ecs.state import State as EcsState
from yunsim.products.slb.quotas import QUOTAS as SLB_QUOTAS
from yunsim.products.slb.state import State as SlbState
from yunsim.products.sts import state as sts
from yunsim.products.vpc.rules import QUOTAS as VPC_QUOTAS
from yunsim.products.vpc.state import State as VpcState
from yunsim.reading import FileError
from yunsim.sections import Additions
from yunsim.world import World
from yunsim.worldfile import WorldFile

QUOTAS = {**SLB_QUOTAS, **VPC_QUOTAS}
"""The quotas that products look at, by their names in Quota Center, with their defaults."""


def found(file: WorldFile, *, strict: bool = False) -> World:
    """Make a world of what the file says; raises FileError when a product refuses a value."""
    if problem := unknown_quota(file.quotas):
        raise FileError("the world file", [problem])
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


def unknown_quota(quotas: Iterable[str]) -> str:
    """Say what is wrong with the first name that is no quota's, or ""."""
    unknown = sorted(set(quotas) - QUOTAS.keys())
    return f"quotas.{unknown[0]}: unknown quota; allowed here: {', '.join(sorted(QUOTAS))}" if unknown else ""


def refound(world: World, file: WorldFile) -> None:
    """Forget what was made in a world since it was founded; its clock stays as it is."""
    world.clear()
    for fill in (_account, _networks, _things):
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
    state = VpcState(busy_seconds=file.busy.vpc, route_change_seconds=file.route_change_seconds)
    world.states["vpc"] = state
    for vpc in file.vpcs:
        state.add_vpc(
            world,
            str(vpc.cidr),
            own_id=vpc.id,
            name=vpc.name,
            secondary_cidr_blocks=list(map(str, vpc.secondary_cidrs)),
            ipv6_cidr_block=str(vpc.ipv6_cidr or ""),
        )
    for one in file.vswitches:
        six = str(one.ipv6_cidr or "")
        state.add_vswitch(world, one.vpc, str(one.cidr), one.zone, own_id=one.id, name=one.name, ipv6_cidr_block=six)
    for table in file.route_tables:
        made = state.add_route_table(world, table.vpc, own_id=table.id, name=table.name)
        for vswitch_id in table.vswitches:
            state.vswitches[vswitch_id].route_table_id = made.id


def _things(world: World, file: WorldFile) -> None:
    world.states["ecs"] = EcsState(zones=list(file.zones), change_seconds=file.instance_change_seconds)
    world.states["slb"] = SlbState(busy_seconds=file.busy.slb, zones=list(file.zones))
    items = {each.name: getattr(file, each.name) for each in fields(Additions)}
    place(world, Additions(**items))
