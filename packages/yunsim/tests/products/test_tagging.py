"""Tags: what matches, and the JSON form of old actions."""

import pytest

from yunsim.products import tagging
from yunsim.products.tagging import TagPair


def test_all_wanted_tags_must_be_there() -> None:
    tags = {"team": "web", "stage": "live"}
    assert tagging.matches(tags, [TagPair("team", "web"), TagPair("stage", "live")])
    assert not tagging.matches(tags, [TagPair("team", "web"), TagPair("stage", "test")])


def test_a_wanted_tag_without_value_asks_for_the_key_alone() -> None:
    assert tagging.matches({"team": "web"}, [TagPair("team")])
    assert not tagging.matches({"team": "web"}, [TagPair("stage")])


def test_tags_are_read_from_a_list_or_a_dictionary() -> None:
    assert tagging.from_json('[{"TagValue": "v", "TagKey": "k"}]') == [TagPair("k", "v")]
    assert tagging.from_json('{"k": "v"}') == [TagPair("k", "v")]
    assert tagging.from_json("") == []


@pytest.mark.parametrize("text", ["{", '["k"]', '[{"Key": "k"}]', "3"])
def test_tags_that_are_no_tags_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|delimiter|property"):
        tagging.from_json(text)
