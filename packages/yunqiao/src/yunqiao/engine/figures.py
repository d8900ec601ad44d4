"""Numbers that a controller shows beside its calls to the cloud: how many of what, by which labels.

A figure is numbers only; whoever serves /metrics turns it into text.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of a metric; all figures of one `name` have the same `kind` and `help`."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


Figures = Callable[[], Iterable[Figure]]
"""The figures of one controller as they are now, those of one name in a row."""
