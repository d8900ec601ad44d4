"""Where two answers differ, field by field; ids, times and RequestId aside, which differ by nature.

Lists of objects are compared item with item: each recorded item with the one here that has most in common with it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from yunsim.recording.names import Names
from yunsim.recording.redaction import HIDDEN

ABSENT = "(absent)"
_BY_NATURE = {"RequestId", "HostId", "Recommend"}
_TIME_FIELD = re.compile(r".*(?:Time|TimeStamp|Timestamp|Date|Expiration)")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?Z")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not the same: its path in the answer, and both values as text (or `(absent)`)."""

    path: str
    recorded: str
    replayed: str


def differences(there: Any, here: Any, names: Names, path: str = "") -> Iterator[Difference]:
    """Compare a recorded answer with the one here; names are learnt on the way."""
    field = path.rpartition(".")[2].partition("[")[0]
    if field in _BY_NATURE or there == HIDDEN:
        return
    if isinstance(there, dict) and isinstance(here, dict):
        yield from _of_objects(there, here, names, path)
    elif isinstance(there, list) and isinstance(here, list):
        yield from _of_lists(there, here, names, path)
    elif type(there) is not type(here) or not _is_same(field, there, here, names):
        yield Difference(path, _shown(there), _shown(here))


def _of_objects(there: dict[str, Any], here: dict[str, Any], names: Names, path: str) -> Iterator[Difference]:
    for name in there | here:
        below = f"{path}.{name}" if path else name
        if name in _BY_NATURE:
            continue
        if name not in here:
            yield Difference(below, _shown(there[name]), ABSENT)
        elif name not in there:
            yield Difference(below, ABSENT, _shown(here[name]))
        else:
            yield from differences(there[name], here[name], names, below)


def _of_lists(there: list[Any], here: list[Any], names: Names, path: str) -> Iterator[Difference]:
    left = list(enumerate(here))
    for number, item in enumerate(there):
        if not left:
            yield Difference(f"{path}[{number}]", _shown(item), ABSENT)
            continue
        likest = max(left, key=lambda one: _likeness(item, one[1], names))
        left.remove(likest)
        yield from differences(item, likest[1], names, f"{path}[{number}]")
    for number, item in left:
        yield Difference(f"{path}[{number}]", ABSENT, _shown(item))


def _likeness(there: Any, here: Any, names: Names) -> int:
    """Count the values that two items have in common; an id that is known to be another one counts against."""
    if isinstance(there, dict) and isinstance(here, dict):
        return sum(_likeness(there[name], here[name], names) for name in there.keys() & here.keys())
    if isinstance(there, str) and isinstance(here, str):
        known = names.translated(there)
        return 10 if known != there and known == here else -10 if known != there else there == here
    return int(there == here)


def _is_same(field: str, there: Any, here: Any, names: Names) -> bool:
    if _TIME_FIELD.fullmatch(field) and bool(there) == bool(here):
        return True
    if isinstance(there, str) and _TIME.fullmatch(there) and _TIME.fullmatch(here):
        return True
    if isinstance(there, bool | float | None):
        return bool(there == here)
    return names.learn(field, there, here)


def _shown(value: Any) -> str:
    """Write a value, a long one cut."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
