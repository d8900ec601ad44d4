"""CustomResourceDefinitions and what they describe."""

import pytest

from kubesim.api.patching import MERGE_PATCH, STRATEGIC_PATCH
from kubesim.cluster import new_cluster
from kubesim.errors import StatusError

CUSTOM = "customresourcedefinitions.apiextensions.k8s.io"
THINGS = "things.example.com"
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {"type": "object", "required": ["size"], "properties": {"size": {"type": "integer"}}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}


def definition(name=THINGS, scope="Namespaced", schema=SCHEMA, **names):
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema},
               "subresources": {"status": {}}}  # fmt: skip
    names = {"kind": "Thing", "plural": "things"} | names
    spec = {"group": "example.com", "scope": scope, "names": names, "versions": [version]}
    return {"metadata": {"name": name}, "spec": spec}


def thing(name="a", **more):
    return {"metadata": {"name": name}, "spec": {"size": 1}} | more


@pytest.fixture
def verbs():
    verbs = new_cluster()
    verbs.create(CUSTOM, definition())
    return verbs


def refused(call, *arguments, **more):
    with pytest.raises(StatusError) as caught:
        call(*arguments, **more)
    return caught.value.code, caught.value.message


def test_a_custom_resource_lives_as_others_do(verbs):
    made = verbs.create(THINGS, thing(), "default")
    assert (made["kind"], made["apiVersion"], made["metadata"]["generation"]) == ("Thing", "example.com/v1", 1)
    verbs.patch(THINGS, "a", {"spec": {"size": 2}, "status": {"x": 1}}, MERGE_PATCH, "default")
    written = verbs.patch(THINGS, "a", {"status": {"any": [1]}}, MERGE_PATCH, "default", subresource="status")
    assert (written["spec"], written["status"]) == ({"size": 2}, {"any": [1]})
    assert [each["metadata"]["name"] for each in verbs.list(THINGS)["items"]] == ["a"]
    verbs.delete(THINGS, "a", "default")
    assert verbs.list(THINGS)["items"] == []


def test_what_the_schema_does_not_know_is_pruned_unless_it_is_free(verbs):
    made = verbs.create(THINGS, thing(more=1, spec={"size": 1, "colour": "red"}, free={"deep": {"er": 1}}), "default")
    assert made["spec"] == {"size": 1}
    assert "more" not in made
    assert made["free"] == {"deep": {"er": 1}}


@pytest.mark.parametrize(("spec", "says"), [
    ({"size": "big"}, "spec.size in body must be of type integer"),
    ({"size": True}, "spec.size in body must be of type integer"),
    ({}, "spec.size: Required value"),
])  # fmt: skip
def test_a_field_that_is_missing_or_of_another_type_is_refused(verbs, spec, says):
    code, message = refused(verbs.create, THINGS, thing(spec=spec), "default")
    assert code == 422
    assert says in message


def test_custom_resources_have_no_strategic_merge(verbs):
    verbs.create(THINGS, thing(), "default")
    assert refused(verbs.patch, THINGS, "a", {}, STRATEGIC_PATCH, "default")[0] == 415


def test_the_definition_takes_its_objects_along(verbs):
    verbs.create(THINGS, thing(), "default")
    verbs.delete(CUSTOM, THINGS)
    assert refused(verbs.list, THINGS)[0] == 404
    verbs.create(CUSTOM, definition())
    assert verbs.list(THINGS)["items"] == []


def test_a_cluster_knows_its_own_definitions_alone(verbs):
    assert refused(new_cluster().list, THINGS)[0] == 404


def test_a_definition_whose_name_does_not_fit_is_refused(verbs):
    code, message = refused(verbs.create, CUSTOM, definition("thing.example.com"))
    assert code == 422
    assert 'must be spec.names.plural+"."+spec.group' in message


def test_a_namespace_takes_custom_objects_along(verbs):
    verbs.create("namespaces", {"metadata": {"name": "other"}})
    verbs.create(THINGS, thing(), "other")
    verbs.delete("namespaces", "other")
    assert verbs.list(THINGS)["items"] == []
