"""How the route controller is put together, and where the region comes from without metadata."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests.routes.conftest import new_node

from yunqiao.cli.controllers import CONTROLLERS
from yunqiao.cli.reaching import _region
from yunqiao.model.errors import Lost, Refused
from yunqiao.settings import Settings


async def test_clusters_that_route_otherwise_switch_it_off() -> None:
    footing: Any = SimpleNamespace(settings=Settings(configure_routes=False), clock=None, kube=SimpleNamespace(get=0))
    await CONTROLLERS["route"](footing)


class Nowhere:
    """A data centre: no metadata."""

    async def get(self, _name: str) -> str:
        raise Lost("Instance metadata does not answer")


class Nodes:
    """An API server with nodes of these providerIDs."""

    def __init__(self, *provider_ids: str) -> None:
        self._items = [new_node(f"w{number}", provider_id=one) for number, one in enumerate(provider_ids)]

    async def list(self, _kind: Any) -> Any:
        return SimpleNamespace(items=self._items)


async def asked(*provider_ids: str) -> str:
    metadata: Any = Nowhere()
    client: Any = Nodes(*provider_ids)
    return await _region(metadata, client)


async def test_the_region_is_that_of_the_nodes_where_no_metadata_tells_it() -> None:
    assert await asked("ack-hybrid://x", "cn-beijing.i-1", "alicloud://cn-beijing.i-2") == "cn-beijing"


@pytest.mark.parametrize("provider_ids", [(), ("ack-hybrid://x",), ("cn-beijing.i-1", "cn-hangzhou.i-2")])
async def test_a_region_that_nobody_tells_names_the_key_to_set(provider_ids: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match=r"Global\.region"):
        await asked(*provider_ids)
