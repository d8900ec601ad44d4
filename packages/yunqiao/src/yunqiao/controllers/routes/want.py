"""Which routes are wanted: for each node that is an instance of this VPC, one to each of its pod ranges. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Network

from yunqiao.controllers.routes.claims import NOT_FOUND, claim_of
from yunqiao.controllers.routes.rules import Place, Rules
from yunqiao.model.cluster import Node
from yunqiao.model.instance import Instance
from yunqiao.model.machine import machine_of
from yunqiao.model.route import Network, canonical, mark, network

Instances = Mapping[str, Instance | None]
"""What ECS said of instances, by id: None for one that is not there; one that is missing has not been asked for."""

SHARED_SPACE = IPv4Network("100.64.0.0/10")
"""The cloud's own services live there (CreateRouteEntries, parameter DstCidrBlock)."""

NO_RANGE = (
    "it has no pod range: kube-controller-manager gives ranges with --allocate-node-cidrs=true and --cluster-cidr"
)
OTHER_VPC = "its ECS instance {id} is in {theirs}, and routes are written to tables of {ours} (vpcid, Global.vpcid)"
EVERYTHING = "its pod range {cidr} is no range of a node's pods: correct spec.podCIDRs by registering the node anew"
OUTSIDE = "its pod range {cidr} is outside --cluster-cidr={cluster}: correct the flag, or register the node anew"
TOUCHES = (
    "its pod range {cidr} and vSwitch {id} ({theirs}) overlap, which no route may: give pods ranges (--cluster-cidr) "
    "that no vSwitch of the VPC touches"
)
SHARED = "its pod range {cidr} lies in 100.64.0.0/10, which the cloud keeps for itself: choose another --cluster-cidr"


@dataclass(frozen=True, slots=True)
class Wish:
    """Packets to `cidr` go to `instance`; one that is `barred` (why) must not be made, but may stay if it is there."""

    node: str
    mark: str
    instance: str
    cidr: str
    barred: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The wishes, and who else there is.

    `marks` are those of all nodes, `settled` those of nodes whose wishes are known for certain: that ECS does not show
    an instance (a permission, an outage) is no reason to think that what leads to it is wrong. `problems` say why a
    node gets no route though it should; `aside` why one gets none, in case that it waits for one.
    """

    wishes: tuple[Wish, ...] = ()
    marks: frozenset[str] = frozenset()
    settled: frozenset[str] = frozenset()
    problems: Mapping[str, str] = field(default_factory=dict)
    aside: Mapping[str, str] = field(default_factory=dict)


def ranges_of(node: Node) -> tuple[str, ...]:
    """The ranges of a node's pods, one for each family that the cluster has."""
    return tuple(dict.fromkeys(canonical(cidr) for cidr in (*node.spec.pod_cidrs, node.spec.pod_cidr) if cidr))


def want(nodes: Iterable[Node], instances: Instances, rules: Rules, place: Place) -> Wanted:
    """Say what is wanted for these nodes."""
    making = _Making(instances, rules, place)
    for node in nodes:
        making.add(node)
    return making.made()


class _Making:
    """Goes from node to node; nothing of one bears on another."""

    def __init__(self, instances: Instances, rules: Rules, place: Place) -> None:
        self._instances, self._rules, self._place = instances, rules, place
        self._bars = _bars(rules, place)
        self._wishes: list[Wish] = []
        self._marks: set[str] = set()
        self._settled: set[str] = set()
        self._problems: dict[str, str] = {}
        self._aside: dict[str, str] = {}

    def add(self, node: Node) -> None:
        whose = mark(node.metadata.name, self._rules.cluster)
        self._marks.add(whose)
        claim = claim_of(node, self._rules.region)
        if claim is None or claim.id not in self._instances or node.metadata.deletion_timestamp:
            return
        instance = self._instances[claim.id]
        ranges = ranges_of(node)
        if not ranges:
            self._aside[node.metadata.name] = NO_RANGE
        elif instance is None:
            barred = NOT_FOUND.format(id=claim.id, region=claim.region)
            self._wishes += [Wish(node.metadata.name, whose, claim.id, one, barred) for one in ranges]
        elif instance.vpc_id != self._place.vpc_id:
            told = {"id": claim.id, "theirs": instance.vpc_id, "ours": self._place.vpc_id}
            self._aside[node.metadata.name] = OTHER_VPC.format(**told)
        elif text := machine_of(node).doubt(instance):
            self._problems[node.metadata.name] = text
        else:
            self._settled.add(whose)
            self._wishes += [Wish(node.metadata.name, whose, instance.id, one, self._barred(one)) for one in ranges]

    def _barred(self, cidr: str) -> str:
        """Why that range must not be routed; thought about once for each range and place."""
        if cidr not in self._bars.judged:
            self._bars.judged[cidr] = self._bar(cidr)
        return self._bars.judged[cidr]

    def _bar(self, cidr: str) -> str:
        found = network(cidr)
        if found is None or found.prefixlen == 0:
            return EVERYTHING.format(cidr=cidr)
        cluster = [one for one in self._bars.cluster if one.version == found.version]
        if cluster and not any(_within(found, one) for one in cluster):
            return OUTSIDE.format(cidr=cidr, cluster=",".join(self._rules.cluster_cidrs))
        if isinstance(found, IPv4Network) and found.overlaps(SHARED_SPACE):
            return SHARED.format(cidr=cidr)
        for touched, vswitch_id in self._bars.vswitches:
            if touched.version == found.version and found.overlaps(touched):
                return TOUCHES.format(cidr=cidr, id=vswitch_id, theirs=touched)
        return ""

    def made(self) -> Wanted:
        return Wanted(
            tuple(self._wishes), frozenset(self._marks), frozenset(self._settled), self._problems, self._aside
        )


@dataclass(frozen=True, slots=True)
class _Bars:
    """Ranges that pod ranges must lie in, those that they must not touch, and what was found of each so far."""

    cluster: tuple[Network, ...]
    vswitches: tuple[tuple[Network, str], ...]
    judged: dict[str, str] = field(default_factory=dict)


@lru_cache(maxsize=8)
def _bars(rules: Rules, place: Place) -> _Bars:
    read = [(network(one.cidr), one.id) for one in place.vswitches]
    return _Bars(
        tuple(found for cidr in rules.cluster_cidrs if (found := network(cidr)) is not None),
        tuple((found, name) for found, name in read if found is not None),
    )


def _within(one: Network, other: Network) -> bool:
    """Whether all of `one` is in `other`, which is of the same family."""
    first, last = int(one.network_address), int(one.broadcast_address)
    return int(other.network_address) <= first and last <= int(other.broadcast_address)
