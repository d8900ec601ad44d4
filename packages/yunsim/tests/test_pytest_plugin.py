"""The fixture `yunsim`, as tests of others use it."""

import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from yunsim.pytest_plugin import yunsim, yunsim_server, yunsim_world
from yunsim.remote import ControlError, Yunsim

__all__ = ["yunsim", "yunsim_server", "yunsim_world"]
PACKAGE = Path(__file__).parents[1]

OTHERS = """
import pytest
from alibabacloud_slb20140515.client import Client
from alibabacloud_slb20140515.models import CreateLoadBalancerRequest, DescribeLoadBalancersRequest
from alibabacloud_tea_openapi.models import Config
from darabonba.core import DaraCore

from yunsim import worldfile


@pytest.fixture(scope="session")
def yunsim_world():
    return worldfile.parse("region: cn-beijing\\nkeys: [{id: mine, secret: hush}]")


@pytest.fixture
def client(yunsim):
    yield Client(Config(endpoint=yunsim.endpoint, protocol="http", region_id=yunsim.region,
                        access_key_id=yunsim.key_id, access_key_secret=yunsim.secret))
    for session in DaraCore._sessions.values():
        session.close()


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_finds_an_empty_cloud(client, yunsim, turn):
    listed = DescribeLoadBalancersRequest(region_id="cn-beijing")
    assert client.describe_load_balancers(listed).body.total_count == 0
    client.create_load_balancer(CreateLoadBalancerRequest(region_id="cn-beijing", instance_charge_type="PayByCLCU"))
    assert [call["action"] for call in yunsim.calls()] == ["DescribeLoadBalancers", "CreateLoadBalancer"]
"""


def test_tests_of_others_get_an_empty_cloud_each_in_the_world_that_they_say_and_the_readmes_example_passes(
    tmp_path: Path,
):
    blocks = (PACKAGE / "README.md").read_text().split("```python\n")[1:]
    example = next(block.partition("```")[0] for block in blocks if "(yunsim)" in block.partition("```")[0])
    (tmp_path / "test_readme.py").write_text(example)
    (tmp_path / "test_others.py").write_text(OTHERS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "yunsim.pytest_plugin", str(tmp_path)]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=50)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "3 passed" in run.stdout


def test_the_plugin_is_an_entry_point():
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    plugin = import_module(project["entry-points"]["pytest11"]["yunsim"])
    assert plugin.yunsim is yunsim


def test_the_control_is_at_hand(yunsim: Yunsim):
    fault = yunsim.fault("throttle", action="Create*", count=1)
    yunsim.advance(60)
    yunsim.rates({"slb.*": 5})
    yunsim.busy(slb=3)
    assert yunsim.quotas(slb_quota_listeners_num=5)["slb_quota_listeners_num"] == 5
    yunsim.put(interfaces=[{"id": "eni-pods", "ips": ["10.248.0.9"]}])
    assert "eni-pods" in yunsim.state()["ecs"]["interfaces"]
    yunsim.remove("eni-pods")
    assert yunsim.state()["slb"]["busy_seconds"] == 3
    node = next(iter(yunsim.state()["ecs"]["instances"]))
    yunsim.lock(node, "security")
    assert yunsim.state()["ecs"]["instances"][node]["locks"] == ["security"]
    yunsim.heal(fault)
    yunsim.heal()
    with pytest.raises(ControlError, match="earthquake"):
        yunsim.fault("earthquake")
    assert yunsim.endpoint == yunsim.url.removeprefix("http://")
    assert yunsim.secret not in repr(yunsim)


def test_a_reset_undoes_what_a_test_did(yunsim: Yunsim):
    state = yunsim.state()
    assert (state["slb"]["busy_seconds"], yunsim.calls()) == (0, [])
