"""Calls a minute: the documented ones, none, or a test's own."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from yunsim.errors import ApiError
from yunsim.limits import DOCUMENTED, Limits, rates_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def calls_let_through(limits: Limits, product: str, action: str, now: datetime = NOON) -> int:
    for count in range(5000):
        with contextlib.suppress(ApiError):
            limits.take(product, action, now)
            continue
        return count
    return 5000


def test_a_call_too_many_is_throttled_in_the_clouds_words():
    with pytest.raises(ApiError) as refused:
        Limits({"slb.*": 0}).take("slb", "AddTags", NOON)
    assert (refused.value.status, refused.value.code) == (400, "Throttling.User")


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("slb.CreateLoadBalancer", 90),
        ("slb.DescribeLoadBalancers", 3000),
        ("slb.CreateDomainExtension", 400),
        ("slb.DescribeDomainExtensions", 400),
        ("vpc.CreateRouteEntry", 300),
        ("ecs.DescribeInstances", 1000),
    ],
)
def test_the_documented_rates_are_real(name: str, rate: int):
    assert calls_let_through(Limits(rates_of("real")), *name.split(".")) == rate


def test_nothing_is_limited_unless_asked_for():
    assert calls_let_through(Limits(rates_of("none")), "slb", "CreateLoadBalancer") == 5000


def test_each_action_is_counted_for_itself():
    limits = Limits({"slb.*": 2})
    assert calls_let_through(limits, "slb", "AddTags") == 2
    assert calls_let_through(limits, "slb", "RemoveTags") == 2


def test_the_next_minute_begins_anew():
    limits = Limits({"slb.*": 2})
    assert calls_let_through(limits, "slb", "AddTags") == 2
    assert calls_let_through(limits, "slb", "AddTags", NOON + timedelta(seconds=59)) == 0
    assert calls_let_through(limits, "slb", "AddTags", NOON + timedelta(seconds=60)) == 2


def test_new_rates_begin_a_new_count():
    limits = Limits({"slb.*": 2})
    assert calls_let_through(limits, "slb", "AddTags") == 2
    limits.set(rates_of({"slb.AddTags": 1}))
    assert calls_let_through(limits, "slb", "AddTags") == 1


def test_every_product_with_rates_is_limited_in_whole():
    assert {pattern.split(".")[0] for pattern in DOCUMENTED} == {"slb", "ecs", "vpc", "sts"}
