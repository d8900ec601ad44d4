"""A site for each module of tests: they share it, each with Services of its own."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.loss.site import Site, site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bare_place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site without a controller; a module may say PATIENT = False, where nobody has to wait for health checks."""
    patient = getattr(request.module, "PATIENT", True)
    async with site(tmp_path_factory.mktemp("loss"), patient=patient) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(bare_place: Site) -> Site:
    """A site with a controller that leads."""
    await bare_place.begin()
    return bare_place
