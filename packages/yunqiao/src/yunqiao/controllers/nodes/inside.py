"""Who a node is as seen from inside of it: instance metadata says what the machine is, the rest is as everywhere else.

Nothing here asks ECS, so no key is needed: only to read and patch nodes.
"""

from collections.abc import Awaitable, Callable

from yunqiao.controllers.nodes.identity import Doubt, checked
from yunqiao.controllers.nodes.plan import named
from yunqiao.controllers.nodes.want import Wanted, labels
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Refused
from yunqiao.model.instance import Instance, InstanceId, read_provider_id, write_provider_id
from yunqiao.model.step import Patch

Read = Callable[[str], Awaitable[str]]
"""Reads one value of the instance metadata; raises Refused when there is none, Lost when nobody answers."""

NO_INSTANCE = (
    'instance metadata says region "{region}" and instance "{id}", which is no ECS instance: who answers there?'
)
OTHER = (
    'node {name} has the providerID "{theirs}", but this machine is {ours}: a providerID cannot change, so register '
    "the node anew, or correct the node's name"
)


async def machine(read: Read) -> Instance:
    """The instance that this process runs on. Raises Refused, Lost."""
    found = Instance(
        id=await read("instance-id"),
        region=await read("region-id"),
        zone=await read("zone-id"),
        type=await read("instance/instance-type"),
        serial_number=await _if_told(read, "serial-number"),
        addresses=frozenset({await read("private-ipv4")}),
    )
    if read_provider_id(write_provider_id(_id(found))) is None:
        raise Refused(NO_INSTANCE.format(region=found.region, id=found.id))
    return found


def initialised(node: Node, instance: Instance) -> Patch | None:
    """The patch that says on the node which instance it is, None when it does. Raises Refused when it is another.

    Its taint stays: that it may be used is for the controller to say.
    """
    ours = write_provider_id(_id(instance))
    claim = read_provider_id(node.spec.provider_id)
    if node.spec.provider_id and claim != _id(instance):
        raise Refused(OTHER.format(name=node.metadata.name, theirs=node.spec.provider_id, ours=ours))
    verdict = checked(node, instance)
    if isinstance(verdict, Doubt):
        raise Refused(f"node {node.metadata.name}: {verdict.text}")
    wanted = Wanted(ours, tuple(node.status.addresses), {key: one for key, one in labels(instance).items() if one})
    return next(iter(named(node, wanted)), None)


async def _if_told(read: Read, name: str) -> str:
    try:
        return await read(name)
    except Refused:
        return ""


def _id(instance: Instance) -> InstanceId:
    return InstanceId(instance.region, instance.id)
