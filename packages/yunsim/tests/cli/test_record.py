"""Recording and replaying as an owner does it: a process in between, a directory, a verdict."""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from yunsim import worldfile
from yunsim.background import running
from yunsim.cli import main
from yunsim.cli.record import owners_key

FILE = worldfile.load()
KEY = {"key": FILE.keys[0].id, "secret": FILE.keys[0].secret}
COMMAND = [sys.executable, "-m", "yunsim", "record", "--listen", "127.0.0.1:0"]


@pytest.fixture(scope="module")
def cloud() -> Iterator[str]:
    """A cloud that stands for the real one."""
    with running(FILE) as url:
        yield url


@pytest.fixture(scope="module")
def session(cloud: str, tmp_path_factory: pytest.TempPathFactory, v1: Any, acs3: Any) -> Path:
    """Record the calls of an older and of a newer client in a directory."""
    directory = tmp_path_factory.mktemp("recording") / "session"
    key = {"ALIBABA_CLOUD_ACCESS_KEY_ID": KEY["key"], "ALIBABA_CLOUD_ACCESS_KEY_SECRET": KEY["secret"]}
    command = [*COMMAND, "--to", str(directory), "--endpoint", f"slb={cloud}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | key) as recorder:
        assert recorder.stdout is not None
        url = recorder.stdout.readline().split(" into ")[0].removeprefix("yunsim recording on ")
        for request in (v1("DescribeRegions", **KEY), acs3("DescribeZones", **KEY, query={"RegionId": FILE.region})):
            headers = {name: value for name, value in request.headers.items() if name != "host"}
            sent = urllib.request.Request(url + request.target, data=b"", headers=headers, method="POST")
            with urllib.request.urlopen(sent, timeout=5) as answer:
                assert answer.status == 200
        recorder.send_signal(signal.SIGINT)
        assert recorder.wait(10) == 0
        assert recorder.stdout.read().startswith("2 exchanges in")
    return directory


@pytest.fixture
def recording(session: Path, tmp_path: Path) -> Path:
    """A copy of the recording for one test."""
    return shutil.copytree(session, tmp_path / "session")


def test_a_recording_that_differs_in_nothing_replays_with_success(
    recording: Path, cloud: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["replay", str(recording)]) == 0
    assert capsys.readouterr().out == "2 exchanges: 2 the same, 0 different, 0 skipped\n"
    assert main(["replay", str(recording), "--against", cloud]) == 0


def test_a_difference_is_told_field_by_field_and_fails(recording: Path, capsys: pytest.CaptureFixture[str]):
    tape = recording / "exchanges.jsonl"
    first, second = map(json.loads, tape.read_text().splitlines())
    first["body"]["Regions"]["Region"][0]["LocalName"] = "East 1"
    second["params"]["PrivateKey"] = "***"
    tape.write_text(json.dumps(first) + "\n" + json.dumps(second) + "\n")
    assert main(["replay", str(recording)]) == 1
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["call", "action", "field", "recorded", "replayed"]
    assert lines[1] == ["1", "DescribeRegions", "Regions.Region[0].LocalName", "East", "1", FILE.region]
    assert lines[2][:3] == ["2", "DescribeZones", "(skipped)"]
    assert main(["replay", str(recording), "--output", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told[0]["differences"][0]["recorded"] == "East 1"
    assert "PrivateKey" in told[1]["skipped"]


def test_a_server_that_is_no_yunsim_is_explained(recording: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["replay", str(recording), "--against", "http://127.0.0.1:1"]) == 2
    assert "127.0.0.1:1 does not answer" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["slb", "oss=oss.aliyuncs.com", "slb="])
def test_an_endpoint_of_nothing_is_explained(given: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["record", "--to", str(tmp_path), "--endpoint", given])
    assert ended.value.code == 2
    assert "slb=slb.cn-hangzhou.aliyuncs.com" in capsys.readouterr().err


def test_a_directory_that_cannot_be_made_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "file").write_text("")
    assert main(["record", "--listen", "127.0.0.1:0", "--to", str(tmp_path / "file" / "below")]) == 1
    assert "cannot record" in capsys.readouterr().err


def test_the_owners_key_is_the_environments_or_none():
    key = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "hush"}
    found = owners_key(key | {"ALIBABA_CLOUD_SECURITY_TOKEN": "token"})
    assert found is not None
    assert (found.id, found.secret, found.token) == ("id", "hush", "token")
    assert owners_key({"ALIBABA_CLOUD_ACCESS_KEY_ID": "id"}) is None
