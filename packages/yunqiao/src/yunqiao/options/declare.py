"""An annotation is declared once: `option()` on a field of a dataclass says how it is spelled, read, checked and meant.

From the declaration come the parser (all problems at once, each naming annotation, value and what is allowed), the
tables of `yunqiao annotations` and of the docs, the JSON Schema, the admission policy, and the API parameter that the
value goes to. How values are read is in readers.py.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Generic, Literal, TypeVar

from yunqiao.options.readers import (
    Reader,
    domain_certificates,
    group_ports,
    http_codes,
    ids,
    ip_address,
    labels,
    one_of,
    path,
    port_pairs,
    protocol_ports,
    switch,
    tags,
    text,
    whole,
)
from yunqiao.options.setting import nearest

__all__ = [
    "PREFIXES", "Declared", "Parsed", "Problem", "Reader", "declared", "domain_certificates", "group_ports",
    "http_codes", "ids", "ip_address", "labels", "one_of", "option", "parse", "path", "port_pairs",
    "protocol_ports", "switch", "tags", "text", "whole",
]  # fmt: skip

PREFIXES = (
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-",
    "service.beta.kubernetes.io/alicloud-loadbalancer-",
)
"""The current prefix and the legacy one; the current one wins wherever its key is present, even with an empty value."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Declared:
    """One declared option. `parameter` is the API parameter it sets, empty when it means something to us alone.

    `restores` is the value that the parameter gets when the annotation had been followed and is taken away, where
    that is not the value of creation; empty when it then stays as it is. A bad value of one that is `vital` keeps all
    the rest from being followed: without it, that would do the wrong thing. `unset` says what a new load balancer gets,
    or what holds, where the annotation is not given: a value, or words such as "the backend's".
    """

    suffix: str
    reader: Reader
    summary: str
    parameter: str = ""
    restores: str = ""
    scope: str = ""
    protocols: tuple[str, ...] = ()
    vital: bool = False
    unset: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One annotation that cannot be followed, in words for its owner, and what must wait until it is mended."""

    annotation: str
    suffix: str
    text: str
    blocks: Literal["nothing", "creation", "everything"]

    def __str__(self) -> str:
        """Such as `...-scheduler: "fastest" is not allowed; allowed: rr, wrr, wlc`."""
        return f"{self.annotation}: {self.text}"


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """What was asked for, and what could not be followed; an option with a problem stands at its default."""

    options: T
    problems: tuple[Problem, ...] = ()


def option(suffix: str, reader: Reader, summary: str, *, default: Any = None, **meaning: Any) -> Any:
    """Declare an option as a dataclass field; see Declared for `meaning`."""
    return field(default=default, metadata={"option": Declared(suffix, reader, summary, **meaning)})


def declared(options: type) -> Iterator[tuple[str, Declared]]:
    """Every declared option of a dataclass with its field name, in the order of declaration."""
    return ((one.name, one.metadata["option"]) for one in fields(options) if "option" in one.metadata)


def parse(options: T, annotations: Mapping[str, str], elsewhere: Iterable[str] = ()) -> Parsed[T]:
    """Read annotations onto a dataclass of defaults; an empty value means unset.

    A bad value leaves its option unset and keeps a balancer from being created. `elsewhere` names suffixes that are
    known but cannot be followed here: following the rest without them would do the wrong thing, so nothing is done.
    """
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    known = {declaration.suffix: (name, declaration) for name, declaration in declared(type(options))}
    for suffix, (key, value) in sorted(_given(annotations).items()):
        if suffix in known:
            name, declaration = known[suffix]
            try:
                found[name] = declaration.reader.read(value)
            except ValueError:
                allowed = f'"{_shown(value)}" is not allowed; allowed: {declaration.reader.allowed}'
                problems.append(Problem(key, suffix, allowed, "everything" if declaration.vital else "creation"))
        elif suffix in elsewhere:
            unsupported = "this annotation is not supported yet; remove it to go on without it"
            problems.append(Problem(key, suffix, unsupported, "everything"))
        else:
            near = nearest(suffix, [*known, *elsewhere])
            unknown = "there is no such annotation" + (f"; did you mean {PREFIXES[0]}{near}?" if near else "")
            problems.append(Problem(key, suffix, unknown, "nothing"))
    return Parsed(replace(options, **found), tuple(problems))  # type: ignore[type-var]  # a dataclass by contract


def _given(annotations: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Each suffix that is set, with its key and value: the current prefix hides the legacy one."""
    given: dict[str, tuple[str, str]] = {}
    for prefix in reversed(PREFIXES):
        given |= {key[len(prefix) :]: (key, value) for key, value in annotations.items() if key.startswith(prefix)}
    return {suffix: pair for suffix, pair in given.items() if pair[1] != ""}


def _shown(value: str) -> str:
    return value if len(value) <= 60 else value[:57] + "..."
