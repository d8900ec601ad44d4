"""Selectors: what matches, and what cannot be read."""

import pytest

from kubesim.api.selectors import field_predicate, label_predicate, matches
from kubesim.errors import StatusError
from kubesim.kinds import BY_RESOURCE


@pytest.mark.parametrize(
    ("selector", "selects"),
    [
        ("", True),
        ("app=web", True),
        ("app==web,tier!=front", True),
        ("app=db", False),
        ("app", True),
        ("!app", False),
        ("!other", True),
        ("app in (web, db)", True),
        ("app notin (web)", False),
        ("other notin (web)", True),
        ("size>3", True),
        ("size<3", False),
        ("tier=", False),
    ],
)
def test_label_selectors_select(selector, selects):
    assert label_predicate(selector)({"metadata": {"labels": {"app": "web", "size": "5"}}}) is selects


@pytest.mark.parametrize("selector", ["x===y", "x in y", "x in (y", "=y", "x=y z"])
def test_a_selector_that_cannot_be_read_is_refused(selector):
    with pytest.raises(StatusError, match="unable to parse requirement") as caught:
        label_predicate(selector)
    assert caught.value.code == 400


def test_label_selectors_of_objects_select():
    selector = {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "Exists"}]}
    assert matches(selector, {"a": "b", "c": ""})
    assert not matches(selector, {"a": "b"})
    assert matches({}, {"a": "b"})
    assert not matches(None, {"a": "b"})


def test_field_selectors_select_what_the_kind_indexes():
    pods = BY_RESOURCE["pods"]
    pod = {"metadata": {"name": "p", "namespace": "n"}, "spec": {"nodeName": "x"}, "status": {"phase": "Running"}}
    assert field_predicate(pods, "spec.nodeName=x,status.phase!=Failed")(pod)
    assert not field_predicate(pods, "metadata.name=other")(pod)


def test_a_field_that_is_not_indexed_is_refused():
    with pytest.raises(StatusError, match=r"field label not supported: spec.nosuch"):
        field_predicate(BY_RESOURCE["services"], "spec.nosuch=1")


def test_a_cluster_scoped_kind_has_no_namespace_to_select_by():
    with pytest.raises(StatusError, match="field label not supported"):
        field_predicate(BY_RESOURCE["nodes"], "metadata.namespace=x")
