"""What must be looked up in the cloud before a wish can be said, for all Services together, and remembered."""

from dataclasses import dataclass

from yunqiao.controllers.services.asked import Findings, Needs
from yunqiao.controllers.services.rules import Rules
from yunqiao.model.clock import Clock
from yunqiao.model.step import Send


@dataclass(slots=True)
class Lookups:
    """Looks things up; what was found is kept as long as it can be relied on."""

    send: Send
    rules: Rules
    clock: Clock

    async def find(self, needs: Needs) -> Findings:
        """What is needed. Raises Lost, NotYet, Refused."""
        return Findings()
