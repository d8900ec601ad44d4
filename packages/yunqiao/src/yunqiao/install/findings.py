"""What a look at an installation found: one Finding per check, each that is not ok with the fix for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from yunqiao.cloud import codes
from yunqiao.model.errors import NotYet, Refused, Trouble

FORBIDDEN = codes.PERMISSION.partition("{")[0]
LOOK_AGAIN = "run it again; if it stays so, see what the message names"
WELL, BROKEN_SOMEWHERE, BLIND = 0, 1, 2
EXIT_CODES = """exit status:
  0  nothing is broken (there may be warnings, and checks that could not be made)
  1  something is broken
  2  wrong command line, or neither the cluster nor the cloud could be looked at
"""


class Status(Enum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    """It works, or will; but not as one would expect, or not for long."""
    BROKEN = "broken"
    UNCHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, how it ended, what was found (names and values, no secret), and the fix.

    `details` are too many for a table.
    """

    check: str
    status: Status
    found: str
    fix: str = ""
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """The findings about one subject, in the order in which they build on one another."""

    subject: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All sections; `blind` says that neither cluster nor cloud could be looked at."""

    sections: Sequence[Section]
    blind: bool = False

    def count(self, status: Status) -> int:
        """How many checks ended so."""
        return sum(one.status is status for section in self.sections for one in section.findings)

    @property
    def exit_code(self) -> int:
        """As EXIT_CODES says."""
        if self.blind:
            return BLIND
        return BROKEN_SOMEWHERE if self.count(Status.BROKEN) else WELL


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, Status.OK, found)


def warning(check: str, found: str, fix: str) -> Finding:
    """It works, with a drawback."""
    return Finding(check, Status.WARNING, found, fix)


def broken(check: str, found: str, fix: str) -> Finding:
    """It does not work until somebody acts."""
    return Finding(check, Status.BROKEN, found, fix)


def unchecked(check: str, because: str, fix: str = "") -> Finding:
    """Nobody could look."""
    return Finding(check, Status.UNCHECKED, because, fix)


def failed(check: str, trouble: Trouble, otherwise: str = LOOK_AGAIN) -> Finding:
    """A look that failed, or was not made; the advice is the one that comes with the cloud's answer, if there is one.

    A permission that is missing is told where permissions are.
    """
    if isinstance(trouble, NotYet):
        return unchecked(check, str(trouble))
    if trouble.fault is not None and is_forbidden(trouble):
        return unchecked(check, f"because of: permission {trouble.fault.action}")
    if trouble.fault is None:
        return broken(check, str(trouble), otherwise)
    return broken(check, str(trouble.fault), advice(trouble) or otherwise)


def advice(trouble: Trouble) -> str:
    """What the table of codes says is to be done about an answer of the cloud; empty when it says nothing."""
    return str(trouble).removeprefix(str(trouble.fault)).strip() if trouble.fault is not None else ""


def is_forbidden(trouble: Trouble) -> bool:
    """Whether a RAM permission is missing."""
    return advice(trouble).startswith(FORBIDDEN)


def listed(names: Sequence[str], most: int = 8) -> str:
    """The first of many names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def refused(check: str, trouble: Trouble, otherwise: str, status: Status = Status.BROKEN) -> Finding:
    """Something that could not be found out: refused by ourselves, in a message that has the fix, or by the cloud."""
    if isinstance(trouble, Refused) and trouble.fault is None:
        return said(check, status, str(trouble), otherwise)
    return failed(check, trouble, otherwise)


def said(check: str, status: Status, text: str, otherwise: str) -> Finding:
    """A message of ours, which says what is wrong, then `: `, then the fix."""
    found, colon, fix = text.partition(": ")
    return Finding(check, status, found, fix) if colon else Finding(check, status, text, otherwise)
