"""Which name here stands for which name there: ids, addresses, accounts, zones and page tokens.

Names are learnt from answers: what a recorded answer calls one thing, the answer here calls another. What a recording
speaks of without having made it (a VPC, an instance) stands for what there is here of that kind, in order.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_NAME = re.compile(
    r"(?<![0-9A-Za-z-])(?:\d{16}_[0-9a-z]+"  # a certificate
    r"|(?:lb|rsp|acl|de|vpc|vsw|vtb|vrt|rte|eip|i|eni|sg|rg)-[0-9a-z]{4,}"
    r"|(?<!:)[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}(?:/\d{1,3})?(?!:)"  # an IPv6 or a MAC address
    r"|\d{16}|(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?)(?![0-9A-Za-z.]|/\d)"
)
_OPAQUE = {"NextToken", "RegionId", "RegionIdAlias", "ZoneId", "MasterZoneId", "SlaveZoneId", "OwnerId"}
"""Fields whose whole value is a name, whatever it looks like."""


def _kind(name: str) -> str:
    """Tell what a name is a name of: an id's prefix, "account", "address", "network", "certificate"."""
    if name[:1].isdigit() or ":" in name:
        return (
            "account" if name.isdigit() else "certificate" if "_" in name else "network" if "/" in name else "address"
        )
    return name.partition("-")[0]


class Names:
    """The names of one replay; `here` is what exists at its start, as `GET /_yunsim/state` shows it."""

    def __init__(self, here: Mapping[str, Any]) -> None:
        self._known: dict[str, str] = {}
        self._region = str(here.get("region", ""))
        self._free: dict[str, list[str]] = {}
        for name in _named(here):
            if name not in (of_kind := self._free.setdefault(_kind(name), [])):
                of_kind.append(name)
        self._free["zone"] = [str(zone) for zone in here.get("slb", {}).get("zones", [])]

    def request(self, params: Mapping[str, str]) -> dict[str, str]:
        """Translate the fields of a recorded request; unknown ids, regions and zones get a stand-in."""
        return {name: self._field(name.rpartition(".")[2], value) for name, value in params.items()}

    def learn(self, field: str, recorded: object, replayed: object) -> bool:
        """Take two values of one field for names of one thing, if that can be; tells whether they now are the same."""
        there, here = str(recorded), str(replayed)
        both_names = _NAME.fullmatch(there) is not None and _NAME.fullmatch(here) is not None
        if there and here and (field in _OPAQUE or (both_names and _kind(there) == _kind(here))):
            self._take(there, here)
        return self.translated(there) == here

    def translated(self, text: str) -> str:
        """Say it with the names of here, as far as they are known."""
        if text in self._known:
            return self._known[text]
        return _NAME.sub(lambda found: self._known.get(found[0], found[0]), text)

    def _field(self, field: str, value: str) -> str:
        if field == "RegionId" and self._region:
            self._known.setdefault(value, self._region)
        elif field.endswith("ZoneId"):
            self._stand_in(value, "zone")
        for found in _NAME.finditer(value):
            if _kind(found[0]) not in ("account", "address", "network"):
                self._stand_in(found[0], _kind(found[0]))
        return self.translated(value)

    def _stand_in(self, name: str, kind: str) -> None:
        if name and name not in self._known and (free := self._free.get(kind)):
            self._take(name, name if name in free else free[0])

    def _take(self, there: str, here: str) -> None:
        if there not in self._known:
            self._known[there] = here
            for free in self._free.values():
                if here in free:
                    free.remove(here)


def _named(value: Any) -> Iterator[str]:
    """Yield the ids that resources are filed under."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            if _NAME.fullmatch(key):
                yield key
            yield from _named(below)
