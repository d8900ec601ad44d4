"""The world's clock, and addresses on the wire."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network

from yunsim.world import SteppedClock, World


def test_a_clock_follows_the_real_one_and_can_be_moved_ahead():
    clock = SteppedClock()
    before = datetime.now(UTC)
    clock.advance(3600)
    assert timedelta(0) <= clock.now() - before - timedelta(hours=1) < timedelta(seconds=5)
    clock.reset()
    assert clock.now() - before < timedelta(seconds=5)


def test_a_frozen_clock_stands_still_but_can_be_moved():
    clock = SteppedClock()
    clock.freeze()
    stood = clock.now()
    assert clock.now() == stood
    clock.advance(10)
    assert clock.now() == stood + timedelta(seconds=10)


def test_a_clock_that_runs_again_goes_on_from_where_it_stood():
    clock = SteppedClock(frozen_at=datetime(2020, 1, 1, tzinfo=UTC))
    clock.run()
    assert timedelta(0) <= clock.now() - datetime(2020, 1, 1, tzinfo=UTC) < timedelta(seconds=5)


def test_an_announced_prefix_is_mapped_address_by_address():
    world = World(wire={IPv4Network("10.244.0.0/16"): IPv4Network("127.244.0.0/16")})
    assert world.wire_address("10.244.0.0") == "127.244.0.0"
    assert world.wire_address("10.244.255.255") == "127.244.255.255"
    assert world.wire_address("10.243.255.255") == "10.243.255.255"


def test_ids_begin_anew_when_a_world_is_cleared():
    world = World()
    first = world.new_id("lb-")
    assert world.new_id("lb-") != first
    world.clear()
    assert world.new_id("lb-") == first
