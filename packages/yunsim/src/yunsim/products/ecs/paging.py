"""How ECS lists give their pages: by `MaxResults` and `NextToken`, or by `PageNumber` and `PageSize`.

Sources: DescribeInstances and DescribeNetworkInterfaces, "MaxResults", "NextToken" and their operation description.
A page size that is out of range is taken for the nearest one. A first answer names the next page in both ways, so a
client may go on with either.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from yunsim.products import lists

T = TypeVar("T")

SMALLEST = 10


def page(
    found: Sequence[T],
    *,
    token: str,
    most_results: int | None,
    number: int | None,
    size: int | None,
    largest: int,
) -> tuple[list[T], dict[str, Any]]:
    """Return one page and the fields that describe it."""
    if number is not None and not token and most_results is None:
        length = size or SMALLEST
        shown, following = lists.numbered(found, number, length, largest), ""
    else:
        length = min(max(most_results or size or SMALLEST, SMALLEST if most_results else 1), largest)
        shown, following = lists.tokened(found, token, length)
    described = {"PageNumber": number or 1, "PageSize": length, "TotalCount": len(found), "NextToken": following}
    return shown, described
