"""JSON patches and merge patches."""

import pytest

from kubesim.api.patches import json_patch, merge
from kubesim.errors import StatusError


def test_a_merge_patch_sets_replaces_and_removes():
    before = {"a": {"b": 1, "c": 2}, "d": [1, 2]}
    assert merge(before, {"a": {"b": None, "e": 3}, "d": [9]}) == {"a": {"c": 2, "e": 3}, "d": [9]}
    assert before == {"a": {"b": 1, "c": 2}, "d": [1, 2]}


def test_a_merge_patch_drops_nulls_in_new_members():
    assert merge({}, {"a": {"b": None}}) == {"a": {}}


@pytest.mark.parametrize(
    ("operation", "result"),
    [
        ({"op": "add", "path": "/a/-", "value": 3}, {"a": [1, 2, 3]}),
        ({"op": "add", "path": "/a/0", "value": 0}, {"a": [0, 1, 2]}),
        ({"op": "add", "path": "/x~1y", "value": 1}, {"a": [1, 2], "x/y": 1}),
        ({"op": "remove", "path": "/a/1"}, {"a": [1]}),
        ({"op": "replace", "path": "/a/1", "value": 5}, {"a": [1, 5]}),
        ({"op": "move", "from": "/a", "path": "/b"}, {"b": [1, 2]}),
        ({"op": "copy", "from": "/a/0", "path": "/b"}, {"a": [1, 2], "b": 1}),
        ({"op": "test", "path": "/a/0", "value": 1}, {"a": [1, 2]}),
    ],
)
def test_json_patch_operations(operation, result):
    before = {"a": [1, 2]}
    assert json_patch(before, [operation]) == result
    assert before == {"a": [1, 2]}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": 2},
        {"op": "remove", "path": "/b"},
        {"op": "replace", "path": "/b", "value": 1},
        {"op": "add", "path": "/b/c", "value": 1},
        {"op": "nonsense", "path": "/a"},
    ],
)
def test_a_json_patch_that_does_not_fit_is_rejected(operation):
    with pytest.raises(StatusError, match="the server rejected our request") as caught:
        json_patch({"a": 1}, [operation])
    assert caught.value.code == 422
