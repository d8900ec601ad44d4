"""An object after a patch, as the API server would have it."""

import pytest

from yunqiao.model.patching import patched

READY = {"type": "Ready", "status": "True"}


@pytest.mark.parametrize(
    ("target", "patch", "after"),
    [
        ({"a": 1, "b": {"c": 2}}, {"b": {"d": 3}}, {"a": 1, "b": {"c": 2, "d": 3}}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({}, {"a": {"b": None}}, {"a": {}}),
        ({"taints": [1]}, {"taints": [2]}, {"taints": [2]}),
        ({"conditions": [READY]}, {"conditions": [{"type": "X"}]}, {"conditions": [READY, {"type": "X"}]}),
        ({"conditions": [READY]}, {"conditions": [{"type": "Ready", "status": "False"}]},
         {"conditions": [{"type": "Ready", "status": "False"}]}),
        ({"conditions": [READY]}, {"conditions": [{"$patch": "delete", "type": "Ready"}]}, {"conditions": []}),
        ({"addresses": [1]}, {"addresses": [{"$patch": "replace"}, 2, 3]}, {"addresses": [2, 3]}),
    ],
)  # fmt: skip
def test_maps_are_merged_conditions_by_type_and_lists_replaced(target, patch, after):
    before = repr(target)
    assert patched(target, patch) == after
    assert repr(target) == before
