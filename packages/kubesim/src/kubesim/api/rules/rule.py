"""The shape of one kind's rules: what the server fills in, refuses and keeps for it."""

from collections.abc import Callable
from dataclasses import dataclass

from kubesim.errors import Cause
from kubesim.objects import Object


def _nothing(_: Object) -> None:
    return None


def _no_change(_: Object, __: Object) -> None:
    return None


def _fine(_: Object) -> list[Cause]:
    return []


def _whole(new: Object, _: Object) -> Object:
    return new


def _fine_change(_: Object, __: Object) -> list[Cause]:
    return []


@dataclass(frozen=True, slots=True)
class Rules:
    """Functions of one kind; each may change only the object it is given first."""

    create: Callable[[Object], None] = _nothing
    """Prepare a new object: reset what only the system may set (its first status)."""
    default: Callable[[Object], None] = _nothing
    """Fill in defaults, on creation and on every write."""
    update: Callable[[Object, Object], None] = _no_change
    """Prepare a changed object, given what is stored."""
    check: Callable[[Object], list[Cause]] = _fine
    """What is wrong with the object by itself."""
    check_update: Callable[[Object, Object], list[Cause]] = _fine_change
    """What is wrong with the change, given what is stored."""
    checked_again: Callable[[Object, Object], Object] = _whole
    """What `check` looks at of a changed object: parts that are as stored may be left out."""
    check_status: Callable[[Object], list[Cause]] = _fine
    """What is wrong with a status written through its subresource."""
