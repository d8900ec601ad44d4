"""What one policy decides, and in which words."""

import pytest

from kubesim.admission.policy import compiled


def policy(*validations, conditions=(), variables=None, fails=True):
    return compiled(
        {
            "metadata": {"name": "p"},
            "spec": {
                "matchConstraints": {},
                "failurePolicy": "Fail" if fails else "Ignore",
                "matchConditions": [{"name": "c", "expression": each} for each in conditions],
                "variables": [{"name": name, "expression": each} for name, each in (variables or {}).items()],
                "validations": [each if isinstance(each, dict) else {"expression": each} for each in validations],
            },
        }
    )


def told(judged, **obj):
    return [denial.message for denial in judged.judge({"object": obj, "oldObject": None})]


def test_a_rule_that_holds_says_nothing():
    assert told(policy("object.n < 5"), n=4) == []


def test_a_broken_rule_shows_itself_when_it_has_no_words():
    assert told(policy(" object.n < 5 "), n=5) == ["failed expression: object.n < 5"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'n is ' + string(object.n)", "n is 5"),
        ("' spaced '", "spaced"),
        ("'two\\nlines'", "fixed words"),
        ("'  '", "fixed words"),
        ("object.nothing", "fixed words"),
        ("object.long", "fixed words"),
    ],
)
def test_words_are_made_where_they_can_be_and_else_are_the_fixed_ones(text, expected):
    rule = {"expression": "object.n < 5", "message": " fixed words ", "messageExpression": text}
    assert told(policy(rule), n=5, long="x" * 6000) == [expected]


def test_every_broken_rule_is_told_with_its_reason():
    judged = policy({"expression": "false", "reason": "Forbidden"}, "true", "1 == 2")
    denials = list(judged.judge({"object": {}}))
    assert [denial.reason for denial in denials] == ["Forbidden", "Invalid"]


def test_what_cannot_be_evaluated_is_denied_or_let_pass_as_the_failure_policy_says():
    words = "expression 'object.nothing == 1' resulted in error: no such key: nothing"
    assert told(policy("object.nothing == 1")) == [words]
    assert told(policy("object.nothing == 1", "false", fails=False)) == ["failed expression: false"]


def test_a_condition_that_is_false_ends_it_even_beside_one_that_fails():
    assert told(policy("false", conditions=["object.nothing", "false"])) == []
    assert told(policy("false", conditions=["true"])) == ["failed expression: false"]


def test_a_condition_that_fails_counts_as_the_failure_policy_says():
    error = "expression 'object.nothing' resulted in error: no such key: nothing"
    assert told(policy("false", conditions=["object.nothing", "true"])) == [error]
    assert told(policy("false", conditions=["object.nothing"], fails=False)) == []


def test_variables_are_worked_out_of_one_another_when_they_are_needed():
    variables = {"unused": "object.nothing", "twice": "object.n * 2", "more": "variables.twice + 1"}
    assert told(policy("variables.more == 7", variables=variables), n=3) == []
    assert told(policy("true || variables.unused", variables=variables), n=3) == []


def test_a_variable_that_fails_is_named():
    (found,) = told(policy("variables.bad == 1", variables={"bad": "object.nothing"}))
    inner = "expression 'object.nothing' resulted in error: no such key: nothing"
    outer = f'composited variable "bad" fails to evaluate: {inner}'
    assert found == f"expression 'variables.bad == 1' resulted in error: {outer}"


def test_a_variable_that_needs_itself_ends_in_an_error():
    (found,) = told(policy("variables.a", variables={"a": "variables.b", "b": "variables.a"}))
    assert "it needs itself" in found
