"""Each annotation, from its first value to its removal: in the requests, in the cloud's answers and in the traffic."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from tests.annotations.flying import FlyingLoop
from tests.annotations.stage import Stage, new_stage


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, Any]:
    """Every test here has a loop whose time can fly."""
    return {"flying": FlyingLoop}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = await new_stage()
    yield stage
    await stage.close()
