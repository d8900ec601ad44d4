"""The declared annotations as tables for people: in a terminal, on a page of the docs, one by one, and as JSON."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from yunqiao.options.declare import PREFIXES, Declared
from yunqiao.options.json_schema import fragment

SCOPES: Mapping[str, str] = {
    "instance": "the load balancer",
    "listener": "every listener",
    "ports": "listeners, by port",
    "backend": "the backends",
    "reuse": "a borrowed load balancer",
    "status": "the Service",
}
"""What an option is about, in words, in the order of the tables."""
_HEADINGS = ("annotation", "applies to", "default", "changeable", "API parameter", "values")


@dataclass(frozen=True, slots=True)
class Row:
    """One annotation in words; what there is nothing to say about is empty."""

    suffix: str
    about: str
    protocols: tuple[str, ...]
    values: str
    default: str
    changeable: bool
    """Whether a load balancer that exists follows; False: what it was made with stays."""
    parameter: str
    restores: str
    """What the parameter becomes when the annotation is taken away again."""
    meaning: str
    schema: Mapping[str, Any]

    @property
    def applies_to(self) -> str:
        """Protocols where these count, else what it is about."""
        return ", ".join(self.protocols) or self.about

    @property
    def restored(self) -> str:
        """What taking it away does, in a word or two."""
        return self.default if self.parameter and self.changeable else ""


def rows(options: Iterable[Declared], fixed: Collection[str] = ()) -> list[Row]:
    """Say of every option what there is to say; `fixed` are the API parameters that are given at creation only."""
    found = [_row(option, option.parameter not in fixed) for option in options]
    order = [*SCOPES.values()]
    return sorted(found, key=lambda row: order.index(row.about) if row.about in order else len(order))


def text(table: Sequence[Row]) -> str:
    """Aligned columns, what varies most in length last."""
    lines = [tuple(name.upper() for name in _HEADINGS), *map(_cells, table)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "".join(f"{line.rstrip()}\n" for line in padded)


def detail(row: Row) -> str:
    """Everything about one annotation, a line each."""
    told = {
        "annotation": PREFIXES[0] + row.suffix,
        "older name": PREFIXES[1] + row.suffix,
        "meaning": row.meaning,
        "applies to": " ".join(filter(None, (row.about, f"({', '.join(row.protocols)})" if row.protocols else ""))),
        "values": row.values,
        "default": row.default,
        "changeable": _changeable(row),
        "taken away": row.restored,
        "API parameter": row.parameter,
    }
    width = max(map(len, told))
    return "".join(f"{name.ljust(width)}  {value}\n" for name, value in told.items() if value)


def markdown(table: Sequence[Row]) -> str:
    """One section for each thing that annotations are about."""
    sections = dict.fromkeys(row.about for row in table)
    return "\n".join(_section(about, [row for row in table if row.about == about]) for about in sections)


def as_json(table: Iterable[Row]) -> list[dict[str, Any]]:
    """One object for each annotation, with both of its names and the schema of its value."""
    return [
        {"annotation": PREFIXES[0] + row.suffix, "legacy": PREFIXES[1] + row.suffix, **asdict(row)} for row in table
    ]


def _row(option: Declared, changeable: bool) -> Row:
    return Row(
        suffix=option.suffix,
        about=SCOPES.get(option.scope, option.scope),
        protocols=option.protocols,
        values=option.reader.allowed,
        default=option.unset or option.restores,
        changeable=changeable,
        parameter=option.parameter,
        restores=option.restores,
        meaning=option.summary,
        schema=fragment(option.reader),
    )


def _changeable(row: Row) -> str:
    return "yes" if row.changeable else "at creation only"


def _cells(row: Row) -> tuple[str, ...]:
    return row.suffix, row.applies_to, row.default, _changeable(row), row.parameter, row.values


def _section(about: str, table: Sequence[Row]) -> str:
    head = ["suffix", "values", "meaning", "protocols", "default", "changeable", "taken away", "API parameter"]
    lines = [
        [
            f"`{row.suffix}`",
            row.values,
            row.meaning,
            ", ".join(row.protocols),
            row.default,
            _changeable(row),
            f"`{row.restored}`" if row.restored else "",
            f"`{row.parameter}`" if row.parameter else "",
        ]
        for row in table
    ]
    shown = [number for number in range(len(head)) if any(line[number] for line in lines)]
    cells = ([line[number].replace("|", "\\|") for number in shown] for line in [head, ["---"] * len(head), *lines])
    return "\n".join([f"## About {about}", "", *(f"| {' | '.join(line)} |" for line in cells), ""])
