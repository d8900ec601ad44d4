"""What must be looked up before a wish can be said, for all Services together.

What was found for a Service is kept with what is known of it and given again with its next question, so that what is
still true is not asked again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from yunqiao.cloud.place import Look, Whereabouts
from yunqiao.cloud.place import nobody as no_nodes
from yunqiao.controllers.services.asked import Findings, Needs
from yunqiao.controllers.services.certificates import Certificates
from yunqiao.controllers.services.gates import Gates, Get, nobody
from yunqiao.controllers.services.interfaces import Interfaces
from yunqiao.controllers.services.rules import Rules
from yunqiao.model.clock import Clock
from yunqiao.model.errors import Refused, Trouble
from yunqiao.model.step import Send

NOTHING = Findings()
PLACE_AGAIN, PLACE_LATER = 5.0, 60.0
"""Seconds until the cluster's place is looked for again: where nobody could tell, and where nobody knows."""


@dataclass(slots=True)
class Lookups:
    """Looks things up in the cloud, and pods in Kubernetes; `look` says where the nodes are."""

    send: Send
    rules: Rules
    clock: Clock
    pod: Get = nobody
    today: Callable[[], datetime] = lambda: datetime.now(UTC)
    look: Look = no_nodes
    whereabouts: Whereabouts = field(init=False)
    gates: Gates = field(init=False)
    interfaces: Interfaces = field(init=False)
    certificates: Certificates = field(init=False)

    def __post_init__(self) -> None:
        self.gates = Gates(self.pod, self.clock)
        self.whereabouts = Whereabouts(self.rules.vpc_id, self.rules.vswitch_ids, self.look)
        self.interfaces = Interfaces(self.send, self.rules.region, self.whereabouts, self.clock)
        self.certificates = Certificates(self.send, self.clock)

    async def find(self, needs: Needs, before: Findings = NOTHING) -> Findings:
        """What is needed, given what was found `before`. Raises Lost, NotYet, Refused."""
        ends = await self.certificates.ends(needs.certificates)
        found = replace(await self._pods(needs, before), certificates=ends, today=self.today().timestamp())
        return await self._placed(found) if needs.vswitch else found

    async def _placed(self, found: Findings) -> Findings:
        """With the cluster's place. That it is not known is no obstacle to a balancer that is there already."""
        try:
            vpc_id, vswitch_ids = await self.whereabouts.vpc_id(), await self.whereabouts.vswitch_ids()
        except Trouble as trouble:
            again = PLACE_LATER if isinstance(trouble, Refused) else PLACE_AGAIN
            return replace(found, nowhere=str(trouble), again_after=min(again, found.again_after or again))
        return replace(found, vpc_id=vpc_id, vswitch_ids=vswitch_ids)

    async def _pods(self, needs: Needs, before: Findings) -> Findings:
        """Who waits with a gate, and the interfaces of those who take traffic by their own."""
        pods = await self.gates.look(needs, before)
        admitted = {address for one in needs.pods if pods.admits(one.uid) for address in one.addresses}
        places = await self.interfaces.find(needs.addresses | admitted, needs.fading, before)
        soonest = min((one for one in (pods.again_after, places.again_after) if one is not None), default=None)
        return replace(places, gated=pods.gated, ungated=pods.ungated, again_after=soonest)
