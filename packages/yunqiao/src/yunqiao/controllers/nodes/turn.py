"""One turn of one node: from what was seen for the whole batch to what is written on this node."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from yunqiao.controllers.nodes import identity, parting
from yunqiao.controllers.nodes.aside import word_for
from yunqiao.controllers.nodes.identity import Doubt, Gone, Verdict
from yunqiao.controllers.nodes.kinds import Kind, is_uninitialized, kind_of, readiness
from yunqiao.controllers.nodes.parting import Certain, Sight, Wait, Withheld
from yunqiao.controllers.nodes.plan import Check, admit, delete, plan
from yunqiao.controllers.nodes.see import Seen
from yunqiao.controllers.nodes.site import Site
from yunqiao.controllers.nodes.triggers import concerns
from yunqiao.controllers.nodes.want import CHARGE_TYPE, Wanted, want
from yunqiao.model.cluster import Node
from yunqiao.model.errors import Refused
from yunqiao.model.instance import Instance
from yunqiao.model.machine import is_kept_out
from yunqiao.model.step import Call, Patch

MOST_ROUNDS = 10
"""More than any node needs."""
LEFT_ADDRESSES = (
    "somebody else writes its addresses, as a kubelet without --cloud-provider=external does: they stay as they are"
)


class Turn:
    """`judge` says which instance the node is, `work` does to it what can be done now."""

    def __init__(self, site: Site, node: Node) -> None:
        self.node, self.name = node, node.metadata.name
        self.kind = kind_of(node, site.rules.region)
        self.known = site.known(node)
        self._site = site
        self._seen = Seen()
        self._verdict: Verdict | None = None

    @property
    def asks(self) -> bool:
        """Whether ECS is asked about it: not about a node that its owner keeps out, unless it waits for us."""
        ours = self.kind in (Kind.INSTANCE, Kind.UNNAMED)
        return ours and (is_uninitialized(self.node) or not is_kept_out(self.node))

    @property
    def joins(self) -> bool:
        """Whether it has not been admitted as the instance that it is."""
        return isinstance(self._verdict, Instance) and (is_uninitialized(self.node) or not self.node.spec.provider_id)

    @property
    def unchecked(self) -> str:
        """The network interface whose source/destination check must be off before the node may be used, if it must."""
        waits = is_uninitialized(self.node) and not self._site.rules.checks_stay
        return self._verdict.interface_id if waits and isinstance(self._verdict, Instance) else ""

    def judge(self, seen: Seen) -> None:
        """Decide which instance the node is, before the node's own work begins."""
        self._seen = seen
        if not self.asks or seen.trouble(self.node):
            return
        if self.kind is Kind.INSTANCE:
            self._verdict = identity.claimed(self.node, seen.evidence())
        else:
            self._verdict = identity.found(self.node, seen.evidence(), self._site.rules)
        if not isinstance(self._verdict, Gone):
            self.known.instance = self._verdict.id if isinstance(self._verdict, Instance) else ""
            self.known.found()

    def doubt(self, holders: Mapping[str, Sequence[Node]]) -> None:
        """Do not take the node for an instance that another living node is; a node that says so has precedence."""
        if not self.joins or not isinstance(self._verdict, Instance):
            return
        others = [one for one in holders.get(self._verdict.id, ()) if one.metadata.uid != self.node.metadata.uid]
        rivals = [one for one in others if one.spec.provider_id or not self.node.spec.provider_id]
        twin = next((one.metadata.name for one in rivals if readiness(one) != "Unknown"), "")
        if twin:
            self._verdict = Doubt(identity.TWICE.format(id=self._verdict.id, other=twin))
            self.known.instance = ""

    async def work(self) -> float | None:
        """Do to the node what can be done now; seconds until it should come up again. Raises what went wrong."""
        if self.asks and (trouble := self._seen.trouble(self.node)):
            raise trouble
        match self._verdict:
            case Instance() as instance:
                return await self._is(instance)
            case Doubt() as doubt:
                return self._leave("NodeNotIdentified", doubt.text)
            case Gone() as gone:
                return await self._lost(gone)
            case None:
                await self._aside()
                return None
            case other:
                assert_never(other)

    async def _is(self, instance: Instance) -> float:
        """The node is this instance."""
        joined = is_uninitialized(self.node)
        await self._write(self._spared(want(self.node, instance, self._site.rules)))
        if joined:
            self._site.tell_once(self.node, "Normal", "InitializedNode", f"it is the ECS instance {instance.id}")
        return self._settled()

    def _spared(self, wanted: Wanted) -> Wanted:
        """Without the addresses, when what we wrote did not stay: two writers would go on for ever."""
        theirs = tuple(self.node.status.addresses)
        if wanted.addresses == theirs or self.known.published != wanted.addresses:
            return wanted
        self._site.tell_once(self.node, "Normal", "AddressesLeft", LEFT_ADDRESSES)
        return replace(wanted, addresses=theirs)

    async def _write(self, wanted: Wanted) -> None:
        """Round by round until nothing is left to do; raises what keeps the node from being admitted.

        A check that we are not allowed to switch off keeps the node waiting, but not from being told who it is.
        """
        self.known.passed.clear()
        check, failure = Check(on=self._is_checked()), None
        for _ in range(MOST_ROUNDS):
            steps = plan(self.node, wanted, check, self._site.rules.region, self._site.today())
            if not steps:
                break
            for step in steps:
                try:
                    check = await self._do(step, check)
                except Refused as refusal:
                    if isinstance(step, Patch):
                        raise
                    check, failure = replace(check, stays=True), refusal
        if failure:
            raise failure

    def _is_checked(self) -> bool:
        """Whether the interface must be thought to drop what is not its own. Raises when nobody could look.

        One that a look does not show has not been seen to let it pass: looks lag behind.
        """
        if self.unchecked in self._seen.troubles:
            raise self._seen.troubles[self.unchecked]
        interface = self._seen.interfaces.get(self.unchecked)
        return bool(self.unchecked) and (interface is None or interface.source_dest_check is not False)

    async def _do(self, step: Call | Patch, check: Check) -> Check:
        """Send one step; what its answer proves is what we go on with."""
        if isinstance(step, Call):
            await self._site.send(step)
            return replace(check, on=False)
        self.node = await self._site.patch(step)
        self.known.passed.add(concerns(self.node))
        if "addresses" in step.body.get("status", {}):
            self.known.published = tuple(self.node.status.addresses)
        return check

    async def _lost(self, gone: Gone) -> float | None:
        """The instance that the node names is not there."""
        now = self._site.clock.now()
        self.known.missing = now if self.known.missing is None else self.known.missing
        match parting.may_go(self._sight(gone.id, self.known.missing), now):
            case Wait(seconds):
                return seconds
            case Withheld(reason, text):
                return self._leave(reason, text)
            case Certain():
                await self._delete(gone.id)
                return None

    def _sight(self, instance_id: str, since: float) -> Sight:
        site = self._site
        return Sight(
            instance=instance_id,
            since=since,
            shown_before=self.known.instance == instance_id or CHARGE_TYPE in self.node.metadata.labels,
            readiness=readiness(self.node),
            missing=site.memory.missing(),
            nodes=sum(kind_of(node, site.rules.region) is Kind.INSTANCE for node in site.all()),
            anything_found=bool(self._seen.instances),
        )

    async def _delete(self, instance_id: str) -> None:
        try:
            await self._site.delete(delete(self.node, instance_id))
        except Refused as refusal:
            self._site.tell_once(self.node, "Warning", "DeleteNodeFailed", str(refusal))
            raise
        self._site.tell(self.node, "Normal", "DeletedNode", f"the ECS instance {instance_id} is gone")

    async def _aside(self) -> None:
        """The node is none of ours, or is kept out."""
        if is_uninitialized(self.node) and self.kind is Kind.LINGJUN:
            for step in admit(self.node):
                await self._site.patch(step)
        elif is_uninitialized(self.node):
            text = word_for(self.kind, self.node.spec.provider_id, self._site.rules.region)
            self._site.tell_once(self.node, "Warning", "NodeNotOurs", text)

    def _leave(self, reason: str, text: str) -> float:
        """Leave the node alone, say why, and look again with all the others."""
        self._site.tell_once(self.node, "Warning", reason, text)
        return self._settled()

    def _settled(self) -> float:
        wait, now = self._site.until_next_look(), self._site.clock.now()
        self.known.settle(self.node, now, now + wait)
        return wait
