"""Policies in a cluster: who is refused, who is warned, and how."""

import pytest

from kubesim.api.options import Write
from kubesim.errors import StatusError

MERGE = "application/merge-patch+json"
BINDINGS = "validatingadmissionpolicybindings.admissionregistration.k8s.io"
POLICIES = "validatingadmissionpolicies.admissionregistration.k8s.io"
SMALL = "!has(object.data) || size(object.data) < 2"


def configmap(name="c", **data):
    return {"metadata": {"name": name}, "data": data}


def refused(call, *arguments, **named):
    with pytest.raises(StatusError) as caught:
        call(*arguments, **named)
    return caught.value


def test_a_denial_is_worded_as_the_real_server_words_it(verbs, forbid):
    forbid(SMALL)
    error = refused(verbs.create, "configmaps", configmap(a="1", b="2"), "default")
    words = f"ValidatingAdmissionPolicy 'p' with binding 'p-binding' denied request: failed expression: {SMALL}"
    assert (error.code, error.reason) == (422, "Invalid")
    assert error.message == f'configmaps "c" is forbidden: {words}'
    assert error.details == {"name": "c", "kind": "configmaps", "causes": [{"message": words}]}
    assert verbs.list("configmaps", "default")["items"] == []


@pytest.mark.parametrize(
    ("reason", "code"), [("Forbidden", 403), ("Unauthorized", 401), ("RequestEntityTooLarge", 413), ("Invalid", 422)]
)
def test_a_reason_has_its_code(verbs, forbid, reason, code):
    forbid(validations=[{"expression": "false", "reason": reason}])
    error = refused(verbs.create, "deployments.apps", deployment(), "default")
    assert (error.code, error.reason, error.details["group"]) == (code, reason, "apps")


def test_every_way_of_writing_is_judged(verbs, forbid):
    verbs.create("configmaps", configmap(a="1"), "default")
    forbid(SMALL)
    two = {"data": {"b": "2"}}
    apply = configmap(b="2") | {"kind": "ConfigMap", "apiVersion": "v1"}
    for attempt in (
        lambda: verbs.update("configmaps", configmap(a="1", b="2"), "default"),
        lambda: verbs.patch("configmaps", "c", two, MERGE, "default"),
        lambda: verbs.patch("configmaps", "c", apply, "application/apply-patch+yaml", "default", options=Write("m")),
        lambda: verbs.create("configmaps", configmap("d", a="1", b="2"), "default", options=Write(dry_run=True)),
    ):
        assert refused(attempt).code == 422
    assert verbs.get("configmaps", "c", "default")["data"] == {"a": "1"}
    verbs.patch("configmaps", "c", {"data": {"a": "2"}}, MERGE, "default")


def test_a_deletion_has_only_an_old_object(verbs, forbid):
    verbs.create("configmaps", configmap(keep="yes"), "default")
    verbs.create("configmaps", configmap("d"), "default")
    forbid("request.operation != 'DELETE' || (object == null && !('keep' in oldObject.data))")
    assert refused(verbs.delete, "configmaps", "c", "default").code == 422
    verbs.delete("configmaps", "d", "default")


def test_a_creation_has_no_old_object_and_an_update_has_both(verbs, forbid):
    forbid("(request.operation == 'CREATE') == (oldObject == null)", "request.operation == 'DELETE' || object != null")
    verbs.create("configmaps", configmap(), "default")
    verbs.update("configmaps", configmap(a="1"), "default")


def test_scale_is_judged_as_a_scale_and_a_status_by_its_own_rule(verbs, forbid):
    rules = [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["UPDATE"], "resources": ["deployments/scale"]}]
    forbid("object.kind == 'Scale' && object.spec.replicas < 5", rules=rules)
    verbs.create("deployments.apps", deployment(), "default")
    scale = verbs.get("deployments.apps", "d", "default", subresource="scale")
    too_many = scale | {"spec": {"replicas": 9}}
    assert refused(verbs.update, "deployments.apps", too_many, "default", subresource="scale").code == 422
    verbs.patch("deployments.apps", "d", {"spec": {"replicas": 9}}, MERGE, "default")
    verbs.patch("deployments.apps", "d", {"status": {"replicas": 9}}, MERGE, "default", subresource="status")


def test_a_warning_lets_the_write_pass(verbs, forbid):
    forbid("false", actions=["Warn", "Audit"])
    heard = []
    verbs.create("configmaps", configmap(), "default", options=Write(warn=heard.append))
    words = "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p-binding': failed expression: false"
    assert heard == [words]


def test_a_binding_narrows_its_policy(verbs, forbid):
    forbid("false", bound={"resourceRules": [{
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["secrets"],
    }]})  # fmt: skip
    verbs.create("configmaps", configmap(), "default")
    assert refused(verbs.create, "secrets", {"metadata": {"name": "s"}}, "default").code == 422


def test_a_policy_without_binding_and_a_binding_without_policy_do_nothing(verbs, forbid):
    forbid("false", actions=["Audit"])
    verbs.create("configmaps", configmap(), "default")
    verbs.delete(POLICIES, "p")
    verbs.create("configmaps", configmap("d"), "default")
    verbs.delete(BINDINGS, "p-binding")
    verbs.create("configmaps", configmap("e"), "default")


def test_a_change_of_policy_or_binding_counts_from_then_on(verbs, forbid):
    forbid("true")
    verbs.create("configmaps", configmap(), "default")
    verbs.patch(POLICIES, "p", {"spec": {"validations": [{"expression": "false"}]}}, MERGE)
    assert refused(verbs.create, "configmaps", configmap("d"), "default").code == 422
    verbs.patch(BINDINGS, "p-binding", {"spec": {"validationActions": ["Warn"]}}, MERGE)
    verbs.create("configmaps", configmap("d"), "default")


def test_nobody_can_shut_himself_out_of_policies(verbs, forbid):
    forbid("false")
    verbs.delete(BINDINGS, "p-binding")
    verbs.delete(POLICIES, "p")


def test_the_namespace_and_the_user_can_be_seen(verbs, forbid):
    forbid("namespaceObject.metadata.name == 'default' && request.userInfo.username == 'kubesim'", match={
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}},
    })  # fmt: skip
    verbs.create("configmaps", configmap(), "default")


def deployment():
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    return {"metadata": {"name": "d"}, "spec": spec}
