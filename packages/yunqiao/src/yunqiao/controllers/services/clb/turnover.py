"""Who comes, changes and goes in one server group, so that no request is lost on the way.

- A backend that is added takes nothing until its health check has passed as often as the listener asks. So one that
  leaves and still serves keeps its weight until one that stays is healthy: as health.py has been told, or since it has
  been there for that long. Then it goes to weight 0 and finishes what it has.
- A pod's own backend is removed when its endpoint is gone. An instance that lingers is removed when it has been at
  weight 0 for DRAIN seconds, or at once when its node is gone.
- While nobody is to take over (every node is marked as leaving, say), those that serve keep what they have: a mass
  marking no more empties a balancer than a mass outage does.
- An instance that its node only claims to be is not added, and stays where it is there.
- What serves no longer goes at once.
- Where the cloud has refused to take more, room is made first: what leaves goes at once, too.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from yunqiao.model.balancer import Backend, Balancer, Group, Listener

DRAIN = 30.0
"""Seconds that an instance has at weight 0 to finish what it has."""
ANSWER = 0.5
"""Seconds that the answer to a health check may take."""
ASK_AGAIN = 1.0
"""Seconds until it is asked again whether anybody healthy is there to take over."""
THRESHOLD, INTERVAL = "3", {"udp": "5"}
"""HealthyThreshold and HealthCheckInterval (2 but for UDP) where a listener does not say."""
NEVER = float("inf")

Identity = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Turnover:
    """`new` come, `differing` get the weight and mark given here, `gone` go.

    `due` is given while some are leaving: seconds until the next may go on, infinite when somebody else says when.
    `doubtful` says that they wait for somebody healthy who may be there already.
    """

    new: Sequence[Backend] = ()
    differing: Sequence[Backend] = ()
    gone: Sequence[Backend] = ()
    due: float | None = None
    doubtful: bool = False


def turnover(group: Group, twin: Group, owns: Callable[[str], bool], window: float) -> Turnover:
    """What is to be done now to the group as seen (`twin`). Only backends with our mark are ever changed.

    `window` is for how many seconds a new backend may take no traffic yet.
    """
    if not isinstance(group.backends, tuple) or not isinstance(twin.backends, tuple):
        return Turnover()
    wish = {one.identity: one for one in group.backends}
    have = {one.identity: one for one in twin.backends}
    staying = {identity: one for identity, one in wish.items() if not one.leaving}
    coming = [one for identity, one in staying.items() if identity not in have]
    new = [one for one in coming if one.server_id not in group.unconfirmed]
    ours = {identity: one for identity, one in have.items() if owns(one.description)}
    leaving = {} if twin.full and new else dict(_leaving(ours, wish, group.lingering))
    wait = _until_a_successor(staying.values(), have, window)
    stages = {identity: _stage(one, identity in wish, wait) for identity, one in leaving.items()}
    gone = [one for identity, one in ours.items() if identity not in staying and identity not in leaving]
    gone += [leaving[identity] for identity, (_, left) in stages.items() if left <= 0]
    targets = [_kept(one, ours[identity], group) for identity, one in staying.items() if identity in ours]
    targets += [replace(leaving[identity], weight=weight) for identity, (weight, _) in stages.items()]
    differing = [one for one in targets if one != replace(have[one.identity], server_ip=one.server_ip, type=one.type)]
    due = min((left for _, left in stages.values() if left > 0), default=None if len(new) == len(coming) else NEVER)
    doubtful = wait > 0 and any(weight > 0 for weight, _ in stages.values()) and not have.keys().isdisjoint(staying)
    return Turnover(new, differing, () if group.partial else gone, due, doubtful)


def window_of(seen: Balancer, group_id: str) -> float:
    """Seconds after which a new backend of that group is healthy: as many checks as are asked for, at their pace."""
    using = [one for one in seen.listening if one.group == group_id]
    return max((_window(one) for one in using), default=_window(Listener(0, "tcp", "", group_id)))


def _window(listener: Listener) -> float:
    """Nothing where nobody checks: then a backend takes traffic from the start."""
    told = listener.attributes
    if "off" in (told.get("HealthCheckSwitch"), told.get("HealthCheck")):
        return 0.0
    threshold = told.get("HealthyThreshold") or THRESHOLD
    interval = told.get("HealthCheckInterval") or INTERVAL.get(listener.protocol, "2")
    return int(threshold) * (int(interval) + ANSWER)


def _leaving(
    ours: Mapping[Identity, Backend], wish: Mapping[Identity, Backend], lingering: frozenset[str]
) -> Iterator[tuple[Identity, Backend]]:
    for identity, one in ours.items():
        asked = wish.get(identity)
        if asked.leaving if asked is not None else one.type == "ecs" and one.server_id in lingering:
            yield identity, one


def _until_a_successor(staying: Iterable[Backend], have: Mapping[Identity, Backend], window: float) -> float:
    """Seconds until one that stays is healthy for certain.

    0 where those that stay are to have no weight; infinite where nobody stays.
    """
    weights = {one.identity: one.weight for one in staying}
    serving = [identity for identity, weight in weights.items() if weight > 0]
    oldest = max((have[one].age for one in serving if one in have and have[one].weight > 0), default=0.0)
    if not weights:
        return NEVER
    return max(0.0, window - oldest) if serving else 0.0


def _stage(one: Backend, serves: bool, wait: float) -> tuple[int, float]:
    """The weight of one that leaves, and the seconds until it may go on, 0 when it may go now."""
    if one.weight == 0:
        return 0, NEVER if serves else max(0.0, DRAIN - one.age)
    if wait > 0:
        return one.weight, min(wait, ASK_AGAIN) if wait < NEVER else NEVER
    return 0, NEVER if serves else DRAIN


def _kept(asked: Backend, there: Backend, group: Group) -> Backend:
    """One that stays, with the weight that it is to have."""
    theirs = group.keeps_weights and not (group.revives and there.weight == 0)
    return replace(asked, weight=there.weight) if theirs else asked
