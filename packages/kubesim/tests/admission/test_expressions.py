"""CEL as the API server has it: compiled with types, evaluated with errors as values."""

import subprocess
import sys

import pytest

from kubesim.admission.expressions import Expression, NotCompiled, NotEvaluated

DATA = {"object": {"a": {"b": ["x", "y"]}, "n": 3}, "oldObject": None}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("object.a.b.exists(each, each == 'y')", True),
        ("has(object.a.c)", False),
        ("object.?c.orValue('none')", "none"),
        ("oldObject == null", True),
        ("object.n + 1", 4),
        ("'A-b'.lowerAscii().replace('-', '')", "ab"),
        ("['a', 'b'].join(', ')", "a, b"),
        ("'\u00e9'.matches('^.$')", True),
        ("true || object.nothing", True),
    ],
)
def test_an_expression_has_its_value(text, value):
    assert Expression(text).evaluate(DATA) == value


@pytest.mark.parametrize("text", ["object.", "nobody == 1", "1 + 'a'", "object.unknownFunction()"])
def test_what_cannot_be_compiled_is_told(text):
    with pytest.raises(NotCompiled, match=r"^ERROR: <input>:1:"):
        Expression(text)


def test_the_type_of_the_result_is_held_to():
    with pytest.raises(NotCompiled, match="must evaluate to bool"):
        Expression("'yes'", "BOOL")
    assert Expression("object.ok", "BOOL").evaluate({"object": {"ok": True}}) is True


@pytest.mark.parametrize(
    ("text", "words"), [("object.c", "no such key: c"), ("1 / 0", "divide by zero"), ("object.n > 'a'", "No matching")]
)
def test_an_expression_without_a_value_says_why(text, words):
    with pytest.raises(NotEvaluated, match=words):
        Expression(text).evaluate(DATA)


def test_the_runtime_is_loaded_by_the_first_policy_and_not_before():
    program = """
import sys
from kubesim.cluster import new_cluster
verbs = new_cluster()
verbs.create("configmaps", {"metadata": {"name": "c"}}, "default")
assert "cel_expr_python" not in sys.modules
rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]
spec = {"matchConstraints": {"resourceRules": rules}, "validations": [{"expression": "true"}]}
verbs.create("validatingadmissionpolicies.admissionregistration.k8s.io", {"metadata": {"name": "p"}, "spec": spec})
assert "cel_expr_python" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
