from dataclasses import dataclass

import pytest

from yunqiao.options.declare import PREFIXES, labels, one_of, option, parse, switch, text, whole

NEW, OLD = PREFIXES


@dataclass(frozen=True)
class Wishes:
    colour: str | None = option("colour", one_of("red", "green"), "Its colour.", parameter="Colour", scope="instance")
    size: str | None = option("size", whole(1, 10), "Its size.")
    only: tuple[tuple[str, str], ...] = option("only", labels(), "Where.", default=())


def test_an_option_that_is_not_given_stands_at_its_default():
    assert parse(Wishes(), {"unrelated": "x"}) == parse(Wishes(), {})
    assert parse(Wishes(), {}).options == Wishes()


def test_a_given_option_is_read():
    parsed = parse(Wishes(), {NEW + "colour": "red", NEW + "only": "a=b,c="})
    assert parsed.options == Wishes(colour="red", only=(("a", "b"), ("c", "")))
    assert parsed.problems == ()


def test_the_legacy_prefix_is_read_and_the_current_one_wins_even_when_empty():
    assert parse(Wishes(), {OLD + "colour": "red"}).options.colour == "red"
    assert parse(Wishes(), {OLD + "colour": "red", NEW + "colour": "green"}).options.colour == "green"
    assert parse(Wishes(), {OLD + "colour": "red", NEW + "colour": ""}).options.colour is None


def test_every_problem_is_found_at_once_and_names_annotation_value_and_what_is_allowed():
    parsed = parse(Wishes(), {NEW + "colour": "blue", NEW + "size": "11"})
    assert [str(problem) for problem in parsed.problems] == [
        f'{NEW}colour: "blue" is not allowed; allowed: red, green',
        f'{NEW}size: "11" is not allowed; allowed: a whole number from 1 to 10',
    ]
    assert {problem.blocks for problem in parsed.problems} == {"creation"}


def test_a_misspelled_annotation_is_told_with_the_nearest_name_and_blocks_nothing():
    (problem,) = parse(Wishes(), {NEW + "color": "red"}).problems
    assert problem.blocks == "nothing"
    assert f"did you mean {NEW}colour?" in str(problem)


def test_a_known_annotation_that_cannot_be_followed_blocks_everything():
    (problem,) = parse(Wishes(), {NEW + "shape": "round"}, elsewhere={"shape"}).problems
    assert problem.blocks == "everything"


@pytest.mark.parametrize("bad", ["", "-1", "1.0", "0x1", " 1", "\u0661", "99999999999999999999", "1e1"])
def test_a_whole_number_is_read_strictly(bad):
    with pytest.raises(ValueError, match=r"^"):
        whole(1, 10).read(bad)


def test_readers_give_the_api_its_own_spelling():
    assert whole(1, 10).read("07") == "7"
    assert switch().read("on") == "true"
    assert text(3).read("abc") == "abc"
    with pytest.raises(ValueError, match="abcd"):
        text(3).read("abcd")
    with pytest.raises(ValueError, match="yes"):
        switch().read("yes")
    with pytest.raises(ValueError, match="a"):
        labels().read("a")
