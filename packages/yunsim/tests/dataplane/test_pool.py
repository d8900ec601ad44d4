import asyncio
from collections import Counter

import pytest

from yunsim.dataplane.engine import Backend, HealthCheck, Listener
from yunsim.dataplane.health import Health
from yunsim.dataplane.pool import Pool

CHECK = HealthCheck()


def health(state="normal"):
    known = Health(CHECK, state)
    if state != "unavailable":
        known.probed.set()
    return known


def assign(pool, scheduler, weights, states=None):
    """Backends named a, b, c ... of these weights; all healthy unless told otherwise."""
    states = states or {}
    backends = tuple(Backend(key, "127.0.0.9", 1, weight) for key, weight in weights.items())
    listener = Listener("lb", "127.0.0.1", 80, "tcp", scheduler, backends, CHECK)
    pool.assign(listener, lambda backend, _: states.get(backend.key) or health())
    return pool


def turns(pool, count):
    return "".join(pool.choose().backend.key for _ in range(count))


def test_round_robin_takes_turns_whatever_the_weights():
    assert turns(assign(Pool(), "rr", {"a": 1, "b": 100, "c": 50}), 6) == "abcabc"


def test_weighted_round_robin_follows_the_weights_and_interleaves():
    assert turns(assign(Pool(), "wrr", {"a": 3, "b": 1}), 8) == "aabaaaba"


def test_claims_of_earlier_weights_are_forgotten():
    pool = assign(Pool(), "wrr", {"a": 100, "b": 100})
    assert turns(pool, 1) == "a"
    assert turns(assign(pool, "wrr", {"a": 1, "b": 1}), 4) == "abab"
    assert turns(assign(pool, "wrr", {"a": 1, "b": 1}), 1) == "a"
    assert turns(assign(pool, "wrr", {"a": 1, "b": 1}), 1) == "b", "nothing has changed, turns go on"


@pytest.mark.parametrize("scheduler", ["rr", "wrr", "wlc", "sch"])
def test_weight_zero_takes_nothing(scheduler):
    assert turns(assign(Pool(), scheduler, {"a": 0, "b": 1}), 3) == "bbb"
    assert assign(Pool(), scheduler, {"a": 0}).choose() is None


@pytest.mark.parametrize("scheduler", ["rr", "wrr", "wlc", "sch"])
@pytest.mark.parametrize("state", ["abnormal", "unavailable"])
def test_only_healthy_backends_take_new_connections(scheduler, state):
    assert turns(assign(Pool(), scheduler, {"a": 1, "b": 1}, {"a": health(state)}), 3) == "bbb"


def test_least_connections_counts_per_weight():
    pool = assign(Pool(), "wlc", {"a": 10, "b": 30})
    for _ in range(40):
        pool.choose().active += 1
    assert {target.backend.key: target.active for target in pool.targets} == {"a": 10, "b": 30}
    pool.targets[0].active = 0
    assert turns(pool, 1) == "a"


def test_least_connections_spreads_what_ends_at_once():
    assert Counter(turns(assign(Pool(), "wlc", {"a": 1, "b": 1, "c": 1}), 9)) == {"a": 3, "b": 3, "c": 3}


def test_a_backend_that_stays_keeps_its_connections_and_one_that_returns_starts_anew():
    pool = assign(Pool(), "wlc", {"a": 1, "b": 1})
    for target in pool.targets:
        target.active = 7
    assign(pool, "wlc", {"a": 5})
    assign(pool, "wlc", {"a": 5, "b": 1})
    assert [(target.backend.weight, target.active) for target in pool.targets] == [(5, 7), (1, 0)]


def test_those_already_tried_are_left_out():
    pool = assign(Pool(), "rr", {"a": 1, "b": 1})
    tried = {pool.choose()}
    assert [pool.choose(tried).backend.key for _ in range(2)] == ["b", "b"]


async def test_a_first_probe_is_waited_for_when_nobody_else_is_ready():
    fresh = health("unavailable")
    pool = assign(Pool(), "rr", {"a": 1}, {"a": fresh})
    waiting = asyncio.create_task(pool.wait((), 5))
    await asyncio.sleep(0)
    fresh.record(True)
    assert (await waiting).backend.key == "a"


async def test_a_failed_first_probe_is_not_waited_for_again():
    fresh = health("unavailable")
    pool = assign(Pool(), "rr", {"a": 1}, {"a": fresh})
    waiting = asyncio.create_task(pool.wait((), 5))
    await asyncio.sleep(0)
    fresh.record(False)
    assert await waiting is None


async def test_the_wait_for_a_first_probe_has_an_end():
    assert await assign(Pool(), "rr", {"a": 1}, {"a": health("unavailable")}).wait((), 0.01) is None


def test_a_client_that_is_hashed_has_one_backend_while_that_takes_connections():
    states = {key: health() for key in "abc"}
    pool = assign(Pool(), "sch", dict.fromkeys("abc", 1), states)
    before = {client: pool.choose(client=client) for client in (b"%d" % number for number in range(60))}
    states["a"].state = "abnormal"
    for client, target in before.items():
        now = pool.choose(client=client)
        assert (now is target) == (target.backend.key != "a")
    assert Counter(target.backend.key for target in before.values()).keys() == set("abc")
