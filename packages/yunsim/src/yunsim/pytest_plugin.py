"""What an installed yunsim gives to pytest: the fixture `yunsim`, an empty cloud for each test.

    def test_a_balancer_is_made(yunsim):
        client = Client(Config(endpoint=yunsim.endpoint, protocol="http", region_id=yunsim.region, ...))

One server serves all tests of a process; each test finds it as it was at the start. To change what exists then,
override the fixture `yunsim_world` in a conftest.py. The imports are inside, so that tests without it pay nothing.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from yunsim.remote import Yunsim
    from yunsim.worldfile import WorldFile


@pytest.fixture(scope="session")
def yunsim_world() -> "WorldFile":
    """What exists before each test: the default world; override this fixture to change it."""
    from yunsim import worldfile

    return worldfile.load()


@pytest.fixture(scope="session")
def yunsim_server(yunsim_world: "WorldFile") -> Iterator["Yunsim"]:
    """One strict server for all tests."""
    from yunsim.background import running
    from yunsim.remote import Yunsim

    if not yunsim_world.keys:
        pytest.fail("the world of yunsim_world has no access key; add one to its `keys`, as `yunsim world` shows")
    key = yunsim_world.keys[0]
    with running(yunsim_world, strict=True) as url:
        yield Yunsim(url, key.id, key.secret, yunsim_world.region)


@pytest.fixture
def yunsim(yunsim_server: "Yunsim") -> "Yunsim":
    """Alibaba Cloud for one test, as it is at the start (see yunsim.remote.Yunsim)."""
    yunsim_server.reset()
    return yunsim_server
