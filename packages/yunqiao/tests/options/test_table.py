"""Tables that say of every annotation what there is to say."""

from dataclasses import dataclass

from yunqiao.options import table
from yunqiao.options.declare import PREFIXES, declared, one_of, option, text, whole


@dataclass(frozen=True)
class Wishes:
    weight: str | None = option("weight", whole(0, 100), "How much of it.", scope="backend", unset="100")
    colour: str | None = option(
        "colour", one_of("a|b", "c"), "Its colour.",
        parameter="Colour", scope="listener", protocols=("tcp", "udp"), restores="c",
    )  # fmt: skip
    kind: str | None = option("kind", text(9), "Its kind.", parameter="Kind", scope="instance", unset="plain")
    other: str | None = option("other", text(9), "Else.", scope="elsewhere")


ROWS = table.rows([each for _, each in declared(Wishes)], fixed=["Kind"])


def test_rows_come_in_the_order_of_what_they_are_about_and_none_is_left_out():
    assert [row.suffix for row in ROWS] == ["kind", "colour", "weight", "other"]


def test_the_terminal_shows_aligned_columns():
    assert table.text(ROWS).splitlines() == [
        "ANNOTATION  APPLIES TO         DEFAULT  CHANGEABLE        API PARAMETER  VALUES",
        "kind        the load balancer  plain    at creation only  Kind           a text of at most 9 characters",
        "colour      tcp, udp           c        yes               Colour         a|b, c",
        "weight      the backends       100      yes                              a whole number from 0 to 100",
        "other       elsewhere                   yes                              a text of at most 9 characters",
    ]


def test_one_annotation_is_told_in_full_and_what_there_is_not_is_left_out():
    assert table.detail(ROWS[1]).splitlines() == [
        f"annotation     {PREFIXES[0]}colour",
        f"older name     {PREFIXES[1]}colour",
        "meaning        Its colour.",
        "applies to     every listener (tcp, udp)",
        "values         a|b, c",
        "default        c",
        "changeable     yes",
        "taken away     c",
        "API parameter  Colour",
    ]


def test_a_page_has_a_section_for_each_subject_with_the_columns_that_it_needs():
    page = table.markdown(ROWS)
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        "## About the load balancer", "## About every listener", "## About the backends", "## About elsewhere",
    ]  # fmt: skip
    assert "| `colour` | a\\|b, c | Its colour. | tcp, udp | c | yes | `c` | `Colour` |" in page
    assert "| suffix | values | meaning | default | changeable |\n" in page


def test_taking_away_gives_back_what_creation_gives_where_nothing_else_is_said():
    given = option("x", text(9), "X.", parameter="X", unset="on").metadata["option"]
    (row,) = table.rows([given])
    assert row.restored == "on"
    (row,) = table.rows([given], fixed=["X"])
    assert row.restored == ""


def test_json_has_both_names_and_the_schema_of_the_value():
    first = table.as_json(ROWS)[1]
    assert (first["annotation"], first["legacy"]) == (PREFIXES[0] + "colour", PREFIXES[1] + "colour")
    assert first["schema"] == {"type": "string", "enum": ["a|b", "c"]}
    assert (first["protocols"], first["changeable"], first["restores"]) == (("tcp", "udp"), True, "c")
