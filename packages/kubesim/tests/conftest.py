"""A fresh cluster, in process and behind HTTP."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from kubesim.api.verbs import Verbs
from kubesim.cluster import new_cluster
from kubesim.server.serving import Running, Settings, serving

TOKEN = "a-token-for-tests"


@pytest.fixture
def verbs() -> Verbs:
    """The API of a fresh cluster, without HTTP."""
    return new_cluster()


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    """A server on loopback, plain HTTP."""
    async with serving(Settings(token=TOKEN, tls=False)) as started:
        yield started


@pytest.fixture
async def http(running: Running) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that shows the token."""
    timeout = aiohttp.ClientTimeout(total=10)
    headers = {"Authorization": f"Bearer {TOKEN}", "User-Agent": "tests/1.0"}
    async with aiohttp.ClientSession(running.url, headers=headers, timeout=timeout) as session:
        yield session
