"""Is a node the instance that traffic would be sent to? A kubelet's word is checked with ECS before it is attached.

What is not known yet (nobody has asked, ECS cannot be asked, or shows nothing) is neither attached nor taken out; what
ECS contradicts takes no traffic. Checked once for each node and what its kubelet reports, for all Services together.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from yunqiao.cloud.instances import Instances
from yunqiao.engine.batches import Outcome
from yunqiao.model.candidate import Candidate, candidate
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Lost, Trouble, brief
from yunqiao.model.instance import Instance
from yunqiao.model.snapshot import Snapshot

FRESH = 300.0
"""Seconds for which an answer that another controller was given will do."""
ABSENT_AGAIN = 60.0
"""Seconds until an instance that was not found is looked for again."""
ELSEWHERE = (
    "its ECS instance {id} is in {theirs}, and load balancers of {ours} do not reach it: no load balancer sends "
    "traffic to this node"
)
OTHER_VPC = (
    "its ECS instance {id} is in {theirs}, and load balancers of {ours} (vpcid, Global.vpcid) do not reach it: no load "
    "balancer sends traffic to this node"
)
NOT_FOUND = (
    "its providerID names the ECS instance {id}, which is not found: no load balancer begins to send traffic to this "
    "node; if the instance exists, check account, region and the RAM permission ecs:DescribeInstances"
)

NOT_ASKED = (
    "whether it is the ECS instance that its providerID names cannot be found out, and until then no load balancer "
    "begins to send traffic to this node: {trouble}"
)

Claim = tuple[object, ...]
"""What a node says of itself."""


@dataclass(slots=True)
class Claims:
    """What is known of the nodes' claims, by node name.

    `vpc_id` is the cluster's where that is configured. `changed` is called when more is known, `tell` with a node's
    name and why it gets no traffic. `doubts` has what was told of nodes that are not confirmed.
    """

    instances: Instances
    region: str
    vpc_id: str = ""
    changed: Callable[[], None] = lambda: None
    tell: Callable[[str, str], None] = lambda _name, _text: None
    doubts: dict[str, str] = field(default_factory=dict)
    _waiting: dict[str, Candidate] = field(default_factory=dict)
    _verdicts: dict[str, tuple[Claim, str]] = field(default_factory=dict)
    _judged: tuple[Sequence[Candidate], Sequence[Candidate]] = ((), ())

    def noticed(self, old: Node | None, new: Node | None) -> bool:
        """Whether a node must be checked."""
        if new is None:
            if old is not None:
                self._forget(old.metadata.name)
            return False
        found = candidate(new)
        if found is None or not found.instance:
            self._forget(new.metadata.name)
            return False
        if self._verdict(found) is not None:
            return False
        self._waiting[found.name] = found
        return True

    def judge(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot without nodes that are not what they say; those that nobody has checked are marked."""
        if self._judged[0] is not snapshot.candidates:
            self._judged = (snapshot.candidates, tuple(self._known(snapshot.candidates)))
        return replace(snapshot, candidates=self._judged[1])

    async def check(self, names: Sequence[str]) -> Mapping[str, Outcome]:
        """Ask ECS about the nodes that wait: seconds until one should come up again, or what went wrong with it."""
        asked = {name: self._waiting[name] for name in names if name in self._waiting}
        ours = {name: one for name, one in asked.items() if one.region == self.region}
        now = self.instances.clock.now()
        answers = await self.instances.find({one.instance for one in ours.values()}, now - FRESH)
        still = [one for name, one in asked.items() if self._waiting.get(name) is one]  # others are gone, or new
        outcomes = {one.name: self._conclude(one, answers.get(one.instance)) for one in still}
        if any(outcome is None for outcome in outcomes.values()):
            self._judged = ((), ())
            self.changed()
        return outcomes

    def report(self, name: str, trouble: Trouble) -> None:
        """ECS could not be asked; what passes by itself is not told."""
        if not isinstance(trouble, Lost):
            self._doubt(name, NOT_ASKED.format(trouble=brief(trouble)))

    def _conclude(self, one: Candidate, answer: Instance | Trouble | None) -> Outcome:
        if one.region != self.region:
            doubt = ELSEWHERE.format(id=one.instance, theirs=one.region, ours=self.region)
        elif isinstance(answer, Trouble):
            return answer
        elif answer is None:
            self._doubt(one.name, NOT_FOUND.format(id=one.instance))
            return ABSENT_AGAIN
        else:
            doubt = one.machine.doubt(answer) or self._beyond(answer)
        self._verdicts[one.name] = (_claim(one), doubt)
        self._doubt(one.name, doubt)
        del self._waiting[one.name]
        return None

    def _beyond(self, instance: Instance) -> str:
        """Why an instance is out of reach: one backend of another VPC has a whole group refused (NetworkConflict)."""
        if not self.vpc_id or instance.vpc_id in ("", self.vpc_id):
            return ""
        return OTHER_VPC.format(id=instance.id, theirs=instance.vpc_id, ours=self.vpc_id)

    def _doubt(self, name: str, text: str) -> None:
        if text and self.doubts.get(name) != text:
            self.tell(name, text)
        self.doubts[name] = text

    def _known(self, candidates: Iterable[Candidate]) -> Iterable[Candidate]:
        for one in candidates:
            doubt = self._verdict(one) if one.instance else ""
            if not doubt:
                yield one if doubt is not None else replace(one, confirmed=False)

    def _verdict(self, one: Candidate) -> str | None:
        """What speaks against its claim, empty when it is borne out, None while nobody knows."""
        claim, doubt = self._verdicts.get(one.name, ((), ""))
        return doubt if claim == _claim(one) else None

    def _forget(self, name: str) -> None:
        for known in (self._waiting, self._verdicts, self.doubts):
            known.pop(name, None)


def _claim(one: Candidate) -> Claim:
    return (one.region, one.instance, one.machine)
