"""The README names what there is, all of it."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from yunsim import worldfile
from yunsim.control import ROUTES
from yunsim.errors import ApiError
from yunsim.faults import KINDS
from yunsim.founding import QUOTAS, found
from yunsim.worldfile import Instance, WorldFile

README = (Path(__file__).parents[1] / "README.md").read_text()


@pytest.mark.parametrize(
    "name", [*KINDS, *(field.name for cls in (WorldFile, Instance) for field in dataclasses.fields(cls))]
)
def test_every_kind_of_fault_and_every_key_of_a_world_file_is_explained(name: str):
    assert f"`{name}`" in README or f"`{name}:" in README


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(WorldFile)])
def test_every_key_of_a_world_file_is_in_the_default_one(field: str):
    assert f"\n{field}:" in worldfile.default_text()


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.path], ids=lambda route: f"{route.method} {route.path}"
)
def test_every_control_request_is_explained(route: object):
    assert f"`{route.method} {route.path}" in README


def test_the_key_of_the_default_world_is_told():
    key = worldfile.load().keys[0]
    assert key.id in README
    assert key.secret in README


@pytest.mark.parametrize("quota", sorted(QUOTAS))
def test_every_quota_can_be_set_in_a_world_file(quota: str):
    assert found(worldfile.parse(f"quotas: {{{quota}: 1}}")).quotas == {quota: 1}


async def test_the_example_in_process_runs():
    block = next(part for part in README.split("```python\n") if "Cloud(found" in part).partition("```")[0]
    indented = "\n".join(f"    {line}" for line in block.splitlines())
    scope: dict[str, Any] = {}
    exec(f"async def example():\n{indented}\n", scope)
    with pytest.raises(ApiError, match=r"Throttling\.User"):
        await scope["example"]()
