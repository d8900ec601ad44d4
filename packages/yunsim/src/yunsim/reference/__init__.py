"""What the published API reference says of each action, as data: names, types, and what is required.

One file per product, made from the models of the official Python SDK. Nothing here decides how yunsim behaves; it is
what `yunsim coverage` holds yunsim against.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

PRODUCTS = ("slb", "ecs", "vpc", "sts")


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter or a field of an answer: `path` as on the wire (`Tag.N.Key`), `type` of its values, `required`."""

    path: str
    type: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Described:
    """One action: its parameters, and the fields of its answer, both in alphabetical order."""

    product: str
    name: str
    parameters: tuple[Field, ...]
    answer: tuple[Field, ...]

    @property
    def takes_region(self) -> bool:
        """Whether RegionId is one of its parameters."""
        return any(each.path == "RegionId" for each in self.parameters)


@cache
def actions(product: str) -> tuple[Described, ...]:
    """Return the actions of a product, in the order of the reference."""
    described: Mapping[str, Any] = _data(product)
    return tuple(
        Described(product, name, tuple(_fields(each["request"])), tuple(_fields(each["answer"])))
        for name, each in described.items()
    )


@cache
def used_by_yunqiao(product: str) -> frozenset[str]:
    """Return the names of the actions that the controller yunqiao calls."""
    return frozenset(_data("used_by_yunqiao")[product])


def _data(name: str) -> Any:
    return yaml.safe_load((files(__package__) / f"{name}.yaml").read_text(encoding="utf-8"))


def _fields(tree: Mapping[str, Any], above: str = "") -> Iterator[Field]:
    for marked, kind in tree.items():
        path, required = above + marked.rstrip("*"), marked.endswith("*")
        within, is_list = (kind[0], True) if isinstance(kind, list) else (kind, False)
        if isinstance(within, Mapping):
            yield from _fields(within, f"{path}.N." if is_list else f"{path}.")
        else:
            yield Field(f"{path}.N" if is_list else path, within, required)
