"""Which instance is a node? Decided from evidence, never guessed; a node's own claim is only one of the witnesses.

The witnesses: the address (an interface of the instance has it), the machine's number (the kubelet reads it from the
firmware, ECS calls it SerialNumber), and the providerID. A node whose number was reported is believed only when the
number agrees; without one, the address must be the instance's, in a VPC that is known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from yunqiao.controllers.nodes.rules import Rules
from yunqiao.model.cluster import Node
from yunqiao.model.instance import Instance, read_provider_id
from yunqiao.model.machine import machine_of, own_ips, same_machine


@dataclass(frozen=True, slots=True)
class Evidence:
    """What ECS says about the nodes of a batch: instances by id, and the ids of those that have an address.

    `neighbours` are all instances of the VPC; they are listed only for nodes that have no address yet. `vpc_id` is
    empty where the VPC is not known, for the reason `nowhere`.
    """

    instances: Mapping[str, Instance] = field(default_factory=dict)
    owners: Mapping[str, frozenset[str]] = field(default_factory=dict)
    neighbours: tuple[Instance, ...] = ()
    vpc_id: str = ""
    nowhere: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """It cannot be said which instance the node is; why not, and what its owner can do."""

    text: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The node names an instance that ECS does not show."""

    id: str


Verdict = Instance | Doubt | Gone

NOT_FOUND = (
    "no ECS instance in {where} has its address ({ips}): if it is no ECS instance, give it a providerID of its own "
    "(kubelet --provider-id, such as ack-hybrid://NAME); if it is one, check region, VPC and RAM permissions"
)
NO_ADDRESS = (
    "it has neither a providerID nor an InternalIP, and no ECS instance in {where} has its systemUUID "
    '"{uuid}": start its kubelet with --node-ip or --provider-id'
)
SEVERAL = (
    "several ECS instances ({ids}) have its address ({ips}) and nothing tells which one it is: set vpcid in the "
    "cloud-config (Global.vpcid), or start its kubelet with --provider-id"
)
VPC_UNKNOWN = (
    "the ECS instance {id} has its address ({ips}), but its kubelet reports no systemUUID to tell that by, and "
    "{nowhere}; or start its kubelet with --provider-id"
)
TWICE = (
    "the ECS instance {id} is also the node {other}, which is alive: nothing is done to this node; delete the one of "
    "the two that is not this machine"
)


def claimed(node: Node, evidence: Evidence) -> Verdict:
    """Check a node's claim to be an instance."""
    claim = read_provider_id(node.spec.provider_id)
    if claim is None or claim.id not in evidence.instances:
        return Gone(claim.id if claim else "")
    return checked(node, evidence.instances[claim.id])


def found(node: Node, evidence: Evidence, rules: Rules) -> Verdict:
    """Find the instance of a node that claims nothing."""
    number, ips = node.status.node_info.system_uuid, own_ips(node)
    where = evidence.vpc_id or rules.region
    if not ips:
        return _numbered(number, evidence.neighbours) or Doubt(NO_ADDRESS.format(where=where, uuid=number))
    ids = frozenset[str]().union(*(evidence.owners.get(ip, frozenset()) for ip in ips))
    candidates = [evidence.instances[one] for one in sorted(ids) if one in evidence.instances]
    told = {"where": where, "ips": ", ".join(ips)}
    if not candidates:
        return Doubt(NOT_FOUND.format(**told))
    if number:
        return _numbered(number, candidates) or checked(node, candidates[0])
    if len(candidates) > 1:
        return Doubt(SEVERAL.format(ids=", ".join(one.id for one in candidates), **told))
    if not evidence.vpc_id:
        return Doubt(VPC_UNKNOWN.format(id=candidates[0].id, nowhere=evidence.nowhere, **told))
    return candidates[0]


def checked(node: Node, instance: Instance) -> Instance | Doubt:
    """Give the instance if nothing that the node reports speaks against being it."""
    text = machine_of(node).doubt(instance)
    return Doubt(text) if text else instance


def _numbered(number: str, instances: Iterable[Instance]) -> Instance | None:
    same = [one for one in instances if number and same_machine(number, one.serial_number)]
    return same[0] if len(same) == 1 else None
