"""Resources as JSON data, for people and tests to look at; what a `repr` hides is not shown either."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any


def shown(thing: Any) -> Any:
    """Turn dataclasses, mappings with keys of any type, sets, networks and times into JSON data."""
    if dataclasses.is_dataclass(thing):
        fields = [field for field in dataclasses.fields(thing) if field.repr and not field.name.startswith("_")]
        return {field.name: shown(getattr(thing, field.name)) for field in fields}
    if isinstance(thing, Mapping):
        return {_name(key): shown(value) for key, value in thing.items()}
    if isinstance(thing, set | frozenset):
        return sorted(shown(item) for item in thing)
    if isinstance(thing, list | tuple):
        return [shown(item) for item in thing]
    if isinstance(thing, datetime):
        return thing.isoformat()
    return thing if isinstance(thing, str | int | float | bool | None) else str(thing)


def _name(key: Any) -> str:
    return "/".join(str(part) for part in key) if isinstance(key, tuple) else str(key)
