"""A cluster to which a policy is given in a few words."""

import pytest

ANYTHING = [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*", "*/*"]}]


@pytest.fixture
def forbid(verbs):
    """Store a policy and its binding: `forbid(expression, ...)` takes fields of both specs by name."""

    def store(*expressions, name="p", actions=("Deny",), rules=ANYTHING, match=None, bound=None, **spec):
        constraints = {"resourceRules": rules, **(match or {})}
        spec = {"validations": [{"expression": each} for each in expressions]} | spec
        policy = {"metadata": {"name": name}, "spec": {"matchConstraints": constraints, **spec}}
        binding = {"policyName": name, "validationActions": [*actions], **({"matchResources": bound} if bound else {})}
        verbs.create("validatingadmissionpolicies.admissionregistration.k8s.io", policy)
        verbs.create(
            "validatingadmissionpolicybindings.admissionregistration.k8s.io",
            {"metadata": {"name": f"{name}-binding"}, "spec": binding},
        )

    return store
