"""The schema of all annotations: names by both prefixes, values as the readers take them."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunqiao.controllers.services.clb import options as clb
from yunqiao.options.declare import PREFIXES, declared, one_of, option, parse, text, whole
from yunqiao.options.json_schema import schema

NEW, OLD = PREFIXES


@dataclass(frozen=True)
class Wishes:
    colour: str | None = option("colour", one_of("red", "green"), "Its colour.")
    size: str | None = option("size", whole(1, 10), "Its size.")
    name: str | None = option("name", text(5), "Its name.")


SCHEMA = schema([each for _, each in declared(Wishes)], others=[f"{NEW}type"])


@pytest.mark.parametrize(
    "annotations",
    [
        {},
        {"example.com/anything": "at all"},
        {NEW + "colour": "red", OLD + "size": "007", NEW + "name": "abcde"},
        {NEW + "colour": "", OLD + "size": "", NEW + "name": ""},
        {NEW + "type": "nlb"},
    ],
)
def test_what_can_be_followed_passes(judges, annotations):
    assert judges.validator(SCHEMA).is_valid(annotations)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(("suffix", "value"), [("colour", "Red"), ("size", "11"), ("name", "abcdef"), ("size", 7)])
def test_a_bad_value_is_refused_under_either_prefix(judges, prefix, suffix, value):
    (error,) = judges.validator(SCHEMA).iter_errors({prefix + suffix: value})
    assert list(error.path) == [prefix + suffix]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_name_that_nobody_reads_is_refused_under_our_prefixes_alone(judges, prefix):
    (error,) = judges.validator(SCHEMA).iter_errors({prefix + "color": "red"})
    assert error.instance == prefix + "color"
    assert judges.validator(SCHEMA).is_valid({prefix.replace(".", "x") + "color": "red"})


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from([NEW + "colour", OLD + "size", NEW + "name", "y"]), st.text("r1ed\n0")))
def test_it_passes_what_parsing_finds_no_problem_with(judges, annotations):
    assert judges.validator(SCHEMA).is_valid(annotations) == (not parse(Wishes(), annotations).problems)


def test_every_annotation_is_there_with_its_meaning():
    every = [each for _, each in declared(clb.Options)]
    made = schema(every)
    assert {*made["properties"]} == {prefix + each.suffix for prefix in PREFIXES for each in every}
    assert {made["$defs"][each.suffix]["description"] for each in every} == {each.summary for each in every}
