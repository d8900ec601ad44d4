"""What is to be seen of one annotation in its life: with a first value, with a second one, and taken away again.

A table of lives is what the tests of many annotations have in common; a story that only one annotation has is a test
of its own, with `tells_of` above it. Both are entered in TOLD, so that no annotation is left without a test.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from tests.annotations.stage import Stage

Chapter = Literal["set", "change", "remove", "bad"]
CHAPTERS: tuple[Chapter, ...] = ("set", "change", "remove", "bad")

TOLD: defaultdict[str, set[Chapter]] = defaultdict(set)
"""By annotation: which chapters of its life have a test."""

Sight = Callable[[Stage, str], Awaitable[Any]]
"""What a client that speaks a protocol, or a backend, notices."""

Test = TypeVar("Test", bound=Callable[..., Any])


def tells_of(*suffixes: str, chapters: tuple[Chapter, ...] = ("set",)) -> Callable[[Test], Test]:
    """Say which annotations a test is about, and which chapters of their lives."""
    for suffix in suffixes:
        TOLD[suffix].update(chapters)
    return lambda test: test


@dataclass(frozen=True)
class Life:
    """One annotation of listeners.

    `answers` is what the cloud tells with the first value, with the second and, taken away, by default; `sights` what
    is to be noticed in the traffic of each of its protocols then, which `sight` looks at. `beside` are annotations that
    it needs; `bad` is no value of it.
    """

    suffix: str
    values: tuple[str, str]
    parameter: str
    answers: tuple[Any, Any, Any]
    protocols: tuple[str, ...]
    bad: str
    sight: Sight
    sights: tuple[Any, ...]
    beside: Mapping[str, str] = field(default_factory=dict)
    answered_as: str = ""

    def __post_init__(self) -> None:
        TOLD[self.suffix].update(CHAPTERS)

    def __str__(self) -> str:
        return self.suffix

    @property
    def stays(self) -> bool:
        """Whether there is no default to go back to: what it was set to stays."""
        return self.answers[2] is STAYS

    def answer(self, told: Mapping[str, Any]) -> Any:
        """Its value in what the cloud tells of the listener."""
        return told.get(self.answered_as or self.parameter)


STAYS = object()
"""In the place of a default: there is none."""


def sent(parameter: str, params: Mapping[str, str]) -> str | None:
    """A parameter as a request had it; the API spells healthCheckInterval with a small h in two of its actions."""
    return next((value for name, value in params.items() if name.lower() == parameter.lower()), None)


def spelled(value: Any) -> str:
    """A value that the cloud tells, as requests spell it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
