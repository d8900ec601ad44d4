"""Drift of API parameters, of an instance as of a listener."""

from collections.abc import Mapping

from yunqiao.controllers.services.drift.policies import Judge

SWITCHES = {
    "AclType": "AclStatus",
    "AclId": "AclStatus",
    "ConnectionDrainTimeout": "ConnectionDrain",
    "StickySessionType": "StickySession",
    "CookieTimeout": "StickySession",
    "Cookie": "StickySession",
    "Bandwidth": "InternetChargeType",
    "InternetChargeType": "InstanceChargeType",
    "LoadBalancerSpec": "InstanceChargeType",
}
"""What counts with another parameter only: while that one differs, both have its policy.

The cloud forgets an access control list with AclStatus, and refuses AclStatus without a list: neither is mended alone.
"""


def kept(wish: Mapping[str, str], have: Mapping[str, str], place: str, judge: Judge) -> dict[str, str]:
    """The parameters without those that differ and are not to be mended."""
    return {
        name: value
        for name, value in wish.items()
        if have.get(name) == value or _mended(name, wish, have, place, judge)
    }


def _mended(name: str, wish: Mapping[str, str], have: Mapping[str, str], place: str, judge: Judge) -> bool:
    governing = _governing(name, wish, have)
    if governing != name:
        return judge.policies.of(governing) == "repair"
    return not judge.leaves(name, f"{name} of {place} was changed ({have.get(name)}, not {wish[name]})")


def _governing(name: str, wish: Mapping[str, str], have: Mapping[str, str]) -> str:
    """The parameter whose policy counts."""
    switch = SWITCHES.get(name, "")
    differs = switch in wish and have.get(switch) != wish[switch]
    return switch if differs else name
