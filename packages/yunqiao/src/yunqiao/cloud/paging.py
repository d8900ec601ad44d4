"""How does one read a list that comes in pages? Ask for a page, take its items and the mark of the next, until none."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from yunqiao.model.errors import Lost
from yunqiao.model.step import Call, Reply

Item = TypeVar("Item")
Page = tuple[Sequence[Item], str]
"""The items of one page and the mark of the next one, empty at the end."""

MOST_PAGES = 1000
"""More than any quota fills: a cloud that gives the same mark for ever must not keep us for ever."""


async def every(
    send: Callable[[Call], Awaitable[Reply]], ask: Callable[[str], Call], read: Callable[[Reply], Page[Item]]
) -> list[Item]:
    """Send `ask(mark)`, beginning with an empty mark, until `read` gives no further mark; all items in order.

    Raises what `send` raises, and Lost when the pages do not end.
    """
    items: list[Item] = []
    mark = ""
    for _ in range(MOST_PAGES):
        page, mark = read(await send(ask(mark)))
        items += page
        if not mark:
            return items
    raise Lost(f"{ask(mark).action}: more than {MOST_PAGES} pages.")


def next_number(reply: Reply) -> str:
    """The mark of the next page where pages are numbered: PageNumber, PageSize and TotalCount tell."""
    number, size, total = (int(reply.get(name) or 0) for name in ("PageNumber", "PageSize", "TotalCount"))
    return str(number + 1) if number and size and number * size < total else ""


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Part `items` into pieces of at most `size`."""
    iterator = iter(items)
    while piece := tuple(islice(iterator, size)):
        yield piece


def numbered(name: str, values: Sequence[str]) -> dict[str, str]:
    """`Name.1`, `Name.2`, ...: how a list is written in a request."""
    return {f"{name}.{number}": value for number, value in enumerate(values, 1)}


def listed(reply: Reply, outer: str, inner: str) -> list[Any]:
    """The list at `outer.inner`, empty where either is absent: how SLB, ECS and VPC wrap their lists."""
    return list((reply.get(outer) or {}).get(inner) or [])
