"""What the list actions of every product share: pages by number and pages by token.

The older actions page by `PageNumber` and `PageSize`, the newer ones by `NextToken`. A token here says how many
entries were given already; it is text that only the cloud reads.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import TypeVar

from yunsim.errors import ApiError

T = TypeVar("T")

_MARK = "after:"


def numbered(things: Sequence[T], number: int, size: int, largest: int) -> list[T]:
    """Return the page with that number, counted from 1; a page behind the end is empty.

    Raises ApiError (InvalidParameter) when the number is below 1 or the size outside 1 to `largest`.
    """
    if number < 1:
        raise _invalid("PageNumber", number, "1 or more")
    if not 1 <= size <= largest:
        raise _invalid("PageSize", size, f"1 to {largest}")
    return list(things[(number - 1) * size : number * size])


def tokened(things: Sequence[T], token: str, size: int) -> tuple[list[T], str]:
    """Return the `size` entries behind the token, and the token of the next page ("" after the last).

    Raises ApiError (InvalidParameter) when the token was not given out by this function.
    """
    start = _read(token) if token else 0
    end = start + size
    return list(things[start:end]), _write(end) if end < len(things) else ""


def limited(name: str, value: int, largest: int) -> int:
    """Return the value of a page size parameter; raises ApiError (InvalidParameter) when outside 1 to `largest`."""
    if not 1 <= value <= largest:
        raise _invalid(name, value, f"1 to {largest}")
    return value


def _write(position: int) -> str:
    return urlsafe_b64encode(f"{_MARK}{position}".encode()).decode()


def _read(token: str) -> int:
    try:
        mark, _, position = urlsafe_b64decode(token).decode().partition(_MARK)
        if mark:
            raise _invalid("NextToken", token, "the NextToken of an earlier answer")
        return int(position)
    except ValueError as error:
        raise _invalid("NextToken", token, "the NextToken of an earlier answer") from error


def _invalid(name: str, value: object, allowed: str) -> ApiError:
    return ApiError(
        400, "InvalidParameter", f"The specified parameter {name} is not valid: {value!r}; it must be {allowed}."
    )
