"""The README names what there is, all of it."""

import dataclasses
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from darabonba.core import DaraCore

from yunsim import worldfile
from yunsim.background import running
from yunsim.cli import main
from yunsim.control import ROUTES
from yunsim.errors import ApiError
from yunsim.faults import KINDS
from yunsim.founding import QUOTAS, found
from yunsim.remote import Yunsim
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


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(worldfile.load()) as url:
        yield url


CURLS = [line.removeprefix("$ ") for line in README.splitlines() if line.startswith("$ curl ")]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_curl_example_does_what_it_says(url: str):
    assert len(CURLS) > 10
    for line in CURLS:
        command = shlex.split(line.replace("http://127.0.0.1:8480", url))
        run = subprocess.run([*command, "-sS", "--fail-with-body"], capture_output=True, text=True, timeout=10)
        assert run.returncode == 0, f"{line}: {run.stdout}{run.stderr}"
        assert isinstance(json.loads(run.stdout), dict)


def python_block(mark: str) -> str:
    return next(part for part in README.split("```python\n")[1:] if mark in part.partition("```")[0]).partition("```")[
        0
    ]


def test_the_example_with_the_official_sdk_runs(url: str, capsys: pytest.CaptureFixture[str]):
    exec(python_block("print(slb").replace("127.0.0.1:8480", url.removeprefix("http://")), {})
    close_sdk_connections()
    assert "'LoadBalancerName': 'shop'" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["serve", "world", "coverage", "record", "replay"])
def test_every_option_of_every_command_is_explained(command: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    options = set(re.findall(r"--[a-z]+", capsys.readouterr().out)) - {"--help"}
    assert f"`yunsim {command}" in README
    assert {option for option in options if f"`{option}" not in README and f" {option} " not in README} == set()


def test_every_control_of_the_fixture_is_explained():
    for name in (name for name in vars(Yunsim) if not name.startswith("_")):
        assert f"`{name}" in README or f"{name}(" in README, name


def close_sdk_connections() -> None:
    """Close what the newer SDK keeps open for the process's life."""
    for session in DaraCore._sessions.values():
        session.close()
