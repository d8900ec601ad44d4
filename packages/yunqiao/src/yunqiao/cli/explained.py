"""An explanation in words: marks that line up, colour on a terminal only; JSON for programs."""

from collections.abc import Mapping
from typing import Any

from yunqiao.controllers.services.explanation import Explanation, Link, Mark

COLOURS: Mapping[Mark, str] = {Mark.OK: "\033[32m", Mark.BROKEN: "\033[31m", Mark.UNKNOWN: "\033[33m"}
PLAIN = "\033[0m"
WIDTH = max(len(mark.value) for mark in Mark)


def table(explanation: Explanation, *, colour: bool) -> str:
    """Link by link; at the end the one that is broken first, and what to do about it."""
    lines = [_line(link, colour=colour) for link in explanation.links]
    broken = explanation.first_broken
    if broken is None:
        lines += ["", f"No link of Service {explanation.key} is broken."]
    else:
        lines += ["", f"Broken first: {broken.what}: {broken.text}", f"What to do: {broken.advice}"]
    return "\n".join(lines) + "\n"


def plain(explanation: Explanation) -> dict[str, Any]:
    """The same as JSON: `links` in order, and `firstBroken` (null when all is well)."""
    broken = explanation.first_broken
    return {
        "service": explanation.key,
        "links": [_plain(link) for link in explanation.links],
        "firstBroken": _plain(broken) if broken is not None else None,
    }


def _line(link: Link, *, colour: bool) -> str:
    mark = link.mark.value.ljust(WIDTH)
    shown = f"{COLOURS[link.mark]}{mark}{PLAIN}" if colour else mark
    return f"{shown}  {'  ' * link.depth}{link.what}: {link.text}"


def _plain(link: Link) -> dict[str, Any]:
    return {
        "depth": link.depth,
        "what": link.what,
        "text": link.text,
        "mark": link.mark.value,
        "advice": link.advice or None,
    }
