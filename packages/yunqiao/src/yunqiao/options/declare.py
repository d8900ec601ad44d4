"""An annotation is declared once: `option()` on a field of a dataclass says how it is spelled, read, checked and meant.

From the declaration come the parser (all problems at once, each naming annotation, value and what is allowed), the
table in the docs, and the API parameter that the value goes to.
"""

import difflib
import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Generic, Literal, TypeVar

PREFIXES = (
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-",
    "service.beta.kubernetes.io/alicloud-loadbalancer-",
)
"""The current prefix and the legacy one; the current one wins wherever its key is present, even with an empty value."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reader:
    """How a value is read: `read` gives the value or raises ValueError; `allowed` says what it takes."""

    read: Callable[[str], Any]
    allowed: str


@dataclass(frozen=True, slots=True)
class Declared:
    """One declared option. `parameter` is the API parameter it sets, empty when it means something to us alone."""

    suffix: str
    reader: Reader
    summary: str
    parameter: str = ""
    scope: str = ""
    protocols: tuple[str, ...] = ()


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
                problems.append(Problem(key, suffix, allowed, "creation"))
        elif suffix in elsewhere:
            unsupported = "this annotation is not supported yet; remove it to go on without it"
            problems.append(Problem(key, suffix, unsupported, "everything"))
        else:
            unknown = "there is no such annotation" + _nearest(suffix, [*known, *elsewhere])
            problems.append(Problem(key, suffix, unknown, "nothing"))
    return Parsed(replace(options, **found), tuple(problems))  # type: ignore[type-var]  # a dataclass by contract


def _given(annotations: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Each suffix that is set, with its key and value: the current prefix hides the legacy one."""
    given: dict[str, tuple[str, str]] = {}
    for prefix in reversed(PREFIXES):
        given |= {key[len(prefix) :]: (key, value) for key, value in annotations.items() if key.startswith(prefix)}
    return {suffix: pair for suffix, pair in given.items() if pair[1] != ""}


def _nearest(suffix: str, known: list[str]) -> str:
    near = difflib.get_close_matches(suffix, known, n=1)
    return f"; did you mean {PREFIXES[0]}{near[0]}?" if near else ""


def _shown(value: str) -> str:
    return value if len(value) <= 60 else value[:57] + "..."


def one_of(*values: str, fold: bool = False) -> Reader:
    """One of these texts; with `fold`, in any case."""

    def read(text: str) -> str:
        for value in values:
            if text == value or (fold and text.lower() == value.lower()):
                return value
        raise ValueError(text)

    return Reader(read, ", ".join(values))


def whole(least: int, most: int) -> Reader:
    """A whole number in a range, base 10, given to the API as text."""

    def read(text: str) -> str:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise ValueError(text)
        return str(int(text))

    return Reader(read, f"a whole number from {least} to {most}")


def text(longest: int = 256) -> Reader:
    """Any text up to a length."""

    def read(value: str) -> str:
        if len(value) > longest:
            raise ValueError(value)
        return value

    return Reader(read, f"a text of at most {longest} characters")


def switch(on: str = "true", off: str = "false") -> Reader:
    """`on` or `off`, sent to the API as it spells them."""

    def read(value: str) -> str:
        return {"on": on, "off": off}[value] if value in ("on", "off") else _refuse(value)

    return Reader(read, "on, off")


def labels() -> Reader:
    """`key=value,key2=value2`, all of which must hold."""

    def read(value: str) -> tuple[tuple[str, str], ...]:
        pairs = [pair.partition("=") for pair in value.split(",")]
        if not all(key and sign for key, sign, _ in pairs):
            raise ValueError(value)
        return tuple((key, wanted) for key, _, wanted in pairs)

    return Reader(read, "key=value pairs separated by commas")


def _refuse(value: str) -> str:
    raise ValueError(value)


def ids() -> Reader:
    """Ids separated by commas, in any order; given to the API sorted."""

    def read(value: str) -> str:
        found = {one.strip() for one in value.split(",")}
        if "" in found:
            raise ValueError(value)
        return ",".join(sorted(found))

    return Reader(read, "ids separated by commas")


def ip_address() -> Reader:
    """An IPv4 or IPv6 address."""
    return Reader(lambda value: str(ipaddress.ip_address(value)), "an IP address")


def protocol_ports() -> Reader:
    """`https:443,http:80`: the listener protocol for each port."""

    def read(value: str) -> tuple[tuple[str, int], ...]:
        pairs = [one.strip().partition(":") for one in value.split(",")]
        if any(protocol not in ("tcp", "udp", "http", "https") for protocol, _, _ in pairs):
            raise ValueError(value)
        return tuple((protocol, _port(port)) for protocol, _, port in pairs)

    return Reader(read, "protocol:port pairs separated by commas; protocols: tcp, udp, http, https")


def port_pairs() -> Reader:
    """`80:443,88:6443`: from and to."""

    def read(value: str) -> tuple[tuple[int, int], ...]:
        pairs = [one.strip().partition(":") for one in value.split(",")]
        return tuple((_port(one), _port(other)) for one, _, other in pairs)

    return Reader(read, "port:port pairs separated by commas")


def _port(text: str) -> int:
    return int(whole(1, 65535).read(text))
