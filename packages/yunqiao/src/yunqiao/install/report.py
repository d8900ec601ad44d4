"""A report in words, and as JSON for programs: marks that line up, the fix under whatever is not ok."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from yunqiao.install.findings import Finding, Report, Section, Status

COLOURS: Mapping[Status, str] = {
    Status.OK: "\033[32m",
    Status.WARNING: "\033[33m",
    Status.BROKEN: "\033[31m",
    Status.UNCHECKED: "\033[36m",
}
PLAIN = "\033[0m"
MARK = max(len(status.value) for status in Status) + 2
INDENT = 2 + MARK
MOST = 20
"""Findings of one kind that are told one by one."""


def table(report: Report, *, colour: bool, width: int = 0) -> str:
    """Section by section; lines are broken at `width` characters, 0 leaves them whole."""
    lines = [line for section in report.sections for line in (*_section(section, colour=colour, width=width), "")]
    return "\n".join([*lines, _sum(report)]) + "\n"


def plain(report: Report) -> dict[str, Any]:
    """The same as JSON: `checks` in order, and `exitCode`."""
    return {
        "checks": [_plain(section.subject, one) for section in report.sections for one in section.findings],
        "exitCode": report.exit_code,
    }


def _section(section: Section, *, colour: bool, width: int) -> Iterator[str]:
    yield section.subject
    alike: Counter[tuple[Status, str]] = Counter()
    for one in section.findings:
        alike[_likeness(one)] += 1
        if alike[_likeness(one)] <= MOST:
            yield from _finding(one, colour=colour, width=width)
    if rest := sum(max(0, number - MOST) for number in alike.values()):
        yield " " * INDENT + f"... and {rest} more like these; --output json has them all"


def _likeness(one: Finding) -> tuple[Status, str]:
    """Findings about things of one kind, such as `node NAME`, are alike."""
    return one.status, one.check.partition(" ")[0]


def _finding(one: Finding, *, colour: bool, width: int) -> Iterator[str]:
    mark = one.status.value.ljust(MARK)
    shown = f"{COLOURS[one.status]}{mark}{PLAIN}" if colour else mark
    first, *rest = _broken(f"{one.check}: {one.found}", width)
    yield f"  {shown}{first}"
    yield from rest
    if one.fix:
        first, *rest = _broken(f"-> {one.fix}", width)
        yield from (" " * INDENT + first, *rest)


def _broken(text: str, width: int) -> list[str]:
    """A text in lines; those after the first are indented."""
    room = max(40, width - INDENT)
    pieces = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) if width else [text]
    first, *rest = pieces or [""]
    return [first, *(" " * INDENT + piece for piece in rest)]


def _sum(report: Report) -> str:
    counts = [f"{number} {status.value}" for status in Status if (number := report.count(status))]
    return f"{', '.join(counts)}. Nothing was changed."


def _plain(subject: str, one: Finding) -> dict[str, Any]:
    return {
        "subject": subject,
        "check": one.check,
        "status": one.status.value,
        "found": one.found,
        "fix": one.fix or None,
        "details": list(one.details),
    }
