"""A policy by kubectl: stored, listed, and heard when an object breaks it."""

import json
import time

import pytest

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: judged}\ndata: {colour: %s}\n"


def documents(namespace):
    """A policy for one namespace alone, so that a shared cluster is left in peace."""
    api, name = "admissionregistration.k8s.io/v1", f"colours-{namespace}"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}
    here = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule], "namespaceSelector": here},
        "matchConditions": [{"name": "has-a-colour", "expression": "has(object.data) && 'colour' in object.data"}],
        "variables": [{"name": "colour", "expression": "object.data['colour']"}],
        "validations": [
            {"expression": "variables.colour in ['red', 'green']", "messageExpression": "'not ' + variables.colour"}
        ],
    }
    bound = {"policyName": name, "validationActions": ["Deny"]}
    policy = {"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name}, "spec": spec}
    binding = {"apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name}, "spec": bound}
    return policy, binding


@pytest.fixture(scope="module")
def judged(kubectl):
    both = documents(kubectl.namespace)
    for each in both:
        kubectl("apply", "-f", "-", stdin=json.dumps(each))
    try:
        _until_it_counts(kubectl)
        yield both[0]["metadata"]["name"]
    finally:
        kubectl("delete", "validatingadmissionpolicybinding,validatingadmissionpolicy", both[0]["metadata"]["name"])


def _until_it_counts(kubectl):
    """A real server needs a moment until a new policy is in force."""
    for _ in range(100):
        if kubectl.run("apply", "--dry-run=server", "-f", "-", stdin=MAP % "blue").returncode:
            return
        time.sleep(0.1)
    pytest.fail("the policy did not come into force")


def test_an_object_that_breaks_a_policy_is_refused_in_the_policys_words(kubectl, judged):
    said = kubectl.refused("apply", "-f", "-", stdin=MAP % "blue")
    words = f"ValidatingAdmissionPolicy '{judged}' with binding '{judged}' denied request: not blue"
    assert said == f'The configmaps "judged" is invalid: : {words}\n'


def test_an_object_that_keeps_to_it_is_stored_and_can_go(kubectl, judged):
    assert kubectl("apply", "-f", "-", stdin=MAP % "red") == "configmap/judged created\n"
    assert "denied request: not grey" in kubectl.refused("apply", "-f", "-", stdin=MAP % "grey")
    assert kubectl("delete", "configmap", "judged").startswith('configmap "judged" deleted')


def test_policies_are_listed_with_what_they_say(kubectl, judged):
    header, *rows = kubectl("get", "validatingadmissionpolicies").splitlines()
    assert header.split() == ["NAME", "VALIDATIONS", "PARAMKIND", "AGE"]
    assert [judged, "1", "<unset>"] in [row.split()[:3] for row in rows]
    header, *rows = kubectl("get", "validatingadmissionpolicybindings").splitlines()
    assert header.split() == ["NAME", "POLICYNAME", "PARAMREF", "AGE"]
    assert [judged, judged, "<unset>"] in [row.split()[:3] for row in rows]


def test_a_policy_that_does_not_compile_is_refused(kubectl):
    policy = documents(kubectl.namespace)[0]
    policy["metadata"]["name"] += "-wrong"
    policy["spec"]["validations"] = [{"expression": "nobody == 1"}]
    said = kubectl.refused("apply", "-f", "-", stdin=json.dumps(policy))
    assert "spec.validations[0].expression: Invalid value" in said
    assert "undeclared reference to 'nobody'" in said
