"""The parts of the kernel that a Network asks for, each with the commands that make and remove it. Pure.

Devices have names of at most 15 characters, so theirs are digests; the ids are their alternative names.
"""

from yunsim.dataplane.kernel import routers
from yunsim.dataplane.kernel.commands import Thing
from yunsim.dataplane.kernel.machines import Place, forwarding, machines, namespace
from yunsim.dataplane.kernel.names import Surroundings
from yunsim.dataplane.kernel.network import Network


def things(network: Network, around: Surroundings) -> dict[str, Thing]:
    """Everything that should exist, by a name for each, in an order in which it can be made."""
    return {
        **_vpcs(network, around),
        **_machines(network, around),
        **_routes(network, around),
        **{f"balancer {each.address}": routers.balancer(each, network, around) for each in network.balancers},
        **_elastics(network, around),
    }


def _vpcs(network: Network, around: Surroundings) -> dict[str, Thing]:
    made: dict[str, Thing] = {}
    for vpc in network.vpcs:
        router = around.namespace(vpc.id)
        made[f"namespace {vpc.id}"] = namespace(router)
        made[f"forwarding {vpc.id}"] = forwarding(router, f"namespace {vpc.id}", six=vpc.has_six)
        made[f"link {vpc.id}"] = routers.link(vpc, around)
        if vpc.has_six:
            made[f"link 6 {vpc.id}"] = routers.link_6(vpc, around)
    for each in network.switches:
        made[f"switch {each.id}"] = routers.switch(each, around.namespace(each.vpc_id))
    return made


def _machines(network: Network, around: Surroundings) -> dict[str, Thing]:
    switches = {each.id: each for each in network.switches}
    sixes = {each.id: each.has_six for each in network.vpcs}
    return dict(machines([Place(each, switches, around, sixes[each.vpc_id]) for each in network.machines]))


def _routes(network: Network, around: Surroundings) -> dict[str, Thing]:
    plugged = {one.id: one for each in network.machines if each.running for one in each.interfaces}
    return {
        f"route {each.table_id} {each.destination}": routers.route(each, plugged, around.namespace(each.vpc_id))
        for each in network.routes
    }


def _elastics(network: Network, around: Surroundings) -> dict[str, Thing]:
    held = {each.vpc_id for each in network.elastics}
    made = {f"translation {vpc.id}": routers.translation(vpc, around) for vpc in network.vpcs if vpc.id in held}
    return made | {f"elastic {each.address}": routers.elastic(each, around) for each in network.elastics}
