"""A server in a thread of its own."""

import threading
import urllib.request
from urllib.error import URLError

import pytest

from yunsim import worldfile
from yunsim.background import running
from yunsim.reading import FileError


def test_it_serves_while_the_block_runs_and_leaves_nothing_behind():
    before = threading.active_count()
    with running(worldfile.load()) as url:
        with urllib.request.urlopen(f"{url}/_yunsim/clock", timeout=5) as answer:
            assert answer.status == 200
        assert threading.active_count() > before
    assert threading.active_count() == before
    with pytest.raises(URLError):
        urllib.request.urlopen(f"{url}/_yunsim/clock", timeout=5)


def test_a_world_that_cannot_be_is_told_to_who_asked_for_it():
    with pytest.raises(FileError, match="unknown quota"), running(worldfile.parse("quotas: {cats: 1}")):
        pass
