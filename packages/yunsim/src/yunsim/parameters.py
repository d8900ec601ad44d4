"""How an action declares what it takes: plain type hints on a function named after the API action.

`str`, `int`, `float`, `bool` are one wire field; `list[str]` is `Name.1`, `Name.2`; `list[SomeDataclass]` is
`Name.1.Field`; a dataclass alone is `Name.Field`; `Annotated[list[SomeDataclass], JSON]` is JSON text in one field.
A parameter without default is required; `X | None` may be left out; `Literal["on", "off"]` takes those words only.

    def CreateVServerGroup(
        world: World, *, LoadBalancerId: str, BackendServers: Annotated[list[BackendServer], JSON] = ()
    ) -> dict[str, Any]: ...

`parameters_of(action)` reads such a declaration back; `yunsim.decoding` turns wire fields into its arguments.
"""

import functools
import inspect
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

JSON = "json"
"""Marks a parameter whose wire form is JSON text in one field: `BackendServers: Annotated[list[Server], JSON]`."""

Action = Callable[..., dict[str, Any]]
"""A function named after an API action: takes the world and keyword parameters, returns the body of the answer."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared request parameter: `hint` is its type without `Annotated` and `| None`; `json` if one JSON text."""

    name: str
    hint: Any
    json: bool
    required: bool


@functools.cache
def parameters_of(action: Action) -> tuple[Parameter, ...]:
    """Read what an action declares, in the order of its signature (the first argument, the world, left out)."""
    hints = typing.get_type_hints(action, include_extras=True)
    declared = [p for p in inspect.signature(action).parameters.values() if p.kind is inspect.Parameter.KEYWORD_ONLY]
    return tuple(_parameter(p.name, hints[p.name], required=p.default is inspect.Parameter.empty) for p in declared)


def plain(hint: Any) -> Any:
    """Take `| None` off a type."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        (hint,) = [one for one in typing.get_args(hint) if one is not types.NoneType]
    return hint


def _parameter(name: str, hint: Any, *, required: bool) -> Parameter:
    outer = plain(hint)
    marks: tuple[Any, ...] = ()
    if typing.get_origin(outer) is Annotated:
        outer, *rest = typing.get_args(outer)
        marks = tuple(rest)
    return Parameter(name, plain(outer), JSON in marks, required)
