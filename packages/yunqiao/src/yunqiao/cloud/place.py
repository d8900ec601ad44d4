"""Where in the cloud is the cluster? Where configuration or instance metadata says, else where its nodes are.

Metadata exists on ECS only, so a controller in a data centre, or in another VPC, is told nothing by it. The nodes tell
as much: ECS knows the VPC and the vSwitch of each. Nodes in several VPCs tell nothing, since a guess could be wrong.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from yunqiao.cloud.codes import about_the_question
from yunqiao.cloud.instances import Answer, Instances
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Refused, Trouble
from yunqiao.model.instance import Instance, read_provider_id
from yunqiao.model.machine import machine_of

AGAIN = 60.0
"""Seconds until nodes that are still the same are looked at again: an instance stays where it is."""
ENOUGH = 1.0
"""Seconds for which what was learnt is enough, without a look at who the nodes are: thousands of Services may ask."""

NO_VPC = (
    "the VPC is not known (there is no instance metadata here, and no node is an ECS instance that tells): set vpcid "
    "in the cloud-config (Global.vpcid)"
)
SEVERAL_VPCS = (
    "nodes are in several VPCs ({vpcs}), and which of them is the cluster's is not said: set vpcid in the cloud-config "
    "(Global.vpcid)"
)
NOBODY_THERE = (
    "no node's ECS instance is in {vpc} to tell its vSwitch: set vswitchid in the cloud-config (Global.vswitchid)"
)

Spots = Mapping[str, Sequence[str]]
"""VSwitches that nodes are in, by VPC; those of the most nodes first."""
Look = Callable[[], Awaitable[Spots]]
"""Looks where the nodes are. Raises Refused, NotYet, Lost when nobody can tell."""


async def nobody() -> Spots:
    """Stands where no nodes can be looked at."""
    return {}


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The cluster's VPC and vSwitches: as told (by configuration or metadata, empty if by neither), else by `look`."""

    told_vpc: str = ""
    told_vswitches: tuple[str, ...] = ()
    look: Look = nobody

    async def vpc_id(self) -> str:
        """The one VPC. Raises Refused naming the key to set, NotYet, Lost."""
        return self.told_vpc or _only(await self.look())

    async def vswitch_ids(self) -> tuple[str, ...]:
        """The vSwitches for what is new, in the order to try them. Raises as `vpc_id` does."""
        if self.told_vswitches:
            return self.told_vswitches
        spots = await self.look()
        vpc = self.told_vpc or _only(spots)
        if not spots.get(vpc):
            raise Refused(NOBODY_THERE.format(vpc=vpc))
        return tuple(spots[vpc])


def _only(spots: Spots) -> str:
    if len(spots) > 1:
        raise Refused(SEVERAL_VPCS.format(vpcs=", ".join(sorted(spots))))
    if not spots:
        raise Refused(NO_VPC)
    return next(iter(spots))


@dataclass(slots=True)
class Neighbourhood:
    """Where `nodes` are, as ECS says of the instances that they claim to be: those of our region, and none else.

    What was learnt stays when the last of them has gone.
    """

    instances: Instances
    nodes: Callable[[], Iterable[Node]]
    _spots: Spots = field(default_factory=dict)
    _seen: frozenset[tuple[str, str]] = frozenset()
    _until: float = float("-inf")
    _enough_until: float = float("-inf")

    async def look(self) -> Spots:
        """A Look; asks ECS for what nobody has asked yet."""
        now = self.instances.clock.now()
        if self._spots and now < self._enough_until:
            return self._spots
        nodes = list(self.nodes())
        seen = frozenset((node.metadata.uid, node.spec.provider_id) for node in nodes)
        if seen != self._seen or now >= self._until:
            self._spots = await self._learn(nodes) or self._spots
            self._seen, self._until = seen, now + AGAIN
        self._enough_until = now + ENOUGH
        return self._spots

    async def _learn(self, nodes: Sequence[Node]) -> Spots:
        claims = [(node, claim.id) for node in nodes if (claim := read_provider_id(node.spec.provider_id))]
        answers = await self.instances.find(one for _, one in claims)
        shown = [_shown(node, answers[one]) for node, one in claims]
        spots = _counted([one for one in shown if one is not None])
        if not spots:
            _raise(answers.values())
        return spots


def _shown(node: Node, answer: Answer) -> Instance | None:
    """The instance of a node, unless it is plainly another machine's: a kubelet may claim what it likes."""
    return answer if isinstance(answer, Instance) and not machine_of(node).doubt(answer) else None


def _counted(instances: Sequence[Instance]) -> Spots:
    many = Counter((one.vpc_id, one.vswitch_id) for one in instances if one.vpc_id)
    spots: dict[str, list[str]] = {}
    for (vpc, vswitch), _ in sorted(many.items(), key=lambda one: (-one[1], one[0])):
        spots.setdefault(vpc, []).append(vswitch)
    return {vpc: tuple(filter(None, those)) for vpc, those in spots.items()}


def _raise(answers: Iterable[Answer]) -> None:
    """Nothing was learnt: say why, unless it is that a node names no instance."""
    for answer in answers:
        if isinstance(answer, Trouble) and not about_the_question(answer):
            raise answer
