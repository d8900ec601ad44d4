"""What somebody changed by hand: mended, told, or left alone, as the cluster's owner has set for each field.

Only what differs although nothing new is asked for is drift; a new wish is always followed in full. The note on the
Service says what was applied, so this holds across restarts.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from yunqiao.controllers.services import record
from yunqiao.controllers.services.record import Record
from yunqiao.model.balancer import UNMANAGED, Balancer, Group, Listener
from yunqiao.model.errors import Refused

Policy = Literal["repair", "report", "ignore"]
PARTS = ("instance", "tags", "backends", "listeners")
"""What has a policy besides the API parameters of instance and listeners."""


@dataclass(frozen=True, slots=True)
class Policies:
    """By API parameter (Scheduler) or part (backends); `default` for all that are not named."""

    default: Policy = "repair"
    fields: Mapping[str, Policy] = field(default_factory=dict)

    def of(self, name: str) -> Policy:
        """What to do about a difference in that field."""
        return self.fields.get(name, self.default)

    @property
    def repairs_all(self) -> bool:
        """Whether every difference is mended."""
        return self.default == "repair" and all(one == "repair" for one in self.fields.values())


def policies(given: Mapping[str, str], known: Iterable[str]) -> Policies:
    """As set on the command line, by field ("" for all others). Raises Refused for a field that there is not."""
    names = sorted({*known, *PARTS})
    for name in given.keys() - {*names, ""}:
        near = difflib.get_close_matches(name, names, n=1)
        meant = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}"
        raise Refused(f'--drift: there is no field "{name}"; {meant}')
    fields = {name: cast("Policy", policy) for name, policy in given.items() if name}
    return Policies(cast("Policy", given.get("", "repair")), fields)


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
    sparing = _Sparing(seen, policies)
    if noted.applied == record.applied(wanted):
        wanted = sparing.settings(wanted)
    if noted.backends == record.backends(wanted):
        wanted = sparing.backends(wanted)
    return wanted, sparing.told


class _Sparing:
    def __init__(self, seen: Balancer, policies: Policies) -> None:
        self._seen, self._policies = seen, policies
        self.told: list[str] = []

    def settings(self, wanted: Balancer) -> Balancer:
        """Without the differing settings of instance, tags and listeners that are not to be mended."""
        seen = self._seen
        attributes = self._kept(wanted.attributes, seen.attributes, f"load balancer {seen.id}")
        tags = {
            key: value
            for key, value in wanted.tags.items()
            if seen.tags.get(key) == value or not self._leaves("tags", f"tag {key} of load balancer {seen.id}")
        }
        if wanted.listeners is UNMANAGED:
            return replace(wanted, attributes=attributes, tags=tags)
        kept = tuple(made for one in wanted.listening if (made := self._listener(one)) is not None)
        return replace(wanted, attributes=attributes, tags=tags, listeners=kept)

    def backends(self, wanted: Balancer) -> Balancer:
        """Without the backends of groups that differ and are not to be mended."""
        return replace(wanted, groups=tuple(map(self._group, wanted.groups)))

    def _listener(self, one: Listener) -> Listener | None:
        """None for one that somebody removed and that may stay away."""
        twin = next((each for each in self._seen.listening if each.slot == one.slot), None)
        place = f"port {one.port}/{one.protocol.upper()}"
        if twin is None:
            return None if self._leaves("listeners", f"the listener on {place}") else one
        return replace(one, attributes=self._kept(one.attributes, twin.attributes, place))

    def _group(self, one: Group) -> Group:
        twin = next((each for each in self._seen.groups if one.reference in (each.id, each.name)), None)
        if twin is None or not isinstance(one.backends, tuple) or not isinstance(twin.backends, tuple):
            return one
        have = {each.identity: each.weight for each in twin.backends}
        same = all(have.get(each.identity) == each.weight for each in one.backends if not each.leaving)
        return (
            one
            if same or not self._leaves("backends", f"backends of {one.reference}")
            else replace(one, backends=UNMANAGED)
        )

    def _kept(self, wish: Mapping[str, str], have: Mapping[str, str], place: str) -> dict[str, str]:
        return {
            name: value
            for name, value in wish.items()
            if have.get(name) == value or not self._leaves(name, f"{name} of {place} ({have.get(name)}, not {value})")
        }

    def _leaves(self, name: str, what: str) -> bool:
        """Whether a difference stays; with the policy "report" it is told."""
        policy = self._policies.of(name)
        if policy == "report":
            self.told.append(f"{what} was changed by hand and is left so (drift policy report)")
        return policy != "repair"
