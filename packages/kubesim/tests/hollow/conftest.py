"""Addresses that no other test uses, and a client that speaks HTTP by hand."""

import asyncio
import itertools
import os
import random
from collections.abc import Callable, Iterator

import pytest

_numbers = itertools.count(random.Random(os.getpid()).randrange(1, 60000))


@pytest.fixture
def new_address() -> Callable[[], str]:
    """Give an unused loopback address at each call."""
    return lambda: "127.200.{}.{}".format(*divmod(next(_numbers) % 65000, 256))


@pytest.fixture
def address(new_address: Callable[[], str]) -> str:
    return new_address()


@pytest.fixture(autouse=True)
def _no_task_is_left() -> Iterator[None]:
    yield
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return
    assert not [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
