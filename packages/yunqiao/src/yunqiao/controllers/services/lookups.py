"""What must be looked up before a wish can be said, for all Services together.

What was found for a Service is kept with what is known of it and given again with its next question, so that what is
still true is not asked again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from yunqiao.controllers.services.asked import Findings, Needs
from yunqiao.controllers.services.certificates import Certificates
from yunqiao.controllers.services.gates import Gates, Get, nobody
from yunqiao.controllers.services.interfaces import Interfaces
from yunqiao.controllers.services.rules import Rules
from yunqiao.model.clock import Clock
from yunqiao.model.step import Send

NOTHING = Findings()


@dataclass(slots=True)
class Lookups:
    """Looks things up in the cloud, and pods in Kubernetes."""

    send: Send
    rules: Rules
    clock: Clock
    pod: Get = nobody
    today: Callable[[], datetime] = lambda: datetime.now(UTC)
    gates: Gates = field(init=False)
    interfaces: Interfaces = field(init=False)
    certificates: Certificates = field(init=False)

    def __post_init__(self) -> None:
        self.gates = Gates(self.pod, self.clock)
        self.interfaces = Interfaces(self.send, self.rules, self.clock)
        self.certificates = Certificates(self.send, self.clock)

    async def find(self, needs: Needs, before: Findings = NOTHING) -> Findings:
        """What is needed, given what was found `before`. Raises Lost, NotYet, Refused."""
        ends = await self.certificates.ends(needs.certificates)
        return replace(await self._pods(needs, before), certificates=ends, today=self.today().timestamp())

    async def _pods(self, needs: Needs, before: Findings) -> Findings:
        """Who waits with a gate, and the interfaces of those who take traffic by their own."""
        pods = await self.gates.look(needs, before)
        admitted = {address for one in needs.pods if pods.admits(one.uid) for address in one.addresses}
        places = await self.interfaces.find(needs.addresses | admitted, needs.fading, before)
        soonest = min((one for one in (pods.again_after, places.again_after) if one is not None), default=None)
        return replace(places, gated=pods.gated, ungated=pods.ungated, again_after=soonest)
