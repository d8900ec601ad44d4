"""From options to API parameters: what is given, and the default of what was followed once and is no longer given."""

from collections.abc import Mapping

from yunqiao.controllers.services.asked import Asked
from yunqiao.controllers.services.clb.options import Options
from yunqiao.options.declare import declared

NEEDS = {
    "AclType": ("AclStatus", "on"),
    "AclId": ("AclStatus", "on"),
    "ConnectionDrainTimeout": ("ConnectionDrain", "on"),
    "Bandwidth": ("InternetChargeType", "paybybandwidth"),
}
"""Settings that count with another one only."""


def parameters(asked: Asked[Options], scope: str, birth: Mapping[str, str], protocol: str = "") -> dict[str, str]:
    """The API parameters that options of a scope set.

    An annotation that had been followed and is gone gives its parameter the value of `birth`, else its declared
    default; one that was never there gives nothing, so that nobody touches what it would have set.
    """
    found: dict[str, str] = {}
    for name, option in declared(Options):
        if option.scope != scope or not option.parameter or (protocol and protocol not in option.protocols):
            continue
        value = getattr(asked.parsed.options, name)
        if value is None and option.suffix in gone(asked):
            value = birth.get(option.parameter) or option.restores or None
        if value is not None:
            found[option.parameter] = value
    return {name: value for name, value in found.items() if _counts(name, found)}


def gone(asked: Asked[Options]) -> frozenset[str]:
    """Annotations that had been followed and are no longer there; one that is there and wrong is not gone."""
    return frozenset(asked.noted.asked) - {problem.suffix for problem in asked.parsed.problems}


def _counts(name: str, found: Mapping[str, str]) -> bool:
    other, value = NEEDS.get(name, ("", ""))
    return not other or found.get(other) == value
