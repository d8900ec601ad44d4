"""What somebody changed by hand: mended, told, or left alone, as the cluster's owner has set for each field.

Only what differs although nothing new is asked for is drift; a new wish is always followed in full. The note on the
Service says what was applied, so this holds across restarts. What is to be left is taken out of the wish, so that
nobody plans anything for it; what is mended is what every difference is.
"""

from collections.abc import Sequence
from dataclasses import replace

from yunqiao.controllers.services import record
from yunqiao.controllers.services.drift.backends import groups
from yunqiao.controllers.services.drift.policies import PARTS, Judge, Policies, Policy, policies
from yunqiao.controllers.services.drift.settings import settings
from yunqiao.controllers.services.record import Record
from yunqiao.model.balancer import Balancer

__all__ = ["PARTS", "Policies", "Policy", "missing", "policies", "spare"]


def missing(wanted: Balancer, noted: Record, policies: Policies) -> Balancer:
    """The wish for a balancer that somebody deleted by hand: it is made again only where that is the policy."""
    if policies.of("instance") == "repair" or noted.dirty or not noted.balancer or wanted.borrowed:
        return wanted
    gone = f"load balancer {noted.balancer} was deleted by hand and is not made again (drift policy of instance: "
    return replace(
        wanted, barred=f"{gone}{policies.of('instance')}); create the Service anew, or set --drift=instance=repair"
    )


def spare(wanted: Balancer, seen: Balancer, noted: Record, policies: Policies) -> tuple[Balancer, Sequence[str]]:
    """The wish without what differs by somebody's hand and is not to be mended; and what is to be told of it."""
    if policies.repairs_all:
        return wanted, ()
    judge, spared = Judge(policies), wanted
    if noted.applied == record.applied(wanted):
        spared = settings(spared, seen, judge)
    if noted.backends == record.backends(wanted):
        spared = groups(spared, seen, judge)
    return spared, judge.told
