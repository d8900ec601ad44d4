import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.hollow.rollout import Bounds, Size, bounds, grow, shrink, template_hash


def rolling(replicas, surge, unavailable):
    strategy = {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    return bounds({"spec": {"replicas": replicas, "strategy": strategy}})


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (10, "25%", "25%", Bounds(10, 3, 2)),
        (2, "25%", "25%", Bounds(2, 1, 0)),
        (10, 1, 0, Bounds(10, 1, 0)),
        (10, 0, 0, Bounds(10, 0, 1)),
        (1, "0%", "50%", Bounds(1, 0, 1)),
    ],
)
def test_percentages_round_up_for_surge_and_down_for_unavailable(replicas, surge, unavailable, expected):
    assert rolling(replicas, surge, unavailable) == expected


def test_the_new_grows_by_what_surge_allows():
    assert grow(Bounds(10, 3, 2), Size(0, 0), [Size(10, 10)]) == 3
    assert grow(Bounds(10, 3, 2), Size(3, 0), [Size(8, 8)]) == 5
    assert grow(Bounds(10, 3, 2), Size(12, 12), []) == 10


def test_the_old_shrinks_by_what_may_be_unavailable():
    assert shrink(Bounds(10, 3, 2), Size(3, 0), [Size(10, 10)]) == [8]
    assert shrink(Bounds(10, 3, 2), Size(3, 3), [Size(10, 10)]) == [5]


def test_what_is_broken_goes_first():
    assert shrink(Bounds(4, 1, 0), Size(1, 0), [Size(2, 2), Size(3, 1)]) == [2, 2]


@given(
    replicas=st.integers(0, 20),
    surge=st.integers(0, 5),
    unavailable=st.integers(0, 5),
    sizes=st.lists(st.integers(0, 20), min_size=1, max_size=3),
)
def test_every_rollout_ends_and_keeps_to_its_bounds(replicas, surge, unavailable, sizes):
    limits = rolling(replicas, surge, unavailable)
    new, olds = Size(0, 0), [Size(size, size) for size in sizes]
    start = sum(sizes)
    for _ in range(200):
        replicas_before = new.replicas + sum(old.replicas for old in olds)
        after = shrink(limits, new, olds)
        grown = grow(limits, new, olds)
        assert grown + sum(old.replicas for old in olds) <= max(replicas_before, limits.replicas + limits.surge)
        remaining = new.available + sum(min(old.available, left) for old, left in zip(olds, after, strict=True))
        assert remaining >= min(limits.replicas - limits.unavailable, start, remaining + (sum(after) == sum(sizes)))
        olds, new = [Size(left, left) for left in after], Size(grown, grown)
        if new.replicas == replicas and not any(after):
            return
    raise AssertionError("the rollout never ended")


@given(replicas=st.integers(1, 20), surge=st.integers(0, 5), unavailable=st.integers(0, 5))
def test_a_rollout_to_pods_that_never_become_ready_keeps_the_old_ones_serving(replicas, surge, unavailable):
    limits = rolling(replicas, surge, unavailable)
    new, old = Size(0, 0), Size(replicas, replicas)
    for _ in range(50):
        (left,) = shrink(limits, new, [old])
        new, old = Size(grow(limits, new, [old]), 0), Size(left, left)
    assert old.available >= replicas - limits.unavailable


def test_the_hash_of_a_template_does_not_depend_on_the_hash_label():
    template = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": []}}
    marked = {"metadata": {"labels": {"app": "x", "pod-template-hash": "abc"}}, "spec": {"containers": []}}
    assert template_hash(template) == template_hash(marked)
    assert template_hash(template) != template_hash(template, 1)
