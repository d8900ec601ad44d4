"""Shares of the traffic as weights: sums right, nobody left out, none above 100."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunqiao.controllers.services.clb.weights import parted, scaled

SHARES = st.dictionaries(st.integers(0, 50), st.integers(1, 300), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("shares", "weights"),
    [
        ({"w0": 3, "w1": 1}, {"w0": 3, "w1": 1}),
        ({"w0": 100, "w1": 1}, {"w0": 100, "w1": 1}),
        ({"w0": 250, "w1": 125, "w2": 1}, {"w0": 100, "w1": 50, "w2": 1}),
        ({}, {}),
    ],
)
def test_more_pods_than_100_on_a_node_scale_all_down_alike(shares, weights):
    assert scaled(shares) == weights


@pytest.mark.parametrize(
    ("weight", "shares", "weights"),
    [
        (100, {"a": 1, "b": 1, "c": 1}, {"a": 34, "b": 33, "c": 33}),
        (10, {"a": 9, "b": 1}, {"a": 9, "b": 1}),
        (10, {"a": 30, "b": 1}, {"a": 9, "b": 1}),
        (60, {"a": 3, "b": 1}, {"a": 45, "b": 15}),
        (2, {"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 1, "c": 1}),
        (0, {"a": 1, "b": 5}, {"a": 0, "b": 0}),
        (50, {}, {}),
    ],
)
def test_one_weight_for_all_is_parted_by_shares(weight, shares, weights):
    assert parted(weight, shares) == weights


@given(st.integers(1, 100), SHARES)
def test_the_sum_is_the_weight_and_nobody_gets_nothing(weight, shares):
    weights = parted(weight, shares)
    assert weights.keys() == shares.keys()
    assert min(weights.values()) >= 1
    assert sum(weights.values()) == max(weight, len(shares))


@given(SHARES)
def test_scaled_weights_are_1_to_100_in_the_order_of_the_shares(shares):
    weights = scaled(shares)
    assert all(1 <= weight <= 100 for weight in weights.values())
    assert all(weights[a] <= weights[b] for a in shares for b in shares if shares[a] <= shares[b])
