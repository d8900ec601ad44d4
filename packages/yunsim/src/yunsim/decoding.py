"""From flat wire fields (`Tag.1.Key=app`) to the typed arguments that an action declares.

Fields first become a tree, JSON texts become data, and one recursive conversion serves both: so numbers and booleans
may be text or JSON values anywhere. The case of a name's first letter does not matter, because clients disagree about
it: `healthCheckInterval` and `HealthCheckInterval`, `serverId` and `ServerId`.
"""

import dataclasses
import functools
import json
import re
import typing
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from yunsim.errors import ApiError
from yunsim.parameters import Action, Parameter, parameters_of, plain

COMMON = frozenset({"AccessKeyId", "Action", "Version", "Format", "RegionId", "Lang"}) | {
    owner + field for owner in ("Owner", "ResourceOwner") for field in ("Account", "Id")
}
"""Fields that every action accepts and ignores where its signature lacks them."""

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_ITEM_NUMBER = re.compile(r"[1-9][0-9]{0,4}")
_BOOLEANS = {"true": True, "false": False}


def arguments(action: Action, fields: Mapping[str, str], *, strict: bool = False) -> dict[str, Any]:
    """Turn wire fields into the action's keyword arguments; `strict` refuses fields that it does not declare.

    Raises ApiError 400: MissingParameter, InvalidParameter, or Yunsim.UnknownParameter (strict only).
    """
    declared = parameters_of(action)
    tree = _tree(fields)
    if strict:
        _refuse_unknown(action, declared, tree)
    read = {parameter.name: _argument(parameter, tree.get(_key(parameter.name))) for parameter in declared}
    return {name: value for name, value in read.items() if value is not None}


def missing(name: str) -> ApiError:
    """Make the refusal of a request that lacks a mandatory parameter, in the cloud's words."""
    text = f'The input parameter "{name}" that is mandatory for processing this request is not supplied.'
    return ApiError(400, "MissingParameter", text)


def invalid(name: str, expected: str) -> ApiError:
    """Make the refusal of a malformed value; the cloud's words, then what was expected (the value may be a secret)."""
    return ApiError(400, "InvalidParameter", f'The specified parameter "{name}" is not valid: expected {expected}.')


def _key(name: str) -> str:
    return name[:1].upper() + name[1:]


def _tree(fields: Mapping[str, str]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, text in fields.items():
        *branches, leaf = name.split(".")
        node = tree
        for branch in branches:
            node = node.setdefault(_key(branch), {})
            if not isinstance(node, dict):
                raise invalid(name, f"either {name.split('.')[0]} alone or numbered fields, not both")
        if isinstance(node.setdefault(_key(leaf), text), dict):
            raise invalid(name, f"either {name} alone or numbered fields, not both")
    return tree


def _refuse_unknown(action: Action, declared: Sequence[Parameter], tree: Mapping[str, Any]) -> None:
    known = {_key(parameter.name): parameter for parameter in declared}
    for name, raw in tree.items():
        if name in known:
            _refuse_unknown_parts(action, known[name], raw)
        elif name not in COMMON:
            raise _unknown(action, name, known.keys() | COMMON)


def _refuse_unknown_parts(action: Action, parameter: Parameter, raw: Any) -> None:
    """Refuse fields that the objects of a parameter do not have; what is malformed is refused later, in its words."""
    arguments_of_hint = typing.get_args(parameter.hint)
    hint = plain(arguments_of_hint[0]) if arguments_of_hint else parameter.hint
    if not dataclasses.is_dataclass(hint) or raw == "":
        return
    items = _loaded(parameter, raw) if parameter.json else raw
    if arguments_of_hint and isinstance(items, dict | list):
        items = [item for _, item in _numbered(items, parameter.name)]
    known = {_key(field.name) for field in dataclasses.fields(hint)}
    for item in items if isinstance(items, list) else [items]:
        for name in item if isinstance(item, dict) else ():
            if _key(name) not in known:
                raise _unknown(action, f"{parameter.name}.{name}", known)


def _unknown(action: Action, name: str, known: Collection[str]) -> ApiError:
    text = f'{action.__name__} has no parameter "{name}" (strict mode); it takes: {", ".join(sorted(known))}.'
    return ApiError(400, "Yunsim.UnknownParameter", text)


def _argument(parameter: Parameter, raw: Any) -> Any:
    if raw is None or (raw == "" and (parameter.required or parameter.hint is not str)):
        if parameter.required:
            raise missing(parameter.name)
        return None
    return _convert(parameter.hint, _loaded(parameter, raw) if parameter.json else raw, parameter.name)


def _loaded(parameter: Parameter, text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        raise invalid(parameter.name, "JSON text") from None


def _convert(hint: Any, raw: Any, path: str) -> Any:
    origin = typing.get_origin(hint)
    if origin is not None and _is_list(origin):
        items = [_convert(plain(typing.get_args(hint)[0]), item, f"{path}.{n}") for n, item in _numbered(raw, path)]
        return tuple(items) if origin is tuple else items
    if origin is typing.Literal:
        return _one_of(typing.get_args(hint), raw, path)
    if dataclasses.is_dataclass(hint):
        return _object(hint, raw, path)
    return _scalar(hint, raw, path)


def _is_list(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Sequence)


def _numbered(raw: Any, path: str) -> list[tuple[int, Any]]:
    if isinstance(raw, list):
        return list(enumerate(raw, 1))
    if isinstance(raw, dict) and all(_ITEM_NUMBER.fullmatch(number) for number in raw):
        return sorted(((int(number), item) for number, item in raw.items()), key=lambda pair: pair[0])
    raise invalid(path, f"a list ({path}.1, {path}.2 ... or a JSON array)")


def _object(cls: Any, raw: Any, path: str) -> Any:
    if not isinstance(raw, dict):
        raise invalid(path, "an object with named fields")
    given = {_key(name): value for name, value in raw.items()}
    read = {
        one.name: _argument(dataclasses.replace(one, name=f"{path}.{one.name}"), given.get(_key(one.name)))
        for one in _fields(cls)
    }
    return cls(**{name: value for name, value in read.items() if value is not None})


@functools.cache
def _fields(cls: Any) -> tuple[Parameter, ...]:
    hints = typing.get_type_hints(cls)
    no = dataclasses.MISSING
    return tuple(
        Parameter(f.name, plain(hints[f.name]), json=False, required=f.default is no and f.default_factory is no)
        for f in dataclasses.fields(cls)
    )


def _one_of(allowed: Sequence[Any], raw: Any, path: str) -> Any:
    if raw not in allowed:
        raise invalid(path, "one of " + ", ".join(str(one) for one in allowed))
    return raw


def _scalar(hint: Any, raw: Any, path: str) -> Any:
    if hint is str and isinstance(raw, str | int | float):
        return str(raw).lower() if isinstance(raw, bool) else str(raw)
    if hint is int:
        return _whole_number(raw, path)
    if hint is float:
        return _number(raw, path)
    if hint is bool:
        return _boolean(raw, path)
    if hint is Any or isinstance(raw, dict):
        return raw
    raise invalid(path, "text")


def _whole_number(raw: Any, path: str) -> int:
    if isinstance(raw, bool) or not _WHOLE_NUMBER.fullmatch(str(raw)):
        raise invalid(path, "a whole number")
    return int(raw)


def _number(raw: Any, path: str) -> float:
    try:
        return float(raw)
    except (TypeError, ValueError):
        raise invalid(path, "a number") from None


def _boolean(raw: Any, path: str) -> bool:
    value = _BOOLEANS.get(str(raw).lower())
    if value is None:
        raise invalid(path, "true or false")
    return value
