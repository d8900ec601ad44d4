"""Typed values from the data of a YAML file, with every problem at once: where, what it is, what is allowed, the fix.

The type hints of a dataclass are the schema; a field with `repr=False` holds a secret, which no problem repeats.
"""

import dataclasses
import difflib
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Any, TypeVar, cast

T = TypeVar("T")


class FileError(Exception):
    """A file that cannot be used: `problems` has one line for each thing that is wrong with it."""

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        super().__init__("\n".join([f"{source} cannot be used:", *(f"  {problem}" for problem in problems)]))
        self.problems = list(problems)


def read(cls: type[T], data: Any, source: str) -> T:
    """Make a value of a dataclass from YAML data; raises FileError naming every problem."""
    problems: list[str] = []
    value = _value(cls, data, "", problems, secret=False)
    if problems:
        raise FileError(source, problems)
    return cast("T", value)


def _value(hint: Any, raw: Any, path: str, problems: list[str], *, secret: bool) -> Any:
    if raw is None and types.NoneType in typing.get_args(hint):
        return None
    hint = _fitting(hint, raw)
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if dataclasses.is_dataclass(hint):
        return _object(hint, raw, path, problems)
    if origin in (tuple, list):
        return _items(arguments[0], raw, path, problems)
    if origin in (dict, Mapping):
        return _mapping(arguments, raw, path, problems)
    return _plain(hint, raw, path, problems, secret=secret)


def _fitting(hint: Any, raw: Any) -> Any:
    """Choose among the types of a union: the mapping for a mapping, else the other one; none of it for None."""
    if hint in _PLAIN or typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return hint
    wants_mapping = isinstance(raw, dict)
    kinds = [one for one in typing.get_args(hint) if one is not types.NoneType]
    return next(one for one in kinds if len(kinds) == 1 or (typing.get_origin(one) in (dict, Mapping)) == wants_mapping)


def _object(cls: Any, raw: Any, path: str, problems: list[str]) -> Any:
    if not isinstance(raw, dict):
        return _wrong(problems, path, raw, "a mapping of keys to values", "write `key: value` lines")
    hints, fields = typing.get_type_hints(cls), {field.name: field for field in dataclasses.fields(cls) if field.init}
    unknown = [str(name) for name in raw if name not in fields]
    problems.extend(_unknown(_join(path, name), name, list(fields)) for name in unknown)
    read_values = {}
    for name, field in fields.items():
        where = _join(path, name)
        if name in raw:
            read_values[name] = _value(hints[name], raw[name], where, problems, secret=not field.repr)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            problems.append(f"{where}: missing, and it is required; add it")
    return None if problems else cls(**read_values)


def _items(hint: Any, raw: Any, path: str, problems: list[str]) -> Any:
    if not isinstance(raw, list):
        return _wrong(problems, path, raw, "a list", "begin each item with `- `")
    return tuple(_value(hint, item, f"{path}[{n}]", problems, secret=False) for n, item in enumerate(raw))


def _mapping(hints: Sequence[Any], raw: Any, path: str, problems: list[str]) -> Any:
    if not isinstance(raw, dict):
        return _wrong(problems, path, raw, "a mapping", "write `key: value` lines, or {} for none")
    return {
        _value(hints[0], key, f"{path}[key]", problems, secret=False): _value(
            hints[1], value, f"{path}[{key}]", problems, secret=False
        )
        for key, value in raw.items()
    }


def _plain(hint: Any, raw: Any, path: str, problems: list[str], *, secret: bool) -> Any:
    if typing.get_origin(hint) is typing.Literal:
        allowed = [str(word) for word in typing.get_args(hint)]
        return raw if raw in allowed else _wrong(problems, path, raw, " or ".join(allowed), "write one of these words")
    convert, expected, fix = _PLAIN[hint]
    try:
        return convert(raw)
    except (TypeError, ValueError):
        return _wrong(problems, path, "(hidden)" if secret else raw, expected, fix)


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise TypeError
    return raw


def _count(raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < 0:
        raise ValueError
    return raw


def _number(raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or raw < 0:
        raise ValueError
    return float(raw)


def _boolean(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise TypeError
    return raw


def _moment(raw: Any) -> datetime:
    if isinstance(raw, datetime):
        return raw if raw.tzinfo else raw.replace(tzinfo=UTC)
    if isinstance(raw, date):
        return datetime(raw.year, raw.month, raw.day, tzinfo=UTC)
    return _moment(datetime.fromisoformat(_text(raw)))  # JSON has no dates


_PLAIN: dict[Any, tuple[Callable[[Any], Any], str, str]] = {
    str: (_text, "text", "put it in quotes"),
    int: (_count, "a whole number, 0 or more", "write it without quotes"),
    float: (_number, "a number, 0 or more", "write it without quotes"),
    bool: (_boolean, "true or false", "write it without quotes"),
    datetime: (_moment, "a date", "write it as 2030-01-01"),
    IPv4Address: (lambda raw: IPv4Address(_text(raw)), "an IPv4 address", "write one such as 127.16.0.11"),
    IPv6Address: (lambda raw: IPv6Address(_text(raw)), "an IPv6 address", "write one such as fd00::7"),
    IPv6Network: (
        lambda raw: IPv6Network(_text(raw)),
        "an IPv6 prefix without host bits",
        "write one such as fd00::/64",
    ),
    IPv4Network | IPv6Network: (
        lambda raw: ip_network(_text(raw)),
        "an IP prefix without host bits",
        "write one such as 10.244.0.0/16",
    ),
    IPv4Network: (
        lambda raw: IPv4Network(_text(raw)),
        "an IPv4 prefix without host bits",
        "write one such as 127.16.0.0/20",
    ),
}


def _wrong(problems: list[str], path: str, raw: Any, expected: str, fix: str) -> None:
    problems.append(f"{path or 'the file'}: {raw!r} is not {expected}; {fix}")


def _unknown(where: str, name: str, allowed: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, allowed, n=1)
    fix = f"did you mean {near[0]}?" if near else "remove it"
    return f"{where}: unknown key; allowed here: {', '.join(allowed)}; {fix}"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
