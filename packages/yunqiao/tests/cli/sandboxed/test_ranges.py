"""Ranges of 127.0.0.0/8: never the same one twice, and free again afterwards."""

import socket

import pytest

from yunqiao.cli.sandboxed import ranges
from yunqiao.cli.sandboxed.ranges import free_range, lowest_port


def test_two_sandboxes_at_a_time_have_different_ranges() -> None:
    with free_range() as one, free_range() as other:
        assert one != other


def test_a_range_is_free_again_when_its_sandbox_has_ended() -> None:
    with free_range() as number:
        pass
    with socket.socket() as lock:
        lock.bind((f"127.{number}.255.254", ranges.LOCK_PORT))


def test_when_every_range_is_taken_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "FIRST", 214)
    monkeypatch.setattr(ranges, "LAST", 215)
    with socket.socket() as lock:
        lock.bind(("127.214.255.254", ranges.LOCK_PORT))
        with pytest.raises(OSError, match=r"every range from 127\.214\.0\.0/16 .* is taken"), free_range():
            pass


def test_the_lowest_port_can_be_opened_and_none_below_it() -> None:
    lowest = lowest_port()
    with socket.socket() as probe:
        probe.bind(("127.255.255.252", lowest))
    if lowest > 1:
        with socket.socket() as probe, pytest.raises(PermissionError):
            probe.bind(("127.255.255.252", lowest - 1))
