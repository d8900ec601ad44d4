"""Which requests a policy looks at."""

import pytest

from kubesim.admission.matching import Request, is_matched
from kubesim.api.options import ITSELF
from kubesim.kinds import BY_RESOURCE

NAMESPACE = {"metadata": {"name": "shop", "labels": {"team": "a"}}}


def request(resource="services", subresource="", *, old=None, new=True, name="s", labels=None):
    kind = BY_RESOURCE[resource]
    state = {"metadata": {"name": name, "namespace": "shop" if kind.namespaced else "", "labels": labels or {}}}
    return Request(kind, subresource, state if old else None, state if new else None, ITSELF, dry_run=False)


def rule(resources=("*",), operations=("*",), groups=("*",), versions=("*",), **more):
    return {"resources": resources, "operations": operations, "apiGroups": groups, "apiVersions": versions, **more}


@pytest.mark.parametrize(
    ("resources", "subresource", "expected"),
    [
        (["services"], "", True),
        (["services"], "status", False),
        (["services/status"], "status", True),
        (["services/*"], "status", True),
        (["services/*"], "", True),
        (["*"], "", True),
        (["*"], "status", False),
        (["*/status"], "status", True),
        (["*/*"], "status", True),
        (["*/*"], "", True),
        (["pods", "services"], "", True),
        (["pods"], "", False),
    ],
)
def test_resources_are_matched_with_their_subresources(resources, subresource, expected):
    asked = request(subresource=subresource)
    assert is_matched({"resourceRules": [rule(resources)]}, asked, NAMESPACE) is expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"operations": ["CREATE"]}, True),
        ({"operations": ["UPDATE", "DELETE"]}, False),
        ({"groups": ["apps"]}, False),
        ({"versions": ["v2"]}, False),
        ({"scope": "Cluster"}, False),
        ({"scope": "Namespaced"}, True),
        ({"resourceNames": ["other"]}, False),
        ({"resourceNames": ["other", "s"]}, True),
    ],
)
def test_every_part_of_a_rule_counts(more, expected):
    assert is_matched({"resourceRules": [rule(**more)]}, request(), NAMESPACE) is expected


def test_what_happens_follows_from_what_was_and_what_is_to_be():
    assert request().operation == "CREATE"
    assert request(old=True).operation == "UPDATE"
    assert request(old=True, new=False).operation == "DELETE"


def test_an_exclusion_wins():
    resources = {"resourceRules": [rule()], "excludeResourceRules": [rule(["services"])]}
    assert not is_matched(resources, request(), NAMESPACE)
    assert is_matched(resources, request("pods"), NAMESPACE)


def test_without_rules_everything_is_taken_as_a_binding_does():
    assert is_matched({}, request(), NAMESPACE)


def test_namespaces_are_chosen_by_their_labels_and_cluster_scoped_objects_always():
    resources = {"resourceRules": [rule()], "namespaceSelector": {"matchLabels": {"team": "b"}}}
    assert not is_matched(resources, request(), NAMESPACE)
    assert is_matched(resources, request("nodes"), None)
    assert not is_matched(resources, request("namespaces", labels={"team": "a"}), None)
    assert is_matched(resources, request("namespaces", labels={"team": "b"}), None)


def test_objects_are_chosen_by_their_labels_before_or_after():
    resources = {
        "resourceRules": [rule()],
        "objectSelector": {"matchExpressions": [{"key": "x", "operator": "Exists"}]},
    }
    kind, plain, marked = BY_RESOURCE["services"], {"metadata": {}}, {"metadata": {"labels": {"x": ""}}}
    assert not is_matched(resources, Request(kind, "", plain, plain, ITSELF, dry_run=False), NAMESPACE)
    assert is_matched(resources, Request(kind, "", marked, plain, ITSELF, dry_run=False), NAMESPACE)
    assert is_matched(resources, Request(kind, "", plain, marked, ITSELF, dry_run=False), NAMESPACE)


def test_a_request_shows_itself_as_an_admission_request():
    body = request("deployments.apps", "scale", old=True).body()
    assert body["kind"] == {"group": "apps", "version": "v1", "kind": "Deployment"}
    assert body["resource"] == body["requestResource"] == {"group": "apps", "version": "v1", "resource": "deployments"}
    assert (body["name"], body["namespace"], body["subResource"]) == ("s", "shop", "scale")
    assert (body["operation"], body["dryRun"]) == ("UPDATE", False)
    assert body["userInfo"]["username"] == ITSELF.name
