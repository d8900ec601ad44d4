"""Two JSON values side by side: the paths at which they differ, apart from what servers choose freely."""

from collections.abc import Iterator
from typing import Any

from kubesim.compare.learned import CHOSEN, Learned, steady

_ABSENT = "(absent)"


def differences(recorded: Any, here: Any, learned: Learned, path: str = "") -> Iterator[str]:
    """One line for each difference; learns the freely chosen values on the way."""
    if isinstance(recorded, dict) and isinstance(here, dict):
        if recorded.get("generateName") and "name" in here:
            learned.note(recorded.get("name"), here["name"])
        for name in dict.fromkeys([*recorded, *here]):
            ours = here.get(name, _ABSENT)
            yield from _member(name, recorded.get(name, _ABSENT), ours, learned, f"{path}.{name}")
    elif _named(recorded) and _named(here):
        yield from _by_name(recorded, here, learned, path)
    elif isinstance(recorded, list) and isinstance(here, list):
        for place in range(max(len(recorded), len(here))):
            one = recorded[place] if place < len(recorded) else _ABSENT
            other = here[place] if place < len(here) else _ABSENT
            yield from differences(one, other, learned, f"{path}[{place}]")
    elif not _alike(recorded, here, learned):
        yield f"{path}: recorded {recorded!r}, here {here!r}"


def _member(name: str, recorded: Any, here: Any, learned: Learned, path: str) -> Iterator[str]:
    if name in CHOSEN and _both_chosen(recorded, here):
        learned.note(recorded, here)
    elif name == "clusterIPs" and isinstance(recorded, list) and isinstance(here, list) and "None" not in recorded:
        for one, other in zip(recorded, here, strict=False):
            learned.note(one, other)
    elif name == "managedFields" and isinstance(recorded, list) and isinstance(here, list):
        yield from differences(sorted(recorded, key=_writer), sorted(here, key=_writer), learned, path)
    else:
        yield from differences(recorded, here, learned, path)


def _writer(entry: Any) -> tuple[str, ...]:
    """Who wrote: entries are in the order of their times, which two runs do not share."""
    return tuple(str(entry.get(name, "")) for name in ("manager", "operation", "subresource"))


def _named(value: Any) -> bool:
    """Whether a list holds things with names of their own, as discovery does; their order means nothing."""
    return isinstance(value, list) and all(isinstance(item, dict) and "name" in item for item in value)


def _by_name(recorded: list[Any], here: list[Any], learned: Learned, path: str) -> Iterator[str]:
    ours = {item["name"]: item for item in here}
    theirs = {item["name"]: item for item in recorded}
    yield from (f"{path}[{name}]: only recorded" for name in theirs if name not in ours)
    yield from (f"{path}[{name}]: only here" for name in ours if name not in theirs)
    for name in theirs.keys() & ours.keys():
        yield from differences(theirs[name], ours[name], learned, f"{path}[{name}]")


def _both_chosen(recorded: Any, here: Any) -> bool:
    return type(recorded) is type(here) and _ABSENT not in (recorded, here) and "None" not in (recorded, here)


def _alike(recorded: Any, here: Any, learned: Learned) -> bool:
    if type(recorded) is not type(here):
        return False
    if isinstance(recorded, str):
        return steady(learned.text(recorded)) == steady(here)
    return bool(recorded == here)
