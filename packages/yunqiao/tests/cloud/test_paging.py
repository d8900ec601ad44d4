"""Lists that come in pages are read to their end, and only to their end."""

import pytest

from yunqiao.cloud import ecs
from yunqiao.cloud.paging import MOST_PAGES, chunks, every, listed, next_number, numbered
from yunqiao.model.errors import Lost
from yunqiao.model.step import Call, Reply


def ask(mark: str) -> Call:
    return ecs.describe_vpc_instances("cn-hangzhou", "vpc-1", mark)


async def test_pages_are_asked_for_until_there_is_no_mark() -> None:
    asked: list[str] = []
    pages = {"": ("i-1", "a"), "a": ("i-2", "b"), "b": ("i-3", "")}

    async def send(call: Call) -> Reply:
        mark = call.params.get("NextToken", "")
        asked.append(mark)
        name, following = pages[mark]
        return {"Instances": {"Instance": [{"InstanceId": name}]}, "NextToken": following}

    found = await every(send, ask, ecs.read_instances)
    assert [instance.id for instance in found] == ["i-1", "i-2", "i-3"]
    assert asked == ["", "a", "b"]


async def test_pages_that_never_end_are_lost() -> None:
    sent = 0

    async def send(_: Call) -> Reply:
        nonlocal sent
        sent += 1
        return {"NextToken": "again"}

    with pytest.raises(Lost, match="DescribeInstances: more than 1000 pages"):
        await every(send, ask, ecs.read_instances)
    assert sent == MOST_PAGES


def test_numbered_pages_end_with_the_total() -> None:
    assert next_number({"PageNumber": 1, "PageSize": 50, "TotalCount": 50}) == ""
    assert next_number({"PageNumber": 2, "PageSize": 50, "TotalCount": 101}) == "3"
    assert next_number({}) == ""


def test_pieces_numbers_and_wrapped_lists() -> None:
    assert [list(piece) for piece in chunks([1, 2, 3], 2)] == [[1, 2], [3]]
    assert numbered("Tag", ["a", "b"]) == {"Tag.1": "a", "Tag.2": "b"}
    assert listed({"A": {"B": [1]}}, "A", "B") == [1]
    assert listed({"A": None}, "A", "B") == listed({}, "A", "B") == []
