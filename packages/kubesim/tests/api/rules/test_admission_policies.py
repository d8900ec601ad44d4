"""What a stored policy looks like, and which ones are refused."""

import pytest

from kubesim.errors import StatusError

POLICIES = "validatingadmissionpolicies.admissionregistration.k8s.io"
BINDINGS = "validatingadmissionpolicybindings.admissionregistration.k8s.io"
RULE = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}


def policy(**spec):
    given = {"matchConstraints": {"resourceRules": [dict(RULE)]}, "validations": [{"expression": "true"}]}
    return {"metadata": {"name": "p"}, "spec": given | spec}


def binding(**spec):
    return {"metadata": {"name": "b"}, "spec": {"policyName": "p", "validationActions": ["Deny"]} | spec}


def causes(verbs, resource, obj):
    with pytest.raises(StatusError) as caught:
        verbs.create(resource, obj)
    assert caught.value.code == 422
    return {cause["field"]: cause["message"] for cause in caught.value.details["causes"]}


def test_defaults_are_filled_in(verbs):
    made = verbs.create(POLICIES, policy())
    assert made["spec"]["failurePolicy"] == "Fail"
    matched = made["spec"]["matchConstraints"]
    assert (matched["matchPolicy"], matched["namespaceSelector"], matched["objectSelector"]) == ("Equivalent", {}, {})
    assert matched["resourceRules"][0]["scope"] == "*"
    assert (made["metadata"]["generation"], made["status"]) == (1, {})


def test_an_expression_must_compile(verbs):
    wrong = policy(
        matchConditions=[{"name": "c", "expression": "'text'"}],
        variables=[{"name": "v", "expression": "nobody"}],
        validations=[{"expression": "1 +", "messageExpression": "1"}],
    )
    found = causes(verbs, POLICIES, wrong)
    assert found["spec.matchConditions[0].expression"] == (
        "Invalid value: \"'text'\": compilation failed: must evaluate to bool"
    )
    assert "undeclared reference to 'nobody'" in found["spec.variables[0].expression"]
    assert "Syntax error" in found["spec.validations[0].expression"]
    assert "must evaluate to string" in found["spec.validations[0].messageExpression"]


def test_a_policy_needs_rules_for_what_and_about_what(verbs):
    found = causes(verbs, POLICIES, policy(matchConstraints={}, validations=[], failurePolicy="Maybe"))
    assert found["spec.matchConstraints.resourceRules"] == "Required value"
    assert "must contain at least one item" in found["spec.validations"]
    assert "Unsupported value" in found["spec.failurePolicy"]
    found = causes(verbs, POLICIES, policy(validations=[{"expression": " ", "reason": "No", "message": "a\nb"}]))
    assert set(found) == {f"spec.validations[0].{name}" for name in ("expression", "reason", "message")}


def test_what_is_not_simulated_is_refused_and_not_passed_over(verbs):
    kind = {"apiVersion": "v1", "kind": "ConfigMap"}
    assert "without parameters" in causes(verbs, POLICIES, policy(paramKind=kind))["spec.paramKind"]
    assert "spec.paramRef" in causes(
        verbs, BINDINGS, binding(paramRef={"name": "x", "parameterNotFoundAction": "Deny"})
    )
    used = policy(validations=[{"expression": "authorizer.path('/').check('get').allowed()"}])
    assert "undeclared reference to 'authorizer'" in causes(verbs, POLICIES, used)["spec.validations[0].expression"]


@pytest.mark.parametrize(
    ("actions", "words"),
    [([], "Required value"), (["Refuse"], "Unsupported value"), (["Deny", "Warn"], "must not contain both")],
)
def test_a_binding_says_what_is_to_happen(verbs, actions, words):
    assert words in causes(verbs, BINDINGS, binding(validationActions=actions))["spec.validationActions"]


def test_a_binding_names_its_policy(verbs):
    assert causes(verbs, BINDINGS, binding(policyName=""))["spec.policyName"] == "Required value"
