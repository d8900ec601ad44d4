"""Patches on anything: they do what their RFCs promise and leave their input alone."""

import copy

from hypothesis import given
from hypothesis import strategies as some

from kubesim.api.field_sets import decode, encode
from kubesim.api.patches import json_patch, merge

SCALARS = some.none() | some.booleans() | some.integers(-9, 9) | some.text("ab/~", max_size=3)
VALUES = some.recursive(
    SCALARS,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text("ab/~", max_size=2), inner),
    max_leaves=8,
)
OBJECTS = some.dictionaries(some.text("abc", min_size=1, max_size=2), VALUES, max_size=4)
PATHS = some.frozensets(
    some.lists(some.sampled_from(["f:a", "f:b", 'k:{"n":1}', 'v:"x"']), min_size=1, max_size=4).map(tuple), max_size=8
)


def has_null(value):
    if isinstance(value, dict):
        return any(has_null(member) for member in value.values())
    return value is None


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_applied_twice_is_applied_once(target, patch):
    before = copy.deepcopy((target, patch))
    once = merge(target, patch)
    assert merge(once, patch) == once
    assert (target, patch) == before


@given(OBJECTS)
def test_a_merge_patch_on_nothing_is_the_object_without_nulls(obj):
    assert not has_null(merge({}, obj))


@given(OBJECTS, some.text("ab/~", min_size=1, max_size=3), VALUES)
def test_what_a_json_patch_adds_it_can_test_and_remove(target, name, value):
    before = copy.deepcopy(target)
    path = "/" + name.replace("~", "~0").replace("/", "~1")
    added = json_patch(
        target, [{"op": "add", "path": path, "value": value}, {"op": "test", "path": path, "value": value}]
    )
    assert added[name] == value
    left = {key: member for key, member in before.items() if key != name}
    assert json_patch(added, [{"op": "remove", "path": path}]) == left
    assert target == before


@given(PATHS)
def test_a_field_set_survives_its_notation(paths):
    assert frozenset(decode(encode(paths))) == paths
