"""What to do about a change by hand: one policy for all fields, and others for fields and parts that are named."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from yunqiao.model.errors import Refused

Policy = Literal["repair", "report", "ignore"]
PARTS = ("instance", "tags", "backends", "listeners")
"""What has a policy besides the API parameters of instance and listeners.

instance: that there is one. listeners: which there are and of what kind, whether they run, their server groups,
descriptions, further domains and source ranges. backends: which server groups there are, and who is in them.
"""


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


@dataclass(frozen=True, slots=True)
class Judge:
    """Says of each difference whether it stays, and keeps what is to be told of those that do."""

    policies: Policies
    told: list[str] = field(default_factory=list)

    def leaves(self, name: str, what: str) -> bool:
        """Whether a difference of that field stays; `what` says what somebody did, such as "... was stopped"."""
        policy = self.policies.of(name)
        if policy == "report":
            self.told.append(f"{what} by hand and is left so (drift policy report)")
        return policy != "repair"
