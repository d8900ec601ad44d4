"""Pages by number and by token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunsim.errors import ApiError
from yunsim.products import lists


@given(st.lists(st.integers(), max_size=60), st.integers(1, 20))
def test_the_pages_by_token_hold_everything_once(things: list[int], size: int) -> None:
    seen, token = lists.tokened(things, "", size)
    while token:
        page, token = lists.tokened(things, token, size)
        assert 0 < len(page) <= size
        seen += page
    assert seen == things


@given(st.lists(st.integers(), max_size=60), st.integers(1, 20))
def test_the_pages_by_number_hold_everything_once(things: list[int], size: int) -> None:
    pages = [lists.numbered(things, number, size, 20) for number in range(1, len(things) // size + 3)]
    assert [each for page in pages for each in page] == things
    assert pages[-1] == []


@pytest.mark.parametrize(("number", "size"), [(0, 10), (-1, 10), (1, 0), (1, 101)])
def test_a_page_out_of_range_is_refused(number: int, size: int) -> None:
    with pytest.raises(ApiError, match="InvalidParameter"):
        lists.numbered([], number, size, 100)


@pytest.mark.parametrize("token", ["nonsense", "YWJj", "b3RoZXI6MQ==", "\u00e9"])
def test_a_token_that_was_never_given_out_is_refused(token: str) -> None:
    with pytest.raises(ApiError, match="NextToken"):
        lists.tokened([1, 2, 3], token, 1)
